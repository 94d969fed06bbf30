"""The network of grenade as it was before its topologies, and hxtorch's compiled modules, which run it.

Every update takes place, every weight is read back as 5, each population spikes once, and nothing is lost. Excitatory
and inhibitory rows of a layer take turns, so that nobody relies on rows that follow each other.
"""

import copy
import sys
import types

import numpy as np

from stand_ins.base import LOG, SETUP
from stand_ins.chip import WordBlock, _Word
from stand_ins.coordinates import ranged
from stand_ins.kept import updates_of
from stand_ins.network import HOOKS, Descriptor, ExecutionInstanceHooks

#: the FPGA's cycles before the only spike of a population
SPIKE_AT = 10**9


class PlasticityRule:
    class Timer:
        Value = ranged("PlasticityRule.Timer.Value", 2**64 - 1)

    ID = ranged("PlasticityRule.ID", 2**64 - 1)

    def __init__(self):
        self.projections, self.populations, self.kernel, self.recording, self.id = [], [], "", None, self.ID(0)
        self.timer = types.SimpleNamespace(start=0, period=0, num_periods=0)
        self.enable_requires_one_source_per_row_in_order = False


class Generator:
    class Neuron:
        def __init__(self, enable_record_spikes=False):
            pass

    class Config:
        pass

    def __init__(self, neurons, coordinate, config, chip_on_executor=None):
        missing = [name for name in ("rate", "period", "seed", "enable_random") if not hasattr(config, name)]
        assert not missing, f"settings of a generator lack {missing}"
        assert len(coordinate) == 1, "a generator is on one hemisphere"
        self.neurons = neurons


class Projection:
    def __init__(self, receptor, connections, pre, post, chip=None):
        self.receptor, self.connections, self.pre, self.post = receptor, connections, pre, post


class Receptor:
    ID = type("ID", (), {})
    Type = types.SimpleNamespace(excitatory="excitatory", inhibitory="inhibitory")

    def __init__(self, number, kind):
        self.kind = kind


class NetworkBuilder:
    def __init__(self):
        self.added = {}

    def add(self, thing, instance=None):
        # pybind11 passes rules by value
        descriptor = Descriptor(instance)
        self.added[descriptor] = copy.copy(thing) if isinstance(thing, PlasticityRule) else thing
        return descriptor

    def done(self):
        return types.SimpleNamespace(added=self.added, topologically_sorted_execution_instance_ids=[0])


class NetworkGraph:
    def __init__(self, network, routing=None):
        self.network = network

    def get_placed_connections(self, descriptor):
        projection = self.network.added[descriptor]
        turn = ("excitatory", "inhibitory").index(projection.receptor.kind)

        def placed(pre, post):
            row = types.SimpleNamespace(toSynramOnDLS=lambda: 0, toSynapseRowOnSynram=lambda: 2 * pre + turn)
            return [types.SimpleNamespace(synapse_row=row, synapse_on_row=post)]

        return [placed(pre, post) for pre, post in projection.connections]


def network(m):
    m.PlasticityRule, m.BackgroundSourcePopulation, m.NetworkBuilder = PlasticityRule, Generator, NetworkBuilder
    m.NetworkGraph = m.build_network_graph = NetworkGraph
    m.Projection, m.Receptor = Projection, Receptor


def core(m):
    m.__all__ = ["init_hardware", "release_hardware", "get_unique_identifier", "weight_to_connection"]

    def weight_to_connection(weight, connections=None):
        weight = np.asarray(weight)
        if connections is None:
            return [(column, row) for row in range(weight.shape[0]) for column in range(weight.shape[1])]
        assert weight.ndim == 1
        return [(pre, post) for post, pre in zip(*connections, strict=True)]

    m.weight_to_connection = weight_to_connection


def run(config, graph, inputs, hooks):
    """Return what grenade would: symbols of the kernels, and that nothing was lost."""
    LOG.append(("_hxtorch_spiking.run", (config, graph, inputs, hooks), {}))
    halves = sys.modules["dlens_vx_v3.halco"].HemisphereOnDLS
    rules = [each for each in graph.network.added.values() if isinstance(each, PlasticityRule)]
    done = [updates_of(rule.kernel, rule.timer) for rule in rules]
    memory = {name: block for _, left in done for name, block in left.items()}
    updates, symbols = max((each for each, _ in done), default=0), {}
    for name in HOOKS[-1][7]:
        if name in memory:
            symbols[name] = memory[name]
            continue
        symbols[name] = {half: WordBlock(1) for half in (halves.top, halves.bottom)}
        for block in symbols[name].values():
            block.words = [_Word(0 if "drop" in name else 1 if name.endswith("_finished") else updates)]
    count = types.SimpleNamespace(value=0)
    chip = types.SimpleNamespace(
        crossbar_input_drop_counter=dict.fromkeys(range(20), count),
        phy_status={i: types.SimpleNamespace(crc_error_count=0, rx_dropped_count=0) for i in range(8)},
    )
    place = sys.modules["_pygrenade_vx_common"].ChipOnConnection()
    health = types.SimpleNamespace(execution_instances={0: types.SimpleNamespace(chips={0: chip})})
    return types.SimpleNamespace(
        read_ppu_symbols=[{0: {place: symbols}}],
        execution_health_info=health,
        execution_time_info=types.SimpleNamespace(),
        snippets=[types.SimpleNamespace(pre_execution_chips={})],
    )


def spiking(m):
    m.__all__ = []
    m.run = run
    spikes = types.SimpleNamespace(get_data=lambda: [(SPIKE_AT, 0, 0)])
    m.extract_spikes = lambda outputs, graph: dict.fromkeys(graph.network.added, spikes)
    m.extract_cadc = m.extract_madc = lambda outputs, graph: {}


def perceptron(m):
    m.__all__ = []


def execution(m):
    m.ExecutionInstanceHooks = ExecutionInstanceHooks


SETUP |= {
    "_pygrenade_vx_network": network,
    "_pygrenade_vx_execution": execution,
    "_hxtorch_core": core,
    "_hxtorch_spiking": spiking,
    "_hxtorch_perceptron": perceptron,
}

"""What the modules of grenade have, as pynn-brainscales uses them."""

import itertools

from stand_ins.base import SETUP, Auto
from stand_ins.coordinates import ranged
from stand_ins.network import GreedyMapper, InputData, NewPlasticityRule, Topology, Vertex


def common(m):
    m.Topology, m.InputData = Topology, InputData

    class OutputData(InputData):
        ExecutionInstances = type("ExecutionInstances", (), {})

    m.OutputData = OutputData

    class _Population(Vertex):
        def __init__(self, *args, **kwargs):
            super().__init__("Population", *args, **kwargs)

    class _Projection(Vertex):
        def __init__(self, *args, **kwargs):
            super().__init__("Projection", *args, **kwargs)

    m.Population, m.Projection = _Population, _Projection

    class MultiIndex:
        def __init__(self, value):
            self.value = list(value)

    class Sequence:
        def __init__(self, elements=(), *units):
            self.elements = list(elements)

        def from_numpy(self, points, units):
            self.elements = [MultiIndex(p) for p in points]

        def get_elements(self):
            return self.elements

        def size(self):
            return len(self.elements)

        def distinct_projection(self, dimensions):
            seen = dict.fromkeys(tuple(e.value[d] for d in sorted(dimensions)) for e in self.elements)
            return Sequence([MultiIndex(v) for v in seen])

        def cartesian_product(self, other):
            return Sequence([MultiIndex([*a.value, *b.value]) for a in self.elements for b in other.elements])

    class Cuboid(Sequence):
        def __init__(self, shape, *rest):
            super().__init__([MultiIndex(v) for v in itertools.product(*(range(n) for n in shape))])

    m.MultiIndex, m.ListMultiIndexSequence, m.CuboidMultiIndexSequence = MultiIndex, Sequence, Cuboid

    class Edge:
        def __init__(self, channels_on_source, channels_on_target, port_on_source=0, port_on_target=0):
            self.source = channels_on_source

        def get_channels_on_source(self):
            return self.source

    m.Edge = Edge


def abstract(m):
    m.GreedyMapper, m.PlasticityRule = GreedyMapper, NewPlasticityRule
    m.SpikeRecorder = type(
        "SpikeRecorder", (Vertex,), {"__init__": lambda s, *a, **k: Vertex.__init__(s, "SpikeRecorder", *a, **k)}
    )
    m.CADCRecorder = type(
        "CADCRecorder", (Vertex,), {"__init__": lambda s, *a, **k: Vertex.__init__(s, "CADCRecorder", *a, **k)}
    )
    m.LocallyPlacedNeuron = type("LocallyPlacedNeuron", (), {})

    class Parameterization:
        def __init__(self):
            self.configs = self.base_configs = None

    class UncalibratedNeuron(Auto):
        class Compartment:
            SpikeMaster = ranged("SpikeMaster", 511)

            def __init__(self, master, receptors):
                pass

        class ParameterSpace:
            def __init__(self, size, circuits):
                pass

        def __init__(self, compartments=None, shape=None):
            self.__dict__["_n"] = "UncalibratedNeuron"

    UncalibratedNeuron.ParameterSpace.Parameterization = Parameterization
    m.UncalibratedNeuron = UncalibratedNeuron

    class UncalibratedSynapse:
        Weight = ranged("UncalibratedSynapse.Weight", 2**32)

        class ParameterSpace:
            def __init__(self, weights):
                self.weights = weights

    UncalibratedSynapse.ParameterSpace.Parameterization = type(
        "Parameterization", (), {"__init__": lambda self, weights: setattr(self, "weights", weights)}
    )
    m.UncalibratedSynapse = UncalibratedSynapse

    class PoissonSourceNeuron:
        class ParameterSpace:
            def __init__(self, size):
                pass

            class Parameterization:
                def __init__(self, size):
                    self.period = self.rate = self.seed = None

    m.PoissonSourceNeuron = PoissonSourceNeuron

    class ExternalSourceNeuron:
        class ParameterSpace:
            def __init__(self, size):
                pass

        class Dynamics:
            def __init__(self, spikes):
                self.spikes = spikes

    m.ExternalSourceNeuron = ExternalSourceNeuron


def vx_common(m):

    class Time(ranged("Time", 2**64 - 1)):
        pass

    Time.fpga_clock_cycles_per_us = Time(125)
    m.Time = Time

    class ChipOnConnection(ranged("ChipOnConnection", 15)):
        pass

    m.ChipOnConnection = ChipOnConnection

    class ExecutionInstanceOnExecutor(tuple):
        pass

    m.ExecutionInstanceOnExecutor = ExecutionInstanceOnExecutor


SETUP |= {"pygrenade_common": common, "_pygrenade_vx_network_abstract": abstract, "_pygrenade_vx_common": vx_common}

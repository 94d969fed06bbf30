"""Execution: every update takes place, every recorded weight is 5, nothing is lost."""

import sys
import types

from stand_ins.base import LOG, SETUP, Auto
from stand_ins.chip import WordBlock, _Word
from stand_ins.kept import updates_of
from stand_ins.network import HOOKS, ExecutionInstanceHooks, InputData


class Executed:
    """Data of one execution instance."""

    def __init__(self, symbols, chips):
        key = sys.modules["_pygrenade_vx_common"].ChipOnConnection()
        self.read_ppu_symbols = [{key: symbols}]
        self.execution_health_info = types.SimpleNamespace(chips=chips)


def execute(executor, topologies, inputs, hooks):
    halves = sys.modules["dlens_vx_v3.halco"].HemisphereOnDLS
    hook = HOOKS[-1]
    LOG.append(("execution.run", (topologies, inputs, hook), {}))
    results = []
    for mapped, data in zip(topologies, inputs, strict=True):
        out, periods, memory = InputData(), [], {}
        for descriptor, vertex in mapped.topology.vertices.items():
            if "SpikeRecorder" in getattr(vertex, "kind", repr(vertex)):
                count = len(mapped.topology.edges[mapped.topology.in_edges(descriptor)[0]][2].source.elements)
                out.ports.set((descriptor, 0), types.SimpleNamespace(spikes=[[[1250, 2500]] * count]))
            if "PlasticityRule" not in getattr(vertex, "kind", ""):
                continue
            ports = len(vertex.get_input_ports())
            timer = data.ports.at[descriptor, ports - 1].timer
            # calls before a kernel learns are no updates; its text says how many there are
            kernel = data.ports.at[descriptor, ports - 2].kernel
            updates, left = updates_of(kernel, timer)
            periods.append(updates)
            memory |= left
        symbols = {}
        for name in hook[7]:
            if name in memory:
                symbols[name] = memory[name]
                continue
            symbols[name] = {half: WordBlock(1) for half in (halves.top, halves.bottom)}
            for block in symbols[name].values():
                count = 1 if name.endswith("_finished") else max(periods, default=0)
                block.words = [_Word(0 if "drop" in name else count)]
        count = types.SimpleNamespace(value=0)
        chip = types.SimpleNamespace(
            crossbar_input_drop_counter=dict.fromkeys(range(20), count),
            phy_status={i: types.SimpleNamespace(crc_error_count=0, rx_dropped_count=0) for i in range(8)},
        )
        done = Executed(symbols, {0: chip})
        out.execution_instances = types.SimpleNamespace(contains=lambda key: True, get=lambda key, done=done: done)
        results.append(out)
    return results


def execution(m):
    m.run = execute

    class ManagedJITGraphExecutor:
        def __enter__(self):
            return Auto("executor")

        def __exit__(self, *args):
            return False

    m.ManagedJITGraphExecutor = ManagedJITGraphExecutor

    m.ExecutionInstanceHooks = ExecutionInstanceHooks


SETUP["_pygrenade_vx_execution"] = execution

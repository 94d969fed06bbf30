"""The run (hxtorch, .../spiking: run.py, execution_info.py, observables.py; C++: spiking/extract_tensors.cpp)."""

from __future__ import annotations

import ctypes
import re
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
from dlens_vx_v3 import hal, halco, lola
from fake_chip import LOG, SCRIPT, fault
from kept_memory import left
from pygrenade_vx import common
from pygrenade_vx.network import BackgroundSourcePopulation, NetworkGraph

from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.modules import LIF, Projection, SparseSynapse


class SpikeHandle:
    """Spikes as they were recorded: (time in cycles of the FPGA, batch, neuron)."""

    def __init__(self, time_us: np.ndarray, neuron: np.ndarray) -> None:
        self.data = [(round(at * 125), 0, int(each)) for at, each in zip(time_us, neuron, strict=True)]

    def get_data(self) -> list[tuple[int, int, int]]:
        """Return them."""
        return self.data


def run(experiment: Experiment, runtime: int) -> Any:
    """Run the network for a number of steps."""
    if not isinstance(runtime, int):
        raise ValueError("Requested runtime invalid.")
    if LOG.get("hardware") != 1:
        raise RuntimeError("Executor not initialized.")
    instance = experiment.default_execution_instance
    parts, inputs = experiment.network()
    instance.check()
    describe(experiment, parts, inputs, runtime)
    _fail()
    with np.load(SCRIPT["replay"]) as archive:
        replay = {name: archive[name] for name in archive.files}
    learning = [module for module in experiment.nodes if isinstance(module, Projection) and module.rule]
    experiment.grenade_network_graph = NetworkGraph({})
    symbols = {}
    for module, item in zip(learning, SCRIPT["rules"], strict=True):
        symbols |= _learned(experiment.grenade_network_graph, module, item, replay)
    symbols["scheduler_event_drop_count"] = _counts(fault("scheduler_dropped") or 0, 0)
    read = {name: symbols[name] for name in instance.read_ppu_symbols}
    experiment.ppu_symbols_read = [{instance.ID: {common.ChipOnConnection(): read}}]
    _hand_on(experiment, replay, runtime)
    return SimpleNamespace(time=None, health=None if fault("no_health") else _health())


def _fail() -> None:
    """Fail as the test wants it."""
    if fault("compile"):
        raise RuntimeError(f"Compilation failed: {fault('compile')}")
    if fault("playback"):
        raise RuntimeError("Run of playback program not successful.")
    if fault("crash"):
        ctypes.string_at(0)
    if fault("hang"):
        time.sleep(600)


def _hand_on(experiment: Experiment, replay: dict[str, Any], runtime: int) -> None:
    """Give the wrapper what was measured, and its modules' handles what it makes of it."""
    (wrapper,) = experiment.wrappers
    names, data = iter(SCRIPT["populations"]), []
    for module in wrapper.modules.values():
        found = None
        if isinstance(module, LIF):
            name = next(names)
            # recorded times count from the begin of the run
            times = replay[f"spikes.{name}.time_us"] + lead_us(experiment)
            found = SpikeHandle(times, replay[f"spikes.{name}.neuron"])
        data.append(module.post_process(SimpleNamespace(spikes=found), runtime * experiment.dt))
    handles = wrapper.forward_func(*(), hw_data=tuple(data))
    for module, handle in zip(wrapper.modules.values(), handles, strict=True):
        experiment.nodes[module][1].clone(handle)


def lead_calls(rule: Any) -> int:
    """Return how often a kernel is called before it learns, as its text says."""
    return int(*re.findall(r"if \(sal_calls < (\d+)\)", rule.kernel) or [0])


def lead_us(experiment: Experiment) -> float:
    """Return when learning begins; a processor has 250 cycles in a microsecond."""
    rules = experiment.default_execution_instance.plasticity_rules()
    return max((lead_calls(rule) * int(rule.timer.period) / 250.0 for rule in rules), default=0.0)


def _learned(graph: NetworkGraph, module: Any, item: dict[str, Any], replay: dict[str, Any]) -> dict[str, Any]:
    """Place a layer's synapses, and return what its kernel leaves: weights by place, and how often it ran.

    A source has two rows, the inhibitory one above the excitatory one, and later sources lie further down.
    """
    rule, pre, post = module.rule, module.in_features, module.out_features
    learned, halves = [], [site // 256 for site in item["sites"]]
    # hxtorch's connections are in the order of targets, then sources
    pairs = [(source, target) for target in range(post) for source in range(pre)]
    for number, polarity in enumerate(("excitatory", "inhibitory")):
        places = [
            (halves[target], 2 * (pre - source) + 1 - number, item["sites"][target] % 256) for source, target in pairs
        ]
        graph.places[module.descriptor[number]] = [[each] * (2 if fault("double") else 1) for each in places]
        owner = f"{item['projection']}.{polarity}"
        if f"weights.{owner}" in replay:
            replay[f"weights.{owner}"] = replay[f"weights.{owner}"] + (fault("beyond") or 0)
            learned.append((owner, np.array(places), np.array(pairs)))
    # the last call comes after the run
    ran = rule.timer.num_periods - lead_calls(rule) - 1 - (fault("missed") or 0) + (fault("extra") or 0)
    period_us = int(rule.timer.period) / 250.0
    begins_us = int(rule.timer.start) / 250.0 + period_us * (lead_calls(rule) + np.arange(max(ran, 0)))
    found = {name: _external(each) for name, each in left(rule.kernel, learned, replay, ran, begins_us).items()}
    if fault("short"):
        found[f"{item['prefix']}final"] = _external(bytes(256))
    finished = 0 if fault("unfinished") else 1
    counts = {"updates": _counts(ran, ran - (fault("uneven") or 0)), "finished": _counts(finished, finished)}
    return found | {item["prefix"] + word: each for word, each in counts.items()}


def _external(content: bytes) -> lola.ExternalPPUDRAMMemoryBlock:
    block = lola.ExternalPPUDRAMMemoryBlock(halco.ExternalPPUDRAMMemoryBlockSize(len(content)))
    byte = hal.ExternalPPUDRAMMemoryByte
    block.bytes = [byte(byte.Value(each)) for each in content]
    return block


def _counts(top: int, bottom: int) -> dict[Any, hal.PPUMemoryBlock]:
    found = {}
    for half, count in ((halco.HemisphereOnDLS.top, top), (halco.HemisphereOnDLS.bottom, bottom)):
        found[half] = hal.PPUMemoryBlock(halco.PPUMemoryBlockSize(1))
        found[half].words = [hal.PPUMemoryWord(hal.PPUMemoryWord.Value(count))]
    return found


def _health() -> Any:
    """Return the health (grenade, include/grenade/vx/signal_flow/execution_health_info.h)."""
    count = hal.CrossbarInputDropCounter
    drops = {each: count(count.Value(0)) for each in halco.iter_all(halco.CrossbarInputOnDLS)}
    links = {each: hal.PhyStatus(0, 0) for each in halco.iter_all(halco.PhyStatusOnFPGA)}
    drops[halco.CrossbarInputOnDLS(3)] = count(count.Value(fault("dropped_spikes") or 0))
    links[halco.PhyStatusOnFPGA(5)] = hal.PhyStatus(fault("link_errors") or 0, 0)
    chip = SimpleNamespace(crossbar_input_drop_counter=drops, phy_status=links)
    instances = {common.ExecutionInstanceID(): SimpleNamespace(chips={common.ChipOnConnection(): chip})}
    return SimpleNamespace(execution_instances=instances)


def describe(experiment: Experiment, parts: list[Any], inputs: list[Any], runtime: int) -> None:
    """Keep what was asked for, for the test."""
    instance = experiment.default_execution_instance
    periods_us = [int(rule.timer.period) / 250.0 for rule in instance.plasticity_rules()]
    # the run and what outlasts it, without the calls before and after it
    LOG["runtime_us"] = runtime * experiment.dt * 1e6 - lead_us(experiment) - max(periods_us, default=0.0)
    LOG["inputs"] = inputs
    LOG["calibration"] = str(instance.calib_path)
    LOG["membranes_connected"] = sum(
        channel.enable_connect_neuron
        for chain in instance.chip.cadc_readout_chains
        for channels in (chain.channels_causal, chain.channels_acausal)
        for channel in channels
    )
    LOG["sites"] = [part["sites"] for part in parts if isinstance(part, dict) and "sites" in part]
    LOG["layers"] = [
        {"weights": module.weight.values.T.tolist(), "pairs": _pairs(module), "rule": module.rule is not None}
        for module in experiment.nodes
        if isinstance(module, Projection)
    ]
    LOG["generators"] = [
        {
            "size": len(part.neurons),
            "place": [[int(half), int(bus)] for half, bus in part.coordinate.items()],
            "rate": int(part.config.rate),
            "period": int(part.config.period),
            "seed": int(part.config.seed),
            "random": part.config.enable_random,
        }
        for part in parts
        if isinstance(part, BackgroundSourcePopulation)
    ]
    LOG["timers"] = [
        [int(rule.timer.start), int(rule.timer.period), rule.timer.num_periods - lead_calls(rule) - 1]
        for rule in instance.plasticity_rules()
    ]
    LOG["kernels"] = [rule.kernel for rule in instance.plasticity_rules()]
    LOG["symbols"] = {name: _content(content) for name, content in instance.write_ppu_symbols.items()}


def _pairs(module: Any) -> Any:
    return np.argwhere(module.mask.T).tolist() if isinstance(module, SparseSynapse) else None


def _content(content: Any) -> Any:
    if isinstance(content, lola.ExternalPPUDRAMMemoryBlock):
        return [int(each.value) for each in content.bytes]
    return [[int(word.value) for word in block.words] for block in content.values()]

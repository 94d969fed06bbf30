"""What stands for the chip: placement, checks of the plasticity program, and replay of a recorded run."""

from __future__ import annotations

import os
import re
import signal
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
from dlens_vx_v3 import hal, halco, lola
from fake_chip import LOG, SCRIPT, fault
from kept_memory import declared, left
from pygrenade_vx import common

from pynn_brainscales.brainscales2.simulator import State
from pynn_brainscales.brainscales2.standardmodels.cells import HXNeuron, SpikeSourcePoissonOnChip

#: samples of a membrane for which there is memory (grenade, vx/ppu.h: num_cadc_samples_in_extmem)
SAMPLES = 100

#: symbols of grenade's part of the plasticity program (grenade, execution/detail/ppu_program_generator.cpp)
GRENADE_SYMBOLS = {"scheduler_event_drop_count"}


def place(state: State) -> None:
    """Place neurons in the order of their populations, and connections on rows (grenade, greedy_placer.cpp, router)."""
    if fault("routing"):
        raise RuntimeError(fault("routing"))
    free, sites = list(state.neuron_permutation), {}
    buses, bus_of = list(state.background_permutation), {}
    for population in state.populations:
        if isinstance(population.celltype, HXNeuron):
            sites[population], free = free[: population.size], free[population.size :]
            if len(sites[population]) < population.size:
                raise RuntimeError("Placement unsuccessful.")
        elif isinstance(population.celltype, SpikeSourcePoissonOnChip):
            if not buses:
                raise RuntimeError("Placement unsuccessful.")
            bus_of[population] = buses.pop(0)
    state.sites = sites
    _place_connections(state, bus_of)


def _group(projection: Any, source: int, state: State, bus_of: dict[Any, int]) -> tuple[int, str, int]:
    """Return the bus of a source, and which group of the bus's drivers is for it.

    A group is of neurons of one event output, which is that of 32 columns of both hemispheres (halco, neuron.cpp), or
    of one generator (routing/greedy/source_on_padi_bus_manager.cpp).
    Inputs from outside get the last bus here: which one the router takes depends on how full the others are.
    """
    if projection.pre in state.sites:
        output = state.sites[projection.pre][source] % 256 // 32
        return output % 4, "neurons", output
    return bus_of.get(projection.pre, 3), "sources", projection.pre in bus_of


def _place_connections(state: State, bus_of: dict[Any, int]) -> None:
    """Put the k-th connection of a target and sign onto the k-th row of this sign (routing_builder.cpp).

    The rows of a group are those of its drivers in order: first all excitatory ones, then all inhibitory ones. Here
    groups get drivers in turn; the router searches for labels that keep them apart. The drivers of the four buses take
    turns among a hemisphere's rows (halco, synapse_driver.cpp).
    """
    depth: dict[tuple[Any, ...], int] = {}
    needed: dict[tuple[Any, ...], int] = {}
    found: list[tuple[Any, int, int, tuple[Any, ...], int]] = []
    for projection in state.projections:
        for source, target in projection.connections:
            half, column = divmod(state.sites[projection.post][target], 256)
            key = (half, _group(projection, source, state, bus_of), projection.receptor_type)
            depth[(*key, column)] = depth.get((*key, column), -1) + 1
            needed[key] = max(needed.get(key, 0), depth[(*key, column)] + 1)
            found.append((projection, half, column, key, depth[(*key, column)]))
        projection.places = []
    first: dict[tuple[Any, ...], int] = {}
    used: dict[tuple[int, int], int] = {}
    for half, group in dict.fromkeys((key[0], key[1]) for key in needed):
        bus, rows = (half, group[0]), used.get((half, group[0]), 0)
        for sign in ("excitatory", "inhibitory"):
            first[half, group, sign] = rows
            rows += needed.get((half, group, sign), 0)
        used[bus] = rows + rows % 2
        if used[bus] > 64:
            raise RuntimeError(f"Synapse driver allocations not successful: {needed} {bus_of.values()}")
    shuffled = np.random.default_rng(SCRIPT["shuffle"]).permutation(256) if "shuffle" in SCRIPT else np.arange(256)
    for projection, half, column, key, k in found:
        driver, row = divmod(first[key] + k, 2)
        projection.places.append((half, int(shuffled[2 * (4 * driver + key[1][0]) + row]), column))
    for projection in state.projections:
        if projection.label == fault("scatter"):
            projection.places[0] = (projection.places[0][0], 255, projection.places[0][2])
        projection.copies = 2 if projection.label == fault("double") else 1


def check_rules(state: State) -> dict[str, tuple[str, int]]:
    """Check what grenade and the compiler would; return memory and bytes of each symbol by name."""
    if fault("compile"):
        raise RuntimeError(f"Compilation failed:\n{fault('compile')}")
    kernels: dict[int, str] = {}
    for rule in state.plasticity_rules:
        text = rule.generate_kernel()
        if text.count("PLASTICITY_RULE_KERNEL") != 1 or ("Recording&" in text) != bool(rule.observables):
            raise RuntimeError("Compilation failed:\nno kernel, or one that does not take the recording that it has")
        if kernels.setdefault(rule.same_id, text) != text:
            raise RuntimeError("Plasticity rules marked as same with an equal ID have different kernel sources.")
        for projection in rule.projections:
            _check_dense(projection)
    found = declared("\n".join(kernels.values()))
    return {name: (memory, size) for name, (memory, size, _) in found.items()}


def _check_dense(projection: Any) -> None:
    """Refuse what is no full rectangle (grenade, signal_flow/vertex/synapse_array_view_sparse.cpp)."""
    for half in {place[0] for place in projection.places}:
        mine = [place for place in projection.places if place[0] == half]
        if len(mine) != len({each[1] for each in mine}) * len({each[2] for each in mine}) or fault("dense"):
            raise RuntimeError("Conversion to SynapseArrayViewHandle only supported for dense connectivity.")


def check_symbols(state: State, known: dict[str, tuple[str, int]]) -> None:
    """Refuse symbols that the program lacks, and content of another form or size; keep the content for the test."""
    written: dict[str, Any] = {}
    for name, content in state.injected_config.ppu_symbols.items():
        memory, size = known[name]
        if memory == "external":
            if not isinstance(content, lola.ExternalPPUDRAMMemoryBlock):
                raise TypeError(f"{name} lies in external memory")
            written[name] = [int(each.value) for each in content.bytes]
        else:
            if set(content) != {halco.HemisphereOnDLS.top, halco.HemisphereOnDLS.bottom}:
                raise TypeError(f"{name} lies in both processors")
            halves = [content[half].words for half in (halco.HemisphereOnDLS.top, halco.HemisphereOnDLS.bottom)]
            bytes_of = [b"".join(int(word.value).to_bytes(4, "big") for word in half) for half in halves]
            written[name] = [list(half) for half in bytes_of]
            size *= 2
        if np.size(written[name]) != size:
            raise RuntimeError(f"{name} has {size} bytes, not {np.size(written[name])}")
    # without rules there is no scheduler, and nothing of it to read
    unknown = state.injected_readout.ppu_symbols - set(known) - (GRENADE_SYMBOLS if known else set())
    if unknown:
        raise IndexError(f"map::at: {sorted(unknown)}")
    LOG["symbols"] = written


def execute(state: State) -> None:
    """Replay the recorded run."""
    check_symbols(state, check_rules(state))
    if fault("hang"):
        print("hanging", flush=True)
        time.sleep(3600)
    if fault("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault("playback"):
        raise RuntimeError("Run of playback program not successful.")
    with np.load(SCRIPT["replay"]) as archive:
        recorded = {name: archive[name] for name in archive.files}
    for population in state.populations:
        if population.recorded:
            population.spikes = {each: recorded[f"spikes.{population.label}.{each}"] for each in ("time_us", "neuron")}
            # recorded times count from the begin of the run
            population.spikes["time_us"] = population.spikes["time_us"] + lead_us(state)
        if population.sampled:
            population.membrane = _membrane(state, recorded, population)
    counts, memory = {}, {}
    for rule in state.plasticity_rules:
        (projection,) = rule.projections
        missed = (fault("missed") or {}).get(projection.label, 0)
        # the last call comes after the run
        ran = rule.periods - lead_calls(rule) - 1 - missed
        text = rule.generate_kernel()
        (name,) = re.findall(r"^volatile uint32_t (\w+_updates);", text, re.MULTILINE)
        uneven = 1 if projection.label == fault("uneven") else 0
        counts[name] = (ran, ran - uneven)
        unfinished = fault("unfinished") == projection.label
        counts[name.replace("_updates", "_finished")] = (0, 0) if unfinished else (1, 1)
        memory |= _kept(text, projection, recorded, ran, lead_us(state))
    dropped = fault("scheduler_dropped") or 0
    counts["scheduler_event_drop_count"] = (dropped, 0)
    read = {
        name: _external(memory[name]) if name in memory else _halves(counts[name])
        for name in state.injected_readout.ppu_symbols
    }
    state.ppu_symbols_read = {common.ChipOnConnection(): read}
    state.execution_instance_data = _Instances()


def _membrane(state: State, recorded: dict[str, Any], population: Any) -> dict[str, Any]:
    """Return the samples for which there is memory, each hemisphere with its own times."""
    if state.plasticity_rules:
        raise RuntimeError("Periodic CADC recording and plasticity rules can't be used at the same time.")
    LOG["sampled"] = [*LOG.get("sampled", []), population.label]
    codes = recorded[f"membrane.{population.label}"][:SAMPLES]
    times = recorded[f"membrane.{population.label}.time_us"][:SAMPLES, np.newaxis]
    # the bottom hemisphere's processor takes its samples a little later
    late = np.array([site // 256 for site in state.sites[population]]) * (fault("late_us") or 0.0)
    return {"codes": codes.astype(int) + (fault("beyond") or 0), "time_us": times + late}


def lead_calls(rule: Any) -> int:
    """Return how often a kernel is called before it learns, as its text says."""
    return int(*re.findall(r"if \(sal_calls < (\d+)\)", rule.generate_kernel()) or [0])


def lead_us(state: State) -> float:
    """Return when learning begins."""
    return max((lead_calls(rule) * rule._timer.period * 1e3 for rule in state.plasticity_rules), default=0.0)


def _kept(text: str, projection: Any, recorded: dict[str, Any], ran: int, begin_us: float) -> dict[str, bytes]:
    """Return what a kernel left of a projection's synapses."""
    learned = [(projection.label, np.array(projection.places), np.array(projection.connections))]
    times_us = begin_us + recorded[f"weights.{projection.label}.time_us"]
    wrong = {name: item + (fault("beyond") or 0) if name[:7] == "weights" else item for name, item in recorded.items()}
    found = left(text, learned, wrong, ran, times_us[::-1] if fault("disordered") else times_us)
    return {name: item[:256] if fault("short") and name.endswith("_final") else item for name, item in found.items()}


def _external(content: bytes) -> lola.ExternalPPUDRAMMemoryBlock:
    block = lola.ExternalPPUDRAMMemoryBlock(halco.ExternalPPUDRAMMemoryBlockSize(len(content)))
    byte = hal.ExternalPPUDRAMMemoryByte
    block.bytes = [byte(byte.Value(each)) for each in content]
    return block


def _halves(counts: tuple[int, int]) -> dict[Any, hal.PPUMemoryBlock]:
    found = {}
    for half, count in zip((halco.HemisphereOnDLS.top, halco.HemisphereOnDLS.bottom), counts, strict=True):
        found[half] = hal.PPUMemoryBlock(halco.PPUMemoryBlockSize(1))
        found[half].words = [hal.PPUMemoryWord(hal.PPUMemoryWord.Value(count))]
    return found


class _Instances:
    """Results by execution instance (grenade, common/output_data.h)."""

    def get(self, instance: common.ExecutionInstanceOnExecutor) -> Any:
        """Return the health (grenade, execution_health_info.h and network/abstract/execution_instance_global.h)."""
        if not isinstance(instance, common.ExecutionInstanceOnExecutor):
            raise TypeError("an ExecutionInstanceOnExecutor is needed")
        if fault("no_health"):
            return SimpleNamespace(execution_health_info=None)
        drops = {
            each: hal.CrossbarInputDropCounter(hal.CrossbarInputDropCounter.Value(0))
            for each in _all("CrossbarInputOnDLS")
        }
        links = {each: hal.PhyStatus(0, 0) for each in _all("PhyStatusOnFPGA")}
        drops[halco.CrossbarInputOnDLS(3)] = hal.CrossbarInputDropCounter(
            hal.CrossbarInputDropCounter.Value(fault("dropped_spikes") or 0)
        )
        links[halco.PhyStatusOnFPGA(5)] = hal.PhyStatus(fault("link_errors") or 0, 0)
        chip = SimpleNamespace(crossbar_input_drop_counter=drops, phy_status=links)
        return SimpleNamespace(execution_health_info=SimpleNamespace(chips={common.ChipOnConnection(): chip}))


def _all(name: str) -> list[Any]:
    return list(halco.iter_all(getattr(halco, name)))


def describe(state: State) -> None:
    """Keep what was asked for, for the test."""
    LOG["neuronPermutation"] = state.neuron_permutation
    LOG["backgroundPermutation"] = state.background_permutation
    # of the run itself
    after_ms = max((rule._timer.period for rule in state.plasticity_rules), default=0.0)
    LOG["runtime_ms"] = state.runtime - lead_us(state) / 1e3 - after_ms
    chains = state.initial_config.cadc_readout_chains
    LOG["membranes_connected"] = sum(
        channel.enable_connect_neuron
        for chain in chains
        for channels in (chain.channels_causal, chain.channels_acausal)
        for channel in channels
    )
    LOG["projections"] = {
        each.label: {"pairs": each.connections, "weights": each.weights, "source": each.pre.label}
        for each in state.projections
    }
    LOG["sources"] = {
        each.label: vars(each.celltype) | {"size": each.size, "inserted": each.inserted}
        for each in state.populations
        if not isinstance(each.celltype, HXNeuron)
    }
    # without the calls before and after the run
    LOG["periods"] = [rule.periods - lead_calls(rule) - 1 for rule in state.plasticity_rules]

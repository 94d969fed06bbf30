"""Pass: how many neurons a core takes, and what follows: rows, ring buffers, memory, and the speed of a step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import NeuronBlock, PassRecord
from sal_hw.storage.codec import frozen
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft
from sal_hw_spinnaker.passes.lif_currents import silent_steps
from sal_hw_spinnaker.program import DigitalNeurons, DigitalSynapses

_RECEPTORS = 2


def place_on_cores(draft: Draft) -> Draft:
    """Give each population its number of neurons per core.

    Learning synapses allow fewer neurons per core: their rows are shorter, and a core changes only so many of them per
    second. Long delays need many slots of the ring buffers, which all neurons of a core share.

    Raises
    ------
    InputError
        E304 for a time step or a delay beyond the machine's limits, E334 for rows, work, memory or cores that no number
        of neurons per core makes fit.
    """
    problems = [*_wrong_step(draft)]
    if problems:
        raise InputError(problems)
    neurons = tuple(_neurons(draft, block) for block in draft.neurons)
    per_core = {item.population: item.neurons_per_core for item in neurons}
    synapses = tuple(
        replace(item, row_synapses=_row(item, per_core[item.target])) for item in draft.part_of(DigitalDraft).synapses
    )
    done = replace(draft.part_of(DigitalDraft), neurons=neurons, synapses=synapses)
    problems = [*_too_much(draft, done), *_too_many_cores(draft, done)]
    if problems:
        raise InputError(problems)
    return draft.recorded(_record(draft, done), part=done)


def time_scale_factor(draft: Draft) -> float:
    """Return how many times slower than model time the machine runs: its steps take at least a given time."""
    return max(1.0, limit(draft, "shortest_real_step") / draft.spec.timestep_ms)


def _wrong_step(draft: Draft) -> Iterator[Problem]:
    allowed, step = draft.target.limits["timestep"], draft.spec.timestep_ms
    if step not in allowed:
        yield Problem(
            code="E304",
            field="timestep",
            value=f"{step:g} ms",
            allowed=f"{allowed.low:g} .. {allowed.high:g} ms on {draft.target.family} ({allowed.source})",
            hint="write timestep: 1 ms",
        )
    slots = limit(draft, "ring_buffer_entries") / _RECEPTORS
    for index, projection in enumerate(draft.spec.projections):
        if draft.steps(projection.delay_ms) >= slots:
            yield Problem(
                code="E304",
                field=f"projections[{index}].delay",
                value=f"{projection.delay_ms:g} ms",
                allowed=f"below {slots * step:g} ms on {draft.target.family}, {slots:g} steps "
                f"({draft.target.limits['ring_buffer_entries'].source})",
                hint="shorten the delay, or lengthen the time step",
            )


def _neurons(draft: Draft, block: NeuronBlock) -> DigitalNeurons:
    lif = block.lif
    if lif is None:
        raise TypeError(f"{block.population}: {block.model} neurons reached a pass for lif neurons")
    onto = [item for item in draft.part_of(DigitalDraft).synapses if item.target == block.population]
    slots = 1 << max((item.delay_steps for item in onto), default=1).bit_length()
    most = limit(draft, "neurons_per_core")
    if any(item.plastic for item in onto):
        most = min(most, limit(draft, "plastic_neurons_per_core"), _by_work(draft, onto))
    most = min(most, limit(draft, "ring_buffer_entries") // (_RECEPTORS * slots))
    per_core = min(1 << (max(1, int(most)).bit_length() - 1), block.size)
    while per_core > 1 and _memory(draft, block.population, per_core, slots) > limit(draft, "core_memory"):
        per_core //= 2
    return DigitalNeurons(
        population=block.population,
        neurons_per_core=per_core,
        cores=math.ceil(block.size / per_core),
        capacitance_nf=lif.tau_mem_ms,
        offset_na=frozen(block.biases),
        refractory_steps=silent_steps(draft, lif),
        delay_slots=slots,
        memory_bytes=_memory(draft, block.population, per_core, slots),
    )


def _by_work(draft: Draft, onto: list[DigitalSynapses]) -> float:
    """Return how many neurons receive as many learning events as a core can work off at the planned rate."""
    inputs = sum(int(item.exists.sum(axis=0).max(initial=0)) for item in onto if item.plastic)
    events_per_neuron = inputs * limit(draft, "planned_rate") / time_scale_factor(draft)
    return limit(draft, "plastic_events_per_core") / events_per_neuron if events_per_neuron else math.inf


def _memory(draft: Draft, population: str, per_core: int, slots: int) -> int:
    """Return an estimate of a core's fast memory in bytes: ring buffers, post history, tables of the windows."""
    buffers = 2 * _RECEPTORS * slots * (1 << (per_core - 1).bit_length())
    tables = history = 0
    for part in draft.part_of(DigitalDraft).plastic_parts():
        if part.target == population and part.rule is not None:
            windows = [getattr(draft.rules[part.rule], name, None) for name in ("causal", "anticausal")]
            tables = sum(round(2 * limit(draft, "window_length") * item.tau_steps) for item in windows if item)
            history = (6 * int(limit(draft, "post_history")) + 4) * per_core
    return int(buffers + tables + history)


def _row(item: DigitalSynapses, per_core: int) -> int:
    """Return the largest number of synapses that one spike reaches on one core."""
    starts = np.arange(0, item.exists.shape[1], per_core)
    return int(np.add.reduceat(item.exists, starts, axis=1, dtype=np.int64).max(initial=0))


def _too_much(draft: Draft, done: DigitalDraft) -> Iterator[Problem]:
    family, limits = draft.target.family, draft.target.limits
    for index, projection in enumerate(draft.spec.projections):
        rows = [item.row_synapses for item in done.synapses if item.projection == projection.name and item.plastic]
        if rows and max(rows) not in limits["plastic_row_synapses"]:
            yield Problem(
                code="E334",
                field=f"projections[{index}]",
                value=f"{max(rows)} synapses",
                allowed=f"at most {limit(draft, 'plastic_row_synapses'):g} learning synapses from one source onto one "
                f"core of {family} ({limits['plastic_row_synapses'].source})",
                hint="use connectivity: sparse, or a smaller population",
            )
    for item in done.neurons:
        field = f"populations.{item.population}"
        if item.memory_bytes not in limits["core_memory"]:
            yield Problem(
                code="E334",
                field=field,
                value=f"{item.memory_bytes} bytes",
                allowed=f"an estimated {limit(draft, 'core_memory'):g} bytes of fast memory per core of {family} "
                f"({limits['core_memory'].source})",
                hint="shorten tau_causal and tau_anticausal, shorten delays, or lengthen the time step",
            )
        work = _by_work(draft, [each for each in done.synapses if each.target == item.population])
        if work < 1.0:
            yield Problem(
                code="E334",
                field=field,
                value=f"{1.0 / work:.3g} times the work of a core",
                allowed=f"at most {limit(draft, 'plastic_events_per_core'):g} learning events per second and core of "
                f"{family} at {limit(draft, 'planned_rate'):g} Hz ({limits['plastic_events_per_core'].source})",
                hint="connect fewer sources by learning synapses",
            )


def _too_many_cores(draft: Draft, done: DigitalDraft) -> Iterator[Problem]:
    family, limits = draft.target.family, draft.target.limits
    cores = sum(item.cores for item in done.neurons)
    if cores not in limits["cores"]:
        yield Problem(
            code="E334",
            field="populations",
            value=f"{cores} cores",
            allowed=f"at most {limit(draft, 'cores'):g} cores on {family} ({limits['cores'].source})",
            hint="use smaller populations",
        )


def _record(draft: Draft, done: DigitalDraft) -> PassRecord:
    notes = [
        f"{item.population}: {item.neurons_per_core} neurons per core, {item.delay_slots} slots of delay, "
        f"{item.memory_bytes} bytes"
        for item in done.neurons
    ]
    notes.append(
        f"a step of {draft.spec.timestep_ms:g} ms runs {time_scale_factor(draft):g} times slower than real time"
    )
    counts = {
        "cores": float(sum(item.cores for item in done.neurons)),
        "longest row": float(max((item.row_synapses for item in done.synapses), default=0)),
    }
    return PassRecord(name="place_on_cores", notes=tuple(notes), counts=counts)

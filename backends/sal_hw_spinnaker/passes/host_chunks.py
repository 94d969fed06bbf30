"""The passes of ``spinnaker2`` that know its neuron models, its processing elements, and what a chunk is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import (
    LoweredPoisson,
    LoweredRule,
    LoweredSal,
    LoweredSpikes,
    LoweredStimulus,
    LoweredWakeSleep,
    NeuronBlock,
    PassRecord,
)
from sal_hw.spec.probes import MembraneProbe
from sal_hw.storage.codec import frozen
from sal_hw_spinnaker.passes.lif_currents import current_gain, lif_of, silent_steps
from sal_hw_spinnaker.ticks import IntegerInput, Rounding, TickNeurons, TickProgram, keeps_on_average

#: neuron models with synapses that have delays, and without
_DELAYED, _IMMEDIATE = "lif_curr_exp", "lif_curr_exp_no_delay"

#: standard deviations by which a source may spike more often than expected
_SIGMA = 5.0


def host_chunks(*, shadow: bool = True, rounding: Rounding = "nearest") -> Callable[[Draft], Draft]:
    """Return the pass that makes an update interval a chunk, after which the host learns.

    Parameters
    ----------
    shadow
        Whether the host keeps learning weights as floating-point numbers.
    rounding
        How learning weights become whole numbers.
    """

    def choose_chunks(draft: Draft) -> Draft:
        """Give the program its chunks.

        Raises
        ------
        InputError
            E338 for a chunk that is too short against the network's time constants, E339 for nearest rounding without
            a shadow.
        """
        problems = [*_frozen(draft, shadow=shadow, rounding=rounding), *_too_short(draft)]
        if problems:
            raise InputError(problems)
        steps = draft.rules[0].update_steps if draft.rules else int(limit(draft, "free_chunk"))
        ticks = replace(draft.part_of(TickProgram), chunk_ticks=steps, shadow=shadow, rounding=rounding)
        kept = "floating-point weights stay on the host" if shadow else "the host keeps no floating-point weights"
        notes = (
            f"the host learns after every chunk of {steps} ticks, which begins at rest",
            f"{kept}; rounding is {rounding}",
        )
        record = PassRecord(name="host_chunks", notes=notes, counts={"ticks per chunk": float(steps)})
        return draft.recorded(record, part=ticks)

    return choose_chunks


def _frozen(draft: Draft, *, shadow: bool, rounding: Rounding) -> Iterator[Problem]:
    if draft.rules and not shadow and not keeps_on_average(rounding):
        yield Problem(
            code="E339",
            field="plasticity",
            value=quote_value("nearest rounding without a floating-point shadow"),
            allowed=f"stochastic rounding, or a shadow: on {draft.target.family} one update is worth less than half a "
            "whole number, so that rounding to the nearest undoes all learning",
            hint='write rounding="stochastic", or shadow=True',
        )


def _too_short(draft: Draft) -> Iterator[Problem]:
    if not draft.rules:
        return
    step_ms, least = draft.spec.timestep_ms, draft.target.limits["chunk_length"].low or 0.0
    taus = [rule_tau * step_ms for _, rule in draft.acting for rule_tau in _windows(rule)]
    for lif in map(lif_of, draft.neurons):
        taus += [lif.tau_mem_ms, lif.tau_syn_exc_ms, lif.tau_syn_inh_ms]
    chunk_ms = draft.rules[0].update_steps * step_ms
    if chunk_ms < least * max(taus):
        yield Problem(
            code="E338",
            field="plasticity[0].update_every",
            value=f"{chunk_ms:g} ms",
            allowed=f"at least {least * max(taus):g} ms on {draft.target.family}: a chunk lasts at least {least:g} of "
            f"the longest time constant, {max(taus):g} ms ({draft.target.limits['chunk_length'].source})",
            hint=f"write update_every: {least * max(taus):g} ms; with rate_per: pair learning is as fast as before",
        )


def _windows(rule: LoweredRule) -> tuple[float, ...]:
    match rule:
        case LoweredSal():
            return rule.causal.tau_steps, rule.anticausal.tau_steps
        case LoweredWakeSleep():
            return ()
        case _:
            assert_never(rule)


def tick_parameters(draft: Draft) -> Draft:
    """Turn each population's parameters into the machine's, which have no units."""
    ticks = draft.part_of(TickProgram)
    neurons = tuple(_parameters(draft, ticks, block) for block in draft.neurons)
    notes = tuple(
        f"{item.population}: {item.model}, threshold {item.threshold:.5g}, 1 mV is {item.potential_per_mv:.5g}"
        for item in neurons
    )
    return draft.recorded(PassRecord(name="tick_parameters", notes=notes), part=replace(ticks, neurons=neurons))


def _parameters(draft: Draft, ticks: TickProgram, block: NeuronBlock) -> TickNeurons:
    lif, step_ms = lif_of(block), draft.spec.timestep_ms
    alpha = math.exp(-step_ms / lif.tau_mem_ms)
    scale = ticks.scale_of(block.population, "excitatory")
    # the same area of a PSP: per_mv whole numbers are to count as 1 mV of a current that decays all the time
    per_mv = scale.per_mv / (current_gain(lif.tau_syn_exc_ms, step_ms) * (1.0 - alpha))
    return TickNeurons(
        population=block.population,
        model=_IMMEDIATE if scale.limit == limit(draft, "weight") else _DELAYED,
        alpha_decay=alpha,
        exc_decay=math.exp(-step_ms / lif.tau_syn_exc_ms),
        inh_decay=math.exp(-step_ms / lif.tau_syn_inh_ms),
        threshold=(lif.v_threshold_mv - lif.v_rest_mv) * per_mv,
        v_reset=(lif.v_reset_mv - lif.v_rest_mv) * per_mv,
        i_offset=frozen(block.biases * per_mv * (1.0 - alpha)),
        refractory_ticks=silent_steps(draft, lif),
        potential_per_mv=per_mv,
    )


def place_on_elements(draft: Draft) -> Draft:
    """Give each population and stimulus as many processing elements as its estimated memory takes.

    Raises
    ------
    InputError
        E334 for memory or elements that do not suffice.
    """
    ticks = draft.part_of(TickProgram)
    neurons = tuple(_placed(draft, ticks, item) for item in ticks.neurons)
    inputs = tuple(
        _placed_input(draft, ticks, item, stimulus) for item, stimulus in zip(ticks.inputs, draft.stimuli, strict=True)
    )
    done = replace(ticks, neurons=neurons, inputs=inputs)
    problems = [*_too_large(draft, done), *_too_many(draft, done)]
    if problems:
        raise InputError(problems)
    notes = [
        f"{item.population}: {item.neurons_per_core} neurons per processing element, an estimated "
        f"{item.estimated_memory_bytes} bytes"
        for item in neurons
    ]
    notes += [
        f"{item.stimulus}: {item.sources_per_core} sources per processing element, an estimated "
        f"{item.estimated_memory_bytes} bytes"
        for item in inputs
    ]
    counts = {"processing elements": float(_elements(done))}
    return draft.recorded(PassRecord(name="place_on_elements", notes=tuple(notes), counts=counts), part=done)


def _placed(draft: Draft, ticks: TickProgram, item: TickNeurons) -> TickNeurons:
    size = len(item.i_offset)
    count = min(size, int(limit(draft, "neurons_per_core")))
    while count > 1 and _memory(draft, ticks, item.population, count) > limit(draft, "core_memory"):
        count = (count + 1) // 2
    return replace(
        item,
        neurons_per_core=count,
        cores=math.ceil(size / count),
        estimated_memory_bytes=_memory(draft, ticks, item.population, count),
    )


def _memory(draft: Draft, ticks: TickProgram, population: str, count: int) -> int:
    """Return an estimate of the data of `count` neurons: synapses, state, and what is recorded in a chunk."""
    found = count * limit(draft, "neuron_memory")
    for block in ticks.synapses:
        if block.target == population:
            found += limit(draft, "synapse_memory") * count * int(block.exists.sum(axis=0).max(initial=0))
    found += limit(draft, "synapse_memory") * count * sum(item.population == population for item in ticks.inputs)
    found += limit(draft, "spike_record_memory") * math.ceil(count / 32) * ticks.chunk_ticks
    if any(probe.population == population for probe in draft.spec.probes_of(MembraneProbe)):
        found += limit(draft, "potential_record_memory") * count * ticks.chunk_ticks
    return int(found)


def _placed_input(draft: Draft, ticks: TickProgram, item: IntegerInput, stimulus: LoweredStimulus) -> IntegerInput:
    most = max(1, _spikes_per_source(draft, ticks, stimulus))
    each = most * limit(draft, "input_spike_memory")
    count = int(min(limit(draft, "neurons_per_core"), max(1.0, limit(draft, "core_memory") // each)))
    sources = len(item.weights) * _lanes(draft, ticks, stimulus)
    return replace(
        item,
        sources_per_core=count,
        cores=math.ceil(sources / count),
        estimated_memory_bytes=int(min(count, sources) * each),
    )


def _spikes_per_source(draft: Draft, ticks: TickProgram, stimulus: LoweredStimulus) -> int:
    """Return how many spikes of one source a chunk may have."""
    match stimulus:
        case LoweredSpikes():
            pairs = np.stack([stimulus.step // ticks.chunk_ticks, stimulus.neuron])
            _, counts = np.unique(pairs, axis=1, return_counts=True)
            return int(counts.max(initial=0))
        case LoweredPoisson():
            expected = stimulus.rate_hz * 1e-3 * draft.spec.timestep_ms * ticks.chunk_ticks
            return math.ceil(expected + _SIGMA * math.sqrt(expected))
        case _:
            assert_never(stimulus)


def _lanes(draft: Draft, ticks: TickProgram, stimulus: LoweredStimulus) -> int:
    """Return how many sources a train takes, each of which spikes once per tick at most."""
    match stimulus:
        case LoweredSpikes():
            pairs = np.stack([stimulus.step, stimulus.neuron])
            return int(np.unique(pairs, axis=1, return_counts=True)[1].max(initial=1))
        case LoweredPoisson():
            return _poisson_lanes(draft, ticks, stimulus)
        case _:
            assert_never(stimulus)


def _poisson_lanes(draft: Draft, ticks: TickProgram, stimulus: LoweredPoisson) -> int:
    from scipy.special import pdtrik

    rate = stimulus.rate_hz * 1e-3 * draft.spec.timestep_ms
    if rate == 0.0:
        return 1
    # so many that more are expected in less than one of a thousand chunks
    rare = 1e-3 / (len(stimulus.weights) * ticks.chunk_ticks)
    return max(1, math.ceil(pdtrik(1.0 - rare, rate)))


def _elements(ticks: TickProgram) -> int:
    return sum(item.cores for item in ticks.neurons) + sum(item.cores for item in ticks.inputs)


def _too_large(draft: Draft, ticks: TickProgram) -> Iterator[Problem]:
    allowed = draft.target.limits["core_memory"]
    sizes = [(f"populations.{item.population}", item.estimated_memory_bytes) for item in ticks.neurons]
    names = [item.name for item in draft.spec.stimuli]
    sizes += [(f"stimuli[{names.index(item.stimulus)}]", item.estimated_memory_bytes) for item in ticks.inputs]
    for field, size in sizes:
        if size not in allowed:
            yield Problem(
                code="E334",
                field=field,
                value=f"{size} bytes",
                allowed=f"an estimated {allowed.high:g} bytes of data per processing element of {draft.target.family} "
                f"({allowed.source}), spikes and potentials of a chunk included",
                hint="shorten update_every, lower the rate, or leave out membrane probes",
            )


def _too_many(draft: Draft, ticks: TickProgram) -> Iterator[Problem]:
    allowed, found = draft.target.limits["cores"], _elements(ticks)
    if found not in allowed:
        yield Problem(
            code="E334",
            field="populations",
            value=f"{found} processing elements",
            allowed=f"at most {allowed.high:g} on {draft.target.family} ({allowed.source})",
            hint="use smaller populations, shorten update_every, or leave out membrane probes",
        )

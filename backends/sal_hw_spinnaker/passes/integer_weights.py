"""Pass: choose a scale for the weights onto each population, and store every weight as the nearest whole number.

A synapse holds few bits, which weight and delay share: populations that receive any delayed synapse have a smaller
range of weights. The largest weight that a population gets, or may learn to get, becomes the largest whole number.
Populations that a learning rule aligns share one scale, since equal numbers of both directions are to be equal weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import NeuronBlock, PassRecord, SynapseBlock
from sal_hw.spec.signs import Polarity
from sal_hw.storage.codec import frozen
from sal_hw_spinnaker.passes.lif_currents import current_gain, lif_of
from sal_hw_spinnaker.passes.stored_integers import in_mv, stored_integers
from sal_hw_spinnaker.ticks import IntegerInput, IntegerScale, IntegerSynapses, TickProgram

#: relative error of a stimulus that its user should know; a choice
_COARSE = 0.05

_SIGNS: tuple[tuple[Polarity, float], ...] = (("excitatory", 1.0), ("inhibitory", -1.0))


def integer_weights(draft: Draft) -> Draft:
    """Give each population its scale and each synapse its whole number; count what is rounded to zero.

    Raises
    ------
    InputError
        E304 for a delay or time step beyond the machine's limits, or time constants that leave no common scale; E337
        for a learning projection without a range.
    """
    learning = draft.learned
    problems = [*_wrong_times(draft), *_no_common_scale(draft), *_unfit(draft, learning)]
    if problems:
        raise InputError(problems)
    scales = _scales(draft, learning)
    ticks = TickProgram(
        time_scale_factor=max(1.0, limit(draft, "shortest_real_tick") / draft.spec.timestep_ms),
        scales=scales,
        synapses=tuple(
            _synapses(draft, block, scales, learns=block.projection in learning) for block in draft.synapses
        ),
        inputs=tuple(
            IntegerInput(
                stimulus=item.name,
                population=item.population,
                weights=frozen(nearest_integers(item.weights, item.population, scales)),
            )
            for item in draft.stimuli
        ),
    )
    return draft.recorded(_record(draft, ticks), part=ticks, scaling=stored_integers(draft, ticks))


def nearest_integers(
    weights_mv: NDArray[np.float64], population: str, scales: tuple[IntegerScale, ...]
) -> NDArray[np.int16]:
    """Return the nearest whole numbers of weights onto a population, in which the scales have room for all of them."""
    per_mv = {item.sign: item.per_mv for item in scales if item.population == population}
    scaled = np.where(weights_mv < 0.0, weights_mv * per_mv["inhibitory"], weights_mv * per_mv["excitatory"])
    return np.asarray(np.rint(scaled), dtype=np.int16)


def _block(draft: Draft, projection: str) -> SynapseBlock:
    return next(item for item in draft.synapses if item.projection == projection)


def _groups(draft: Draft) -> list[set[str]]:
    """Return the populations in groups that share a scale, in the order of the first of each."""
    groups = [{block.population} for block in draft.neurons]
    for rule in draft.acting_sal:
        ends = {_block(draft, name).target for name in (rule.forward, rule.backward)}
        joined = set().union(*(group for group in groups if group & ends))
        first = next(index for index, group in enumerate(groups) if group & ends)
        rest = [group for group in groups if not group & ends]
        groups = [*rest[:first], joined, *rest[first:]]
    return groups


def _ratio(draft: Draft, block: NeuronBlock, sign: Polarity) -> float:
    """Return what a weight of a sign counts, compared to an excitatory one."""
    match sign:
        case "excitatory":
            return 1.0
        case "inhibitory":
            return _inhibitory_ratio(draft, block)
        case _:
            assert_never(sign)


def _inhibitory_ratio(draft: Draft, block: NeuronBlock) -> float:
    """Return what an inhibitory weight counts, compared to an excitatory one, since currents differ in their decay."""
    lif, step_ms = lif_of(block), draft.spec.timestep_ms
    return current_gain(lif.tau_syn_inh_ms, step_ms) / current_gain(lif.tau_syn_exc_ms, step_ms)


def _weight_limit(draft: Draft, population: str) -> int:
    delayed = any(
        item.target == population and delay_ticks(draft, item.delay_ms) > 1 for item in draft.spec.projections
    )
    return int(limit(draft, "weight_delayed" if delayed else "weight"))


def delay_ticks(draft: Draft, delay_ms: float) -> int:
    """Return a delay in ticks; a spike arrives in the next tick at the earliest."""
    return max(1, draft.steps(delay_ms))


def _largest_mv(draft: Draft, population: str, sign: float, learning: set[str]) -> float:
    found = [0.0]
    for block in draft.synapses:
        if block.target == population:
            found.append(float((sign * block.weights).max(initial=0.0)))
            if block.projection in learning:
                # a weight may come to stand at the end of its range
                found.append(sign * float((block.weight_max if sign > 0.0 else block.weight_min) or 0.0))
    found += [float((sign * item.weights).max(initial=0.0)) for item in draft.stimuli if item.population == population]
    return max(found)


def _scales(draft: Draft, learning: set[str]) -> tuple[IntegerScale, ...]:
    blocks = {block.population: block for block in draft.neurons}
    base: dict[str, float] = {}
    for group in _groups(draft):
        bounds = [math.inf]
        for name in group:
            for sign, factor in _SIGNS:
                largest = _ratio(draft, blocks[name], sign) * _largest_mv(draft, name, factor, learning)
                bounds.append(_weight_limit(draft, name) / largest if largest > 0.0 else math.inf)
        # without any weight all scales do
        base |= dict.fromkeys(group, min(bounds) if min(bounds) < math.inf else 1.0)
    return tuple(
        IntegerScale(
            population=name,
            sign=sign,
            limit=_weight_limit(draft, name),
            per_mv=base[name] * _ratio(draft, block, sign),
            largest_mv=_largest_mv(draft, name, factor, learning),
        )
        for name, block in blocks.items()
        for sign, factor in _SIGNS
    )


def _synapses(draft: Draft, block: SynapseBlock, scales: tuple[IntegerScale, ...], *, learns: bool) -> IntegerSynapses:
    delay_ms = next(item.delay_ms for item in draft.spec.projections if item.name == block.projection)
    return IntegerSynapses(
        projection=block.projection,
        source=block.source,
        target=block.target,
        delay_ticks=delay_ticks(draft, delay_ms),
        learns=learns,
        weights=frozen(nearest_integers(block.weights, block.target, scales)),
        exists=block.exists,
    )


def _wrong_times(draft: Draft) -> Iterator[Problem]:
    family, limits, step_ms = draft.target.family, draft.target.limits, draft.spec.timestep_ms
    if step_ms not in limits["timestep"]:
        yield Problem(
            code="E304",
            field="timestep",
            value=f"{step_ms:g} ms",
            allowed=f"{limits['timestep'].low:g} .. {limits['timestep'].high:g} ms on {family} "
            f"({limits['timestep'].source})",
            hint="write timestep: 1 ms",
        )
    longest = limit(draft, "delay")
    for index, projection in enumerate(draft.spec.projections):
        if draft.steps(projection.delay_ms) > longest:
            yield Problem(
                code="E304",
                field=f"projections[{index}].delay",
                value=f"{projection.delay_ms:g} ms",
                allowed=f"at most {longest * step_ms:g} ms on {family}, {longest:g} time steps "
                f"({limits['delay'].source})",
                hint="shorten the delay, or lengthen the time step; relay neurons, which would add to a delay, are not "
                "made",
            )


def _no_common_scale(draft: Draft) -> Iterator[Problem]:
    blocks = {block.population: block for block in draft.neurons}
    for group in _groups(draft):
        first, *others = [name for name in blocks if name in group]
        for name in others:
            if not math.isclose(_inhibitory_ratio(draft, blocks[name]), _inhibitory_ratio(draft, blocks[first])):
                yield Problem(
                    code="E304",
                    field=f"populations.{name}.neuron.tau_syn_inh",
                    value=f"{lif_of(blocks[name]).tau_syn_inh_ms:g} ms",
                    allowed=f"the time constants of {first} on {draft.target.family}: both directions of a reciprocal "
                    "pair share the scales of excitatory and of inhibitory weights",
                    hint=f"write tau_syn_exc: {lif_of(blocks[first]).tau_syn_exc_ms:g} ms and "
                    f"tau_syn_inh: {lif_of(blocks[first]).tau_syn_inh_ms:g} ms",
                )


def _unfit(draft: Draft, learning: set[str]) -> Iterator[Problem]:
    family = draft.target.family
    for index, block in enumerate(draft.synapses):
        if block.projection not in learning:
            continue
        for end in ("weight_min", "weight_max"):
            if getattr(block, end) is None:
                yield Problem(
                    code="E337",
                    field=f"projections[{index}].{end}",
                    allowed=f"a range of learning weights: {family} stores whole numbers, whose scale is chosen for it",
                    hint=f"give {end}",
                )


def _coarse(draft: Draft, ticks: TickProgram) -> Iterator[str]:
    """Yield warnings about stimuli: all weights of one are mostly equal, so that errors do not average out."""
    for item, stimulus in zip(ticks.inputs, draft.stimuli, strict=True):
        wanted = float(stimulus.weights.sum())
        lsb_mv = ticks.scale_of(item.population, "excitatory" if wanted >= 0.0 else "inhibitory").lsb_mv
        error = abs(float(item.weights.sum()) * lsb_mv / wanted - 1.0) if wanted else 0.0
        if error > _COARSE:
            yield (
                f"warning: {item.stimulus} is stored {100.0 * error:.0f} % off; choose a weight that is a multiple of "
                f"{lsb_mv:.4g} mV"
            )


def _record(draft: Draft, ticks: TickProgram) -> PassRecord:
    notes = [
        f"{item.population} {item.sign}: whole numbers up to {item.limit}, 1 is {item.lsb_mv:.4g} mV; largest weight "
        f"{item.largest_mv:.4g} mV"
        for item in ticks.scales
    ]
    zeroed, worst = 0, 0.0
    wanted = [item.weights for item in (*draft.synapses, *draft.stimuli)]
    stored = [(item.target, item.weights) for item in ticks.synapses]
    stored += [(item.population, item.weights) for item in ticks.inputs]
    for weights, (population, numbers) in zip(wanted, stored, strict=True):
        kept = in_mv(ticks, population, numbers)
        zeroed += int(((numbers == 0) & (weights != 0.0)).sum())
        worst = max(worst, float(np.abs(kept - weights).max(initial=0.0)))
    notes.append(f"worst error of a stored weight {worst:.3g} mV")
    notes += _coarse(draft, ticks)
    counts = {"rounded to zero": float(zeroed)}
    return PassRecord(name="integer_weights", notes=tuple(notes), counts=counts)

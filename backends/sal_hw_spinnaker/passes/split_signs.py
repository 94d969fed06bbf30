"""Pass: split every projection and stimulus into synapses of one sign.

Synapses of a machine with unsigned words have the sign of their receptor. A projection that learns must be able to
cross zero, which a synapse of one sign cannot: it becomes ``w = c - m``, a fixed synapse of weight c and a learning
synapse of weight m of the other sign. SAL is anti-Hebbian in w for causal pairs, hence Hebbian in m: m inhibits, grows
with causal and shrinks with anti-causal pairs, and both of its bounds are kept by the machine. With the sign of the
rule inverted, m excites and c inhibits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import (
    LoweredPoisson,
    LoweredSal,
    LoweredSpikes,
    LoweredStimulus,
    PassRecord,
    SynapseBlock,
)
from sal_hw.spec.signs import Polarity
from sal_hw.storage.codec import frozen
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft, SignedPart

_RECEPTORS: tuple[tuple[Polarity, float], ...] = (("excitatory", 1.0), ("inhibitory", -1.0))


def split_signs(draft: Draft) -> Draft:
    """Give each projection and stimulus its excitatory and inhibitory synapses, with delays of at least one step.

    Raises
    ------
    InputError
        E331 for a learning projection without a range that includes 0, E332 for one that mixes signs onto neurons
        whose two receptors differ in their time constants, E333 for one that two rules change.
    """
    learning = _learning(draft)
    problems = [*_twice(draft)]
    for index, block in enumerate(draft.synapses):
        if block.projection in learning:
            problems += _unfit(draft, index, block, learning[block.projection])
    if problems:
        raise InputError(problems)
    parts: list[SignedPart] = []
    for index, block in enumerate(draft.synapses):
        rule = learning.get(block.projection)
        parts += _learning_parts(draft, index, block, rule) if rule is not None else _static_parts(draft, index, block)
    parts += _stimulus_parts(draft)
    return draft.recorded(_record(draft, parts), part=DigitalDraft(parts=tuple(parts)))


def _learning(draft: Draft) -> dict[str, int]:
    return {name: index for index, rule in draft.acting for name in rule.learned}


def _twice(draft: Draft) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, rule in draft.acting:
        for name in rule.learned:
            if name in first:
                yield Problem(
                    code="E333",
                    field=f"plasticity[{index}]",
                    value=rule.name,
                    allowed=f"one rule per projection on {draft.target.family}; {first[name]} changes {name} already",
                    hint="leave out one of the two rules",
                )
            first.setdefault(name, rule.name)


def _unfit(draft: Draft, index: int, block: SynapseBlock, rule: int) -> Iterator[Problem]:
    for end, sign in (("weight_min", -1.0), ("weight_max", 1.0)):
        bound = getattr(block, end)
        if bound is None or sign * bound < 0.0:
            yield Problem(
                code="E331",
                field=f"projections[{index}].{end}",
                value=None if bound is None else f"{bound:g}",
                allowed=f"a range that includes 0: {draft.target.family} stores learning weights as w = c - m with "
                "0 <= m, where c and the range of m follow from weight_min and weight_max",
                hint=f"give {end}; the whole range becomes the range of the stored weight",
            )
    lif = next(item.lif for item in draft.neurons if item.population == block.target)
    fixed = _fixed_mv(draft, block, rule)
    if lif is not None and fixed > 0.0 and lif.tau_syn_exc_ms != lif.tau_syn_inh_ms:
        yield Problem(
            code="E332",
            field=f"populations.{block.target}.neuron.tau_syn_inh",
            value=f"{lif.tau_syn_inh_ms:g} ms",
            allowed=f"{lif.tau_syn_exc_ms:g} ms, as tau_syn_exc: on {draft.target.family} {block.projection} learns as "
            "a fixed synapse minus a learning one of the other sign, whose currents cancel only if they decay alike",
            hint=f"write tau_syn_inh: {lif.tau_syn_exc_ms:g} ms, or let weight_min or weight_max be 0",
        )


def plastic_receptor(draft: Draft, rule: int) -> Polarity:
    """Return the sign of a rule's learning synapses: inhibitory, unless the rule is inverted."""
    found = draft.rules[rule]
    return "excitatory" if isinstance(found, LoweredSal) and found.gain < 0.0 else "inhibitory"


def _fixed_mv(draft: Draft, block: SynapseBlock, rule: int) -> float:
    """Return the weight of the fixed synapse, which is an end of the learning range."""
    plastic = plastic_receptor(draft, rule)
    match plastic:
        case "inhibitory":
            return max(block.weight_max or 0.0, 0.0)
        case "excitatory":
            return max(-(block.weight_min or 0.0), 0.0)
        case _:
            assert_never(plastic)


def _learning_parts(draft: Draft, index: int, block: SynapseBlock, rule: int) -> Iterator[SignedPart]:
    plastic, fixed = plastic_receptor(draft, rule), _fixed_mv(draft, block, rule)
    low, high = block.weight_min or 0.0, block.weight_max or 0.0
    match plastic:
        case "inhibitory":
            stored, reach = fixed - block.weights, fixed - low
            other: Polarity = "excitatory"
        case "excitatory":
            stored, reach = fixed + block.weights, fixed + high
            other = "inhibitory"
        case _:
            assert_never(plastic)
    rest, common = np.where(block.exists, stored, 0.0), np.where(block.exists, fixed, 0.0)
    if fixed > 0.0:
        yield _part(draft, index, block, role="fixed", receptor=other, weights=common, largest=fixed)
    yield _part(draft, index, block, role="learning", receptor=plastic, weights=rest, largest=reach, rule=rule)


def _static_parts(draft: Draft, index: int, block: SynapseBlock) -> Iterator[SignedPart]:
    for receptor, sign in _RECEPTORS:
        weights = np.maximum(sign * block.weights, 0.0)
        if weights.any():
            largest = float(weights.max())
            yield _part(draft, index, block, role=receptor, receptor=receptor, weights=weights, largest=largest)


def _part(
    draft: Draft,
    index: int,
    block: SynapseBlock,
    *,
    role: str,
    receptor: Polarity,
    weights: NDArray[np.float64],
    largest: float,
    rule: int | None = None,
) -> SignedPart:
    return SignedPart(
        name=f"{block.projection}.{role}",
        owner=block.projection,
        field=f"projections[{index}]",
        source=block.source,
        target=block.target,
        receptor=receptor,
        delay_steps=max(1, draft.steps(draft.spec.projections[index].delay_ms)),
        weights=frozen(weights),
        exists=frozen(block.exists if role in {"fixed", "learning"} else weights > 0.0),
        largest_mv=largest,
        rate_hz=limit(draft, "planned_rate"),
        rule=rule,
    )


def _rate_hz(draft: Draft, stimulus: LoweredStimulus) -> float:
    match stimulus:
        case LoweredPoisson():
            return stimulus.rate_hz
        case LoweredSpikes():
            return limit(draft, "planned_rate")
        case _:
            assert_never(stimulus)


def _stimulus_parts(draft: Draft) -> Iterator[SignedPart]:
    for index, stimulus in enumerate(draft.stimuli):
        rate = _rate_hz(draft, stimulus)
        for receptor, sign in _RECEPTORS:
            weights = np.maximum(sign * stimulus.weights, 0.0)
            if weights.any():
                yield SignedPart(
                    name=f"{stimulus.name}.{receptor}",
                    owner=stimulus.name,
                    field=f"stimuli[{index}]",
                    source=None,
                    target=stimulus.population,
                    receptor=receptor,
                    delay_steps=1,
                    weights=frozen(weights),
                    exists=frozen(weights > 0.0),
                    largest_mv=float(weights.max()),
                    rate_hz=rate,
                )


def _record(draft: Draft, parts: list[SignedPart]) -> PassRecord:
    notes = [
        f"{part.owner}: {part.receptor} synapses of 0 .. {part.largest_mv:.4g} mV learn, the rest is fixed"
        for part in parts
        if part.rule is not None
    ]
    immediate = [item.name for item in draft.spec.projections if item.delay_ms == 0.0]
    if immediate:
        notes.append(f"without a delay, arriving one step after the spike: {', '.join(immediate)}")
    counts = {"parts": float(len(parts))}
    return PassRecord(name="split_signs", notes=tuple(notes), counts=counts)

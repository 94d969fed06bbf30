"""Pass: express SAL as the pair STDP that the machine has, and see that its arithmetic is fine enough for it.

The amplitudes are chosen so that accidental pairs count as in the specification, on either side: a pair at zero lag
counts as anti-causal with the full amplitude here and not at all there, and the machine's tables are rounded down.
Without that the two sides would not balance, and every weight would drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import LoweredSal, LoweredWindow, PassRecord
from sal_hw.spec.signs import sign_of
from sal_hw.spec.windows import pairs_nearest, sum_over_lags
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft, SignedPart
from sal_hw_spinnaker.passes.place_on_cores import time_scale_factor
from sal_hw_spinnaker.passes.simultaneous import accidental_share
from sal_hw_spinnaker.program import TRACE_BITS, PairStdp, window_table

_SOURCE = "sPyNNaker, neural_modelling/src/neuron/plasticity/stdp"


def lower_stdp(draft: Draft) -> Draft:
    """Give every learning projection its amplitudes.

    Raises
    ------
    InputError
        E304 for a rule that pair STDP cannot express, E335 for rules onto one population that differ, E336 for a
        learning step that is too small against the resolution of the weights.
    """
    problems = [*_not_pair_stdp(draft)]
    if problems:
        raise InputError(problems)
    plasticity = tuple(_stdp(draft, part) for part in draft.part_of(DigitalDraft).plastic_parts())
    problems = [*_two_rules(draft, plasticity), *_too_fine(draft, plasticity)]
    if problems:
        raise InputError(problems)
    done = replace(draft.part_of(DigitalDraft), plasticity=plasticity)
    return draft.recorded(_record(draft, plasticity), part=done)


def _not_pair_stdp(draft: Draft) -> Iterator[Problem]:
    family = draft.target.family
    for index, rule in draft.acting:
        if not isinstance(rule, LoweredSal):
            continue
        if pairs_nearest(rule.causal.pairing) or pairs_nearest(rule.anticausal.pairing):
            yield Problem(
                code="E304",
                field=f"plasticity[{index}].pairing",
                value=quote_value(rule.causal.pairing),
                allowed=f"all on {family}, for {rule.name}: its STDP pairs every pre spike with every post spike, "
                f"through traces ({_SOURCE})",
                hint="write pairing: all",
            )
        if any(len(np.unique(item[item != 0.0])) > 1 for item in rule.amplitudes.values()):
            yield Problem(
                code="E304",
                field=f"plasticity[{index}].amplitude_spread",
                allowed=f"one amplitude for all synapses of {rule.name} on {family}: it is a parameter of the "
                f"population ({_SOURCE})",
                hint="leave out amplitude_spread",
            )


def _stdp(draft: Draft, part: SignedPart) -> PairStdp:
    rule = draft.rules[part.rule or 0]
    if not isinstance(rule, LoweredSal):
        raise TypeError(f"{rule.name} is not a SAL rule")
    step, gain = draft.spec.timestep_ms, abs(rule.gain)
    plus = gain * _wanted_area(rule.causal) / _area(window_table(rule.causal.trace_tau_steps)[1:])
    minus = gain * _wanted_area(rule.anticausal) / _area(window_table(rule.anticausal.trace_tau_steps))
    scale = draft.part_of(DigitalDraft).scale_of(part)
    fixed = next((item for item in draft.part_of(DigitalDraft).parts if item.name == f"{part.owner}.fixed"), None)
    drift = _drift_mv_per_s(draft, rule, scale.lsb_mv) if gain else 0.0
    return PairStdp(
        rule=rule.name,
        projection=part.owner,
        synapses=part.name,
        fixed=None if fixed is None else fixed.name,
        fixed_mv=0.0 if fixed is None else fixed.largest_mv,
        amplitude_plus_mv=plus,
        amplitude_minus_mv=minus,
        weight_max_mv=part.largest_mv,
        tau_plus_ms=rule.causal.tau_steps * step,
        tau_minus_ms=rule.anticausal.tau_steps * step,
        step_lsb=min(plus, minus) / scale.lsb_mv,
        drift_mv_per_s=-sign_of(part.receptor) * drift,
    )


def _wanted_area(window: LoweredWindow) -> float:
    return sum_over_lags(window.shape, window.tau_steps)


def _area(table: NDArray[np.int64]) -> float:
    return max(float(table.sum()), 1.0) / 2.0**TRACE_BITS


def _drift_mv_per_s(draft: Draft, rule: LoweredSal, lsb_mv: float) -> float:
    """Return the size of the expected drift by rounding down.

    Half a word per update that changes the stored weight; an update comes with every pre spike, and changes something
    if there was a post spike within one of the windows.
    """
    rate_hz = limit(draft, "planned_rate")
    windows_s = (rule.causal.tau_steps + rule.anticausal.tau_steps) * draft.spec.timestep_ms * 1e-3
    changing = -math.expm1(-rate_hz * windows_s * limit(draft, "window_length"))
    return 0.5 * lsb_mv * rate_hz * changing


def _two_rules(draft: Draft, plasticity: tuple[PairStdp, ...]) -> Iterator[Problem]:
    first: dict[str, PairStdp] = {}
    targets = {item.projection: item.target for item in draft.synapses}
    for item in plasticity:
        other = first.setdefault(targets[item.projection], item)
        if _parameters(item) != _parameters(other):
            index = next(index for index, rule in enumerate(draft.rules) if rule.name == item.rule)
            yield Problem(
                code="E335",
                field=f"plasticity[{index}]",
                value=quote_value(item.rule),
                allowed=f"one set of STDP parameters per post population on {draft.target.family}; {other.projection} "
                f"and {item.projection} both reach {targets[item.projection]} but differ in amplitudes, windows, range",
                hint="give both projections the same rule parameters and the same weight_min and weight_max",
            )


def _parameters(item: PairStdp) -> tuple[float, ...]:
    return (
        item.amplitude_plus_mv,
        item.amplitude_minus_mv,
        item.weight_max_mv,
        item.tau_plus_ms,
        item.tau_minus_ms,
    )


def _too_fine(draft: Draft, plasticity: tuple[PairStdp, ...]) -> Iterator[Problem]:
    least = draft.target.limits["learning_step"].low or 0.0
    for item in plasticity:
        if 0.0 < item.step_lsb < least:
            index = next(index for index, rule in enumerate(draft.rules) if rule.name == item.rule)
            yield Problem(
                code="E336",
                field=f"plasticity[{index}].learning_rate",
                value=f"{item.step_lsb:.3g} words per pair",
                allowed=f"at least {least:g} words of {item.projection} on {draft.target.family} "
                f"({draft.target.limits['learning_step'].source})",
                hint=f"the nearest rate is {_nearest_rate(draft, index, least / item.step_lsb):.6g}; or make weights, "
                "their range and the number of inputs smaller, so that a word stands for less",
            )


def _nearest_rate(draft: Draft, index: int, factor: float) -> float:
    """Return the least legal learning rate with four digits, rounded up."""
    rate = draft.spec.plasticity[index].learning_rate * factor
    digit = 10.0 ** (math.floor(math.log10(rate)) - 3)
    return math.ceil(rate / digit) * digit


def _record(draft: Draft, plasticity: tuple[PairStdp, ...]) -> PassRecord:
    notes = [
        f"{item.projection}: a pair at zero lag is {item.step_lsb:.4g} words; rounding down is expected to move "
        f"weights by {item.drift_mv_per_s:.3g} mV/s, {_share(item):.2g} learning steps per second, at "
        f"{limit(draft, 'planned_rate'):g} Hz"
        for item in plasticity
        if item.step_lsb > 0.0
    ]
    notes += [f"{item.projection}: amplitudes are 0, nothing learns" for item in plasticity if item.step_lsb == 0.0]
    notes += [
        f"{item.projection}: pairs count by their spikes, whatever the delay; the machine takes simultaneous spikes "
        f"for an anti-causal pair, {100.0 * accidental_share(item, draft.spec.timestep_ms):.2g} % of all change by "
        "accidental pairs, which the amplitudes make up for"
        for item in plasticity
        if item.step_lsb > 0.0
    ]
    counts = {"learning projections": float(len(plasticity)), "time scale factor": time_scale_factor(draft)}
    return PassRecord(name="lower_stdp", notes=tuple(notes), counts=counts)


def _share(item: PairStdp) -> float:
    return abs(item.drift_mv_per_s) / min(item.amplitude_plus_mv, item.amplitude_minus_mv)

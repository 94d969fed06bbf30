"""What correlation sensors cannot measure: each window, pairing and spread of a rule that they do not have."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.program import LoweredSal
from sal_hw.spec.windows import has_traces, pairs_nearest
from sal_hw_brainscales2.description import SENSED_WINDOW

_MEMORY = "calix, spiking/correlation_measurement.py: the state of a sensor remembers the last seen pulse"
_ONE_TAU = (
    "calix, correlation_calib_target.h and spiking/correlation.py: one time constant for all synapses, set by bias "
    "currents that both branches share"
)
_SAME = 1e-9


def unlike_sensors(draft: Draft) -> Iterator[Problem]:
    """Find what rules want of the sensors and what these do not have (E304), rule by rule."""
    first: LoweredSal | None = None
    for index, rule in draft.acting:
        if not isinstance(rule, LoweredSal):
            continue
        yield from _unlike_shape(draft, index, rule)
        first = first or rule
        outside = [*_outside(draft, index, rule)]
        yield from outside or _two_time_constants(draft, index, rule, first)
        if any(bool((amplitude != 1.0).any()) for amplitude in _amplitudes(draft, rule)):
            yield Problem(
                code="E304",
                field=f"plasticity[{index}].amplitude_spread",
                allowed=f"no spread on {draft.target.family} for {_changes(rule)}: how strongly a synapse senses is a "
                f"property of the chip and not of a program ({draft.target.limits['correlation_amplitude'].source})",
                hint="leave amplitude_spread out and choose a chip whose sensors differ: --emulate --chip 7",
            )


def _unlike_shape(draft: Draft, index: int, rule: LoweredSal) -> Iterator[Problem]:
    family = draft.target.family
    if not has_traces(rule.causal.shape):
        yield Problem(
            code="E304",
            field=f"plasticity[{index}].window",
            value=quote_value(rule.causal.shape),
            allowed=f"exponential on {family}, for {rule.name}: {SENSED_WINDOW}",
            hint="write window: exponential",
        )
    if not pairs_nearest(rule.causal.pairing):
        yield Problem(
            code="E304",
            field=f"plasticity[{index}].pairing",
            value=quote_value(rule.causal.pairing),
            allowed=f"nearest on {family}, for {_changes(rule)}: a sensor pairs a spike with the partner's last one "
            f"only, and earlier ones are forgotten ({_MEMORY})",
            hint="write pairing: nearest",
        )


def _outside(draft: Draft, index: int, rule: LoweredSal) -> Iterator[Problem]:
    taus, to_us = draft.target.limits["correlation_time_constant"], 1e3 / draft.target.time_scale
    low, high = taus.low or 0.0, taus.high or math.inf
    for key, window in (("tau_causal", rule.causal), ("tau_anticausal", rule.anticausal)):
        tau_ms = window.tau_steps * draft.spec.timestep_ms
        if tau_ms * to_us in taus:
            continue
        nearest = min(max(tau_ms * to_us, low), high) / to_us
        yield Problem(
            code="E304",
            field=f"plasticity[{index}].{key}",
            value=f"{tau_ms:g} ms",
            allowed=f"{low / to_us:g} ms .. {high / to_us:g} ms on {draft.target.family} for {_changes(rule)} (model "
            f"time; {low:g} .. {high:g} {taus.unit} on the chip, {taus.source})",
            hint=f"write {key}: {nearest:g} ms",
        )


def _two_time_constants(draft: Draft, index: int, rule: LoweredSal, first: LoweredSal) -> Iterator[Problem]:
    """Find branches of a rule, or windows of two rules, whose time constants no calibration makes both."""
    common_ms = first.causal.tau_steps * draft.spec.timestep_ms
    for key, window in (("tau_causal", rule.causal), ("tau_anticausal", rule.anticausal)):
        tau_ms = window.tau_steps * draft.spec.timestep_ms
        if math.isclose(tau_ms, common_ms, rel_tol=_SAME):
            continue
        yield Problem(
            code="E304",
            field=f"plasticity[{index}].{key}",
            value=f"{tau_ms:g} ms",
            allowed=f"{common_ms:g} ms, as tau_causal of {first.name}, on {draft.target.family} for {_changes(rule)}: "
            f"sensors are calibrated for one time constant ({_ONE_TAU})",
            hint=f"write {key}: {common_ms:g} ms",
        )


def _changes(rule: LoweredSal) -> str:
    return f"{rule.name}, which changes {', '.join(rule.learned)}"


def _amplitudes(draft: Draft, rule: LoweredSal) -> Iterator[NDArray[np.float64]]:
    """Yield the wanted amplitudes of the synapses that there are, per projection that the rule changes."""
    for block in draft.synapses:
        if block.projection in rule.learned and block.exists.any():
            yield rule.amplitudes[block.projection][block.exists]

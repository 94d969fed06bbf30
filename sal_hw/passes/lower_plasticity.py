"""Pass: turn learning rules into gains, windows in steps and amplitudes per synapse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.program import LoweredRule, LoweredSal, LoweredWakeSleep, LoweredWindow, PassRecord, SynapseBlock
from sal_hw.spec.arrays import derive_seed
from sal_hw.spec.plasticity import AmplitudeSpread, Rule, SalRule, WakeSleepRule
from sal_hw.spec.windows import has_traces
from sal_hw.storage.codec import frozen


def lower_plasticity(draft: Draft) -> Draft:
    """Lower all rules, in their order; a disabled one gets gain 0, so that a control run sees the same network.

    Raises
    ------
    InputError
        E304 for a window that LIF neurons cannot have: their synapses measure exponential ones.
    """
    problems = [*_unlike_lif(draft)]
    if problems:
        raise InputError(problems)
    rules = tuple(_lower(draft, rule) for rule in draft.spec.plasticity)
    off = tuple(f"{rule.name} is disabled: gain 0" for rule in draft.spec.plasticity if not rule.enabled)
    record = PassRecord(name="lower_plasticity", notes=off, counts={"rules": float(len(rules))})
    return draft.recorded(record, rules=rules)


def _unlike_lif(draft: Draft) -> Iterator[Problem]:
    if draft.timing is not None:
        return
    for index, rule in enumerate(draft.spec.plasticity):
        if not has_traces(rule.window):
            yield Problem(
                code="E304",
                field=f"plasticity[{index}].window",
                value=quote_value(rule.window),
                allowed=f"exponential with lif neurons on {draft.target.family}, for {rule.name}: "
                + draft.target.lacks.get("windows", "synapses keep traces, which decay exponentially"),
                hint="write window: exponential",
            )


def _lower(draft: Draft, rule: Rule) -> LoweredRule:
    match rule:
        case SalRule():
            return _lower_sal(draft, rule)
        case WakeSleepRule():
            return _lower_wake_sleep(draft, rule)
        case _:
            assert_never(rule)


def _lower_sal(draft: Draft, rule: SalRule) -> LoweredSal:
    learns_forward = rule.learns_both and rule.forward != rule.backward
    return LoweredSal(
        name=rule.name,
        forward=rule.forward,
        backward=rule.backward,
        update_steps=draft.steps(rule.update_every_ms),
        gain=_gain(draft, rule) if rule.enabled else 0.0,
        causal=_window(draft, rule, rule.tau_causal_ms),
        anticausal=_window(draft, rule, rule.tau_anticausal_ms),
        backward_amplitude=_amplitude(draft, rule, rule.backward),
        forward_amplitude=_amplitude(draft, rule, rule.forward) if learns_forward else None,
    )


def _gain(draft: Draft, rule: SalRule) -> float:
    match rule.polarity:
        case "aligning":
            return _size(draft, rule)
        case "inverted":
            return -_size(draft, rule)
        case _:
            assert_never(rule.polarity)


def _size(draft: Draft, rule: SalRule) -> float:
    """Return the size of the gain."""
    match rule.rate_per:
        case "pair":
            return rule.learning_rate
        case "update":
            return rule.learning_rate * _per_update(draft, draft.steps(rule.update_every_ms), rule.backward)
        case _:
            assert_never(rule.rate_per)


def _lower_wake_sleep(draft: Draft, rule: WakeSleepRule) -> LoweredWakeSleep:
    update_steps = draft.steps(rule.update_every_ms)
    return LoweredWakeSleep(
        name=rule.name,
        projection=rule.projection,
        population=_block(draft, rule.projection).target,
        update_steps=update_steps,
        gain=rule.learning_rate if rule.enabled else 0.0,
        bias_gain=rule.bias_learning_rate if rule.enabled else 0.0,
        moment_scale=_per_update(draft, update_steps, rule.projection),
        window=_window(draft, rule, rule.tau_ms),
        amplitude=_amplitude(draft, rule, rule.projection),
        bias_limit=rule.bias_limit,
    )


def _per_update(draft: Draft, update_steps: int, projection: str) -> float:
    """Refractory times per update interval, inverted: turns counts of an interval into state moments."""
    target = _block(draft, projection).target
    neuron = next(item.neuron for item in draft.spec.populations if item.name == target)
    return draft.steps(neuron.tau_ref_ms) / update_steps


def _window(draft: Draft, rule: Rule, tau_ms: float) -> LoweredWindow:
    tau_steps = tau_ms / draft.spec.timestep_ms
    return LoweredWindow(shape=rule.window, tau_steps=tau_steps, pairing=rule.pairing)


def _block(draft: Draft, projection: str) -> SynapseBlock:
    return next(block for block in draft.synapses if block.projection == projection)


def _amplitude(draft: Draft, rule: Rule, projection: str) -> NDArray[np.float64]:
    block, spread = _block(draft, projection), rule.amplitude_spread
    amplitude = np.ones(block.weights.shape)
    if spread is not None and spread.std > 0:
        derived = derive_seed(draft.seed, "amplitude", rule.name, projection)
        rng = np.random.default_rng(derived if spread.seed is None else spread.seed)
        amplitude += _draw_spread(spread, block.weights.shape[::-1], rng).T
    return frozen(np.where(block.exists, amplitude, 0.0))


def _draw_spread(spread: AmplitudeSpread, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw deviations, shape (post, pre), in the layout that the user wants."""
    rng.standard_normal(spread.skip)
    for _ in range(spread.skip_tables):
        _truncated_normal(spread, shape, rng)
    first = _truncated_normal(spread, shape, rng)
    match spread.layout:
        case "single":
            return first
        case "published":
            return np.triu(first, k=2) + np.tril(_truncated_normal(spread, shape, rng), k=1)
        case _:
            assert_never(spread.layout)


def _truncated_normal(spread: AmplitudeSpread, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw normal numbers and redraw those outside the truncation (arXiv 2503.02642, plasticity noise)."""
    draws = rng.normal(0.0, spread.std, shape)
    while (outside := np.abs(draws) > spread.truncate * spread.std).any():
        draws[outside] = rng.normal(0.0, spread.std, int(outside.sum()))
    return draws

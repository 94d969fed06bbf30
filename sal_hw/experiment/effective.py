"""Effective couplings: what one neuron's spike does to another one's rate, found by forcing spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw.experiment.metrics import alignment_angle
from sal_hw.program import CompiledProgram, LoweredSal
from sal_hw.spec.protocols import EffectiveCouplings

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpikeEffects:
    """What was counted after forced spikes, and with the same noise without them, summed over the trials of a batch.

    Attributes
    ----------
    spikes
        Shape (2, batches, sources, neurons): spikes of every neuron in the window, first without and then with a spike
        forced on the source.
    ready_ms
        The same shape: how long each neuron could have spiked, that is was not refractory.
    """

    spikes: Floats
    ready_ms: Floats


@runtime_checkable
class SpikeForcer(Protocol):
    """A session that can force spikes: an option, besides :class:`sal_hw.contracts.backend.Session`."""

    def force_spikes(
        self, sources: NDArray[np.int64], *, window_ms: float, trials: int, batches: int, warmup_ms: float
    ) -> SpikeEffects:
        """Force spikes on neurons, without plasticity and without disturbing the learning network.

        Parameters
        ----------
        sources
            Shape (sources,): neurons in the program's order.
        window_ms
            How long the network is followed with and without the spike; the source is silent in this time.
        trials
            Spikes forced on each source in all; each batch has an equal part, rounded up.
        batches, warmup_ms
            Number of independent stretches, and the time at the start of each that does not count.
        """


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Couplings:
    """Effective couplings of reciprocal pairs of synapses, at the same places in all arrays.

    Attributes
    ----------
    forward, backward
        Shape (pairs,): change of the logarithm of the rate, dimensionless.
    forward_error, backward_error
        Shape (pairs,): standard errors.
    angle_deg, angle_error_deg
        Angle between both, with the contribution of the errors to the norms taken out, and its standard error; NaN if
        the couplings are not larger than their errors.
    """

    forward: Floats
    backward: Floats
    forward_error: Floats
    backward_error: Floats
    angle_deg: float
    angle_error_deg: float


def require_forcer(session: object) -> SpikeForcer:
    """Return the session as one that can force spikes.

    Raises
    ------
    InputError
        E224 if it cannot.
    """
    if isinstance(session, SpikeForcer):
        return session
    raise InputError(
        Problem(
            code="E224",
            field="experiment.effective",
            allowed="a backend that can force spikes on single neurons, as the emulator of sampling and LIF neurons",
            hint="leave effective away, or add --emulate",
        )
    )


def measure_couplings(
    rule: LoweredSal, program: CompiledProgram, forcer: SpikeForcer, wanted: EffectiveCouplings
) -> Couplings:
    """Measure the effective couplings of the pairs of synapses that a SAL rule aligns."""
    forward, backward = program.synapse_block(rule.forward), program.synapse_block(rule.backward)
    pre, post = program.neuron_block(backward.source), program.neuron_block(backward.target)
    exists = backward.exists & forward.exists.T
    if rule.forward == rule.backward:
        exists = np.triu(exists, k=1)
    rows, columns = np.nonzero(exists)
    sources = np.unique(np.concatenate([pre.offset + rows, post.offset + columns]))
    effects = forcer.force_spikes(
        sources,
        window_ms=wanted.window_ms,
        trials=wanted.trials,
        batches=wanted.batches,
        warmup_ms=wanted.warmup_ms,
    )
    place = np.searchsorted(sources, np.stack([pre.offset + rows, post.offset + columns]))
    # a backward synapse leads from the row's neuron to the column's, its partner the other way
    back = (
        effects.spikes[:, :, place[0], post.offset + columns],
        effects.ready_ms[:, :, place[0], post.offset + columns],
    )
    fore = effects.spikes[:, :, place[1], pre.offset + rows], effects.ready_ms[:, :, place[1], pre.offset + rows]
    return _couplings(fore, back)


def _couplings(forward: tuple[Floats, Floats], backward: tuple[Floats, Floats]) -> Couplings:
    """Return couplings with jackknife errors; the arguments are spikes and times, shape (2, batches, pairs)."""
    full = [_log_ratio(spikes.sum(axis=1), time.sum(axis=1)) for spikes, time in (forward, backward)]
    left_out = [
        _log_ratio(
            spikes.sum(axis=1, keepdims=True) - spikes,
            time.sum(axis=1, keepdims=True) - time,
        )
        for spikes, time in (forward, backward)
    ]
    errors = [_jackknife_error(values) for values in left_out]
    batches = len(left_out[0])
    # without one batch of B, variances are B / (B - 1) of those with all
    wider = [error * np.sqrt(batches / (batches - 1.0)) for error in errors]
    angles = np.array(
        [
            corrected_angle(one, other, one_error=wider[0], other_error=wider[1])
            for one, other in zip(*left_out, strict=True)
        ]
    )
    return Couplings(
        forward=full[0],
        backward=full[1],
        forward_error=errors[0],
        backward_error=errors[1],
        angle_deg=corrected_angle(full[0], full[1], one_error=errors[0], other_error=errors[1]),
        angle_error_deg=float(_jackknife_error(angles)),
    )


def _log_ratio(spikes: Floats, ready_ms: Floats) -> Floats:
    """Return the logarithm of the ratio of rates, with over without; the first axis is (without, with).

    Half a spike is added to both counts: that keeps the logarithm finite and takes away most of its bias.
    """
    rates = np.log((spikes + 0.5) / np.maximum(ready_ms, 1e-12))
    return np.asarray(rates[1] - rates[0])


def _jackknife_error(left_out: Floats) -> Floats:
    """Return the standard error from the values without one batch each, along the first axis."""
    batches = len(left_out)
    return np.asarray(np.sqrt((batches - 1.0) / batches * np.sum((left_out - left_out.mean(axis=0)) ** 2, axis=0)))


def corrected_angle(one: Floats, other: Floats, *, one_error: Floats, other_error: Floats) -> float:
    """Return the angle between two sets of measured numbers in degrees, as it would be without measurement errors.

    Independent errors leave the scalar product as it is on average, but add the sum of their variances to both squared
    norms, which makes directions seem more different than they are.

    Returns
    -------
    float
        0 .. 180; NaN if the variances are as large as the squared norms.
    """
    squares = [float(np.sum(value**2) - np.sum(error**2)) for value, error in ((one, one_error), (other, other_error))]
    if min(squares) <= 0.0:
        return float("nan")
    cosine = float(np.sum(one * other)) / np.sqrt(squares[0] * squares[1])
    if not one_error.any() and not other_error.any():
        return alignment_angle(one, other)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))

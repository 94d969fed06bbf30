"""PSPs of current-based synapses: their shape, and fits to averages of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def psp(t: Doubles, tau_syn: Doubles | float, tau_mem: Doubles | float) -> Doubles:
    """Return the PSP of a synapse of unit steady drive a time `t` after its spike; zero before.

    ``tau_syn / (tau_syn - tau_mem) (exp(-t / tau_syn) - exp(-t / tau_mem))``, the solution of
    ``tau_mem dv/dt = -v + s`` with ``tau_syn ds/dt = -s`` and ``s(0) = 1``. The time constants must differ.
    """
    waited = np.maximum(t, 0.0)
    factor = tau_syn / (np.asarray(tau_syn) - tau_mem)
    return np.asarray(factor * (np.exp(-waited / tau_syn) - np.exp(-waited / tau_mem)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Folded:
    """Membranes over the time since the last spike of a synapse that comes regularly.

    Attributes
    ----------
    since_ms
        Shape (bins,): mean time since the spike.
    value
        Shape (bins, neurons): mean potential, LSB.
    period_ms
        Time between two spikes.
    """

    since_ms: Doubles
    value: Doubles
    period_ms: float


def fold(since_ms: Doubles, value: Doubles, *, period_ms: float, bin_ms: float) -> Folded:
    """Average potentials, shape (samples, neurons), in bins of the time since the last spike, shape (samples,)."""
    bins = np.floor(since_ms / bin_ms).astype(np.int64)
    inside = (bins >= 0) & (since_ms < period_ms)
    kinds, place = np.unique(bins[inside], return_inverse=True)
    counts = np.bincount(place, minlength=len(kinds)).astype(np.float64)
    sums = np.zeros((len(kinds), value.shape[1]))
    np.add.at(sums, place, value[inside])
    times = np.bincount(place, weights=since_ms[inside], minlength=len(kinds))
    return Folded(since_ms=times / counts, value=sums / counts[:, None], period_ms=period_ms)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PspFit:
    """Fitted PSPs, each array of shape (neurons,): steady drive, synaptic time constant, latency, rest, and errors."""

    drive_lsb: Doubles
    drive_sigma: Doubles
    tau_syn_ms: Doubles
    tau_syn_sigma: Doubles
    latency_ms: Doubles
    rest_lsb: Doubles
    residual_lsb: Doubles

    @classmethod
    def joined(cls, parts: Sequence[PspFit]) -> PspFit:
        """Return the fits of several groups of neurons as one."""
        return cls(**{item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(cls)})


def fit_psps(folded: Folded, *, tau_mem_ms: float, start: tuple[float, float]) -> PspFit:
    """Fit the PSP of each neuron, with what the spike before has left; the membrane time constant is known.

    Parameters
    ----------
    start
        Drive (negative for inhibition) in LSB and synaptic time constant in ms to begin with.
    """
    fits = [_fit(folded, folded.value[:, n], tau_mem_ms, start) for n in range(folded.value.shape[1])]
    columns = np.array(fits).T
    return PspFit(
        drive_lsb=columns[0],
        drive_sigma=columns[1],
        tau_syn_ms=columns[2],
        tau_syn_sigma=columns[3],
        latency_ms=columns[4],
        rest_lsb=columns[5],
        residual_lsb=columns[6],
    )


def repeated_psp(t: Doubles, tau_syn: Any, tau_mem: Any, period_ms: float) -> Doubles:
    """Return the PSP of a spike together with that of the spike one period before."""
    return psp(t, tau_syn, tau_mem) + psp(t + period_ms, tau_syn, tau_mem)


def _fit(folded: Folded, value: Doubles, tau_mem_ms: float, start: tuple[float, float]) -> tuple[float, ...]:
    from scipy.optimize import curve_fit

    def curve(t: Doubles, drive: float, tau: float, late: float, rest: float) -> Doubles:
        return rest + drive * repeated_psp(t - late, tau, tau_mem_ms, folded.period_ms)

    if not np.isfinite(value).all():
        return (np.nan,) * 7
    drive, tau = start
    # a synaptic time constant equal to that of the membrane has no PSP of this form
    bounds = ([-400.0, 0.5, -1.0, 0.0], [400.0, 0.95 * tau_mem_ms, 2.0, 255.0])
    try:
        begin = (drive, tau, 0.1, float(value[-1]))
        best, covariance = curve_fit(curve, folded.since_ms, value, p0=begin, bounds=bounds)
    except (RuntimeError, ValueError):
        return (np.nan,) * 7
    residual = float(np.sqrt(np.mean((curve(folded.since_ms, *best) - value) ** 2)))
    sigma = np.sqrt(np.diag(covariance))
    return (*map(float, (best[0], sigma[0], best[1], sigma[1], best[2], best[3])), residual)


def tau_mem_sensitivity(tau_mem_ms: float, tau_syn_ms: float, period_ms: float) -> tuple[float, float]:
    """Return by how much fitted drive and synaptic time constant change, relative, per relative change of tau_mem.

    A fit takes the membrane time constant as known, so its error is part of theirs.
    """
    since = np.asarray(np.arange(0.5, period_ms, 1.0), dtype=np.float64)
    step = 0.01
    value = 100.0 + repeated_psp(since, tau_syn_ms, tau_mem_ms * (1.0 + step), period_ms)[:, None]
    fit = fit_psps(
        Folded(since_ms=since, value=value, period_ms=period_ms), tau_mem_ms=tau_mem_ms, start=(1.0, tau_syn_ms)
    )
    return abs(float(fit.drive_lsb[0]) - 1.0) / step, abs(float(fit.tau_syn_ms[0]) / tau_syn_ms - 1.0) / step

"""Fits of exponential windows to sensors' readings, given the spike trains; compiled, since there are 131072 synapses.

A sensor pairs each spike with the partner's last one before it: a post spike adds ``A exp(-dt / tau)`` to the causal
sensor, a pre spike to the anti-causal one (brainscales2: correlation falls with the reading; nearest neighbours).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.compiled_code import compiler

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]

#: delays are sorted into bins of this width up to this delay, in ms; pairs further apart do not count
BIN_MS, BINS = 0.5, 160

#: time constants are looked for between these, in ms
SHORTEST_MS, LONGEST_MS = 1.0, 80.0

#: steps of the search; the interval shrinks to 0.618 of itself in each
_STEPS = 24

_compiled = compiler(nogil=True)

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


@_compiled
def _count_delays(early: Doubles, late: Doubles, reads: Doubles, counts: Singles) -> None:
    """Count, per reading and delay bin, spikes of `late` by the time since the last earlier spike of `early`."""
    counts[:] = 0.0
    before, read = 0, 0
    for k in range(len(late)):
        at = late[k]
        while before < len(early) and early[before] < at:
            before += 1
        while read < len(reads) and at > reads[read]:
            read += 1
        if read == len(reads):
            return
        if before == 0:
            continue
        place = int((at - early[before - 1]) / BIN_MS)
        if place < BINS:
            counts[read, place] += 1.0


@_compiled
def _window(tau: float, window: Doubles) -> None:
    factor = np.exp(-BIN_MS / tau)
    window[0] = np.exp(-0.5 * BIN_MS / tau)
    for k in range(1, BINS):
        window[k] = window[k - 1] * factor


@_compiled
def _sums(counts: Singles, window: Doubles, held: Doubles, used: Integers) -> tuple[float, float]:
    """Return sum(S y) and sum(S S) over the used readings, S being the window-weighted counts."""
    product, square = 0.0, 0.0
    for read in range(len(held)):
        if used[read] == 0:
            continue
        total = 0.0
        for k in range(BINS):
            total += counts[read, k] * window[k]
        product += total * held[read]
        square += total * total
    return product, square


@_compiled
def _gain(log_tau: float, counts: Singles, held: Doubles, used: Integers, window: Doubles) -> float:
    """Return by how much the best amplitude lowers the sum of squares at a time constant."""
    _window(np.exp(log_tau), window)
    product, square = _sums(counts, window, held, used)
    if square <= 0.0:
        return 0.0
    explained: float = product * product / square
    return explained


@_compiled
def _best_tau(counts: Singles, held: Doubles, used: Integers, window: Doubles) -> float:
    """Return the logarithm of the time constant that explains most: a coarse grid, then golden sections."""
    low, high, points = np.log(SHORTEST_MS), np.log(LONGEST_MS), 8
    best, most = low, -1.0
    # the residual may have several minima: a coarse grid finds the right valley
    for k in range(points + 1):
        at = low + (high - low) * k / points
        found = _gain(at, counts, held, used, window)
        if found > most:
            best, most = at, found
    step = (high - low) / points
    left, right = max(low, best - step), min(high, best + step)
    # golden sections need one evaluation per step and no derivative, which noise would spoil
    a, b = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    at_a, at_b = _gain(a, counts, held, used, window), _gain(b, counts, held, used, window)
    for _ in range(_STEPS):
        # of both inner points one is kept for the next section
        if at_a > at_b:
            right, b, at_b = b, a, at_a
            a = right - _GOLDEN * (right - left)
            at_a = _gain(a, counts, held, used, window)
        else:
            left, a, at_a = a, b, at_b
            b = left + _GOLDEN * (right - left)
            at_b = _gain(b, counts, held, used, window)
    middle: float = 0.5 * (left + right)
    return middle


@_compiled
def _fit(counts: Singles, held: Doubles, used: Integers, window: Doubles, result: Doubles) -> None:
    """Write amplitude, its error, tau, its error and the residual; NaN where there is nothing to fit."""
    result[:] = np.nan
    readings = 0
    for read in range(len(held)):
        readings += used[read]
    # two parameters go through two points, and leave nothing to tell the error by
    if readings < 3:
        return
    log_tau = _best_tau(counts, held, used, window)
    tau = np.exp(log_tau)
    _window(tau, window)
    product, square = _sums(counts, window, held, used)
    # no spike pairs at all
    if square <= 0.0:
        return
    amplitude = product / square
    # the Jacobian's normal matrix for (amplitude, log tau)
    aa, ab, bb, rest = 0.0, 0.0, 0.0, 0.0
    for read in range(len(held)):
        if used[read] == 0:
            continue
        total, slope = 0.0, 0.0
        for k in range(BINS):
            part = counts[read, k] * window[k]
            total += part
            slope += part * (k + 0.5) * BIN_MS / tau
        slope *= amplitude
        aa += total * total
        ab += total * slope
        bb += slope * slope
        rest += (held[read] - amplitude * total) ** 2
    noise = rest / (readings - 2)
    determinant = aa * bb - ab * ab
    result[0], result[2], result[4] = amplitude, tau, np.sqrt(rest / readings)
    # amplitude and time constant cannot be told apart otherwise
    if determinant > 0.0:
        result[1] = np.sqrt(noise * bb / determinant)
        result[3] = tau * np.sqrt(noise * aa / determinant)


@_compiled
def fit_rows(  # noqa: PLR0917 - compiled functions take arrays by position
    pre_times: Doubles,
    pre_start: Integers,
    post_times: Doubles,
    post_start: Integers,
    reads: Doubles,
    held: Singles,
    lowest: Singles,
    causal: bool,
    first: int,
    last: int,
    result: Singles,
) -> None:
    """Fit the sensors of sources `first` .. `last` - 1 onto all targets.

    Parameters
    ----------
    pre_times, pre_start, post_times, post_start
        Spike trains one after the other in ms, and where each one begins, with one more entry.
    reads
        Shape (sources, readings): when the row of a source is read, ms.
    held
        Shape (readings, sources, targets): baseline minus code, LSB.
    lowest
        Shape (sources, targets): readings that hold more than this are not proportional and are left out.
    result
        Shape (5, sources, targets): amplitude, its error, tau in ms, its error, and residual.
    """
    readings, targets = held.shape[0], held.shape[2]
    counts = np.zeros((readings, BINS), dtype=np.float32)
    # work space for all fits, since allocating it for each one would cost more than the fit
    window, found = np.zeros(BINS), np.zeros(5)
    values, used = np.zeros(readings), np.zeros(readings, dtype=np.int64)
    for i in range(first, last):
        pre = pre_times[pre_start[i] : pre_start[i + 1]]
        for j in range(targets):
            post = post_times[post_start[j] : post_start[j + 1]]
            for k in range(readings):
                # a strided column becomes a vector
                values[k] = held[k, i, j]
                used[k] = 1 if held[k, i, j] <= lowest[i, j] else 0
            # an anti-causal sensor pairs the same spikes the other way round
            if causal:
                _count_delays(pre, post, reads[i], counts)
            else:
                _count_delays(post, pre, reads[i], counts)
            _fit(counts, values, used, window, found)
            for k in range(5):
                result[k, i, j] = found[k]


def trains(time_ms: Doubles, neuron: NDArray[Any], size: int) -> tuple[Doubles, Integers]:
    """Return spike trains one after the other, and where each begins (with one more entry)."""
    order = np.argsort(neuron, kind="stable")
    counts = np.bincount(neuron, minlength=size)
    return np.ascontiguousarray(time_ms[order]), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

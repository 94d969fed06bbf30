"""The plane of both weights: drifts on a grid, and the lines on which a drift vanishes."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from sal_hw_studies.engines.ages.chain import fill_drifts
from sal_hw_studies.engines.ages.model import Floats

#: share of the range by which a zero may be outside of it
_EDGE = 1e-9


def drift_plane(
    weights_12: Floats,
    weights_21: Floats,
    *,
    bias_1: float,
    bias_2: float,
    tau_ref_steps: int,
    psp: Floats,
    causal: Floats,
    anticausal: Floats,
) -> Floats:
    """Return the drifts of both weights on a grid.

    Parameters
    ----------
    weights_12, weights_21
        Shapes (rows,) and (columns,), in log odds.
    bias_1, bias_2, tau_ref_steps, psp
        As in :class:`sal_hw_studies.engines.ages.PairModel`.
    causal, anticausal
        Shape (longest,): window at t = 1, 2, ... and at t = -1, -2, ... steps.

    Returns
    -------
    (2, rows, columns) float64
        Mean window over all pairs for weight_21, then for weight_12; see
        :meth:`sal_hw_studies.engines.ages.SpikeTiming.drift_21`.
    """
    drifts = np.empty((2, weights_12.size, weights_21.size))
    biases = (float(bias_1), float(bias_2))
    fill_drifts(drifts, weights_12, weights_21, biases, psp, tau_ref_steps, causal, anticausal)
    return drifts


def nullcline(weights: Floats, drifts: Floats) -> Floats:
    """Return where a drift vanishes in each row, by a cubic spline through the row.

    Parameters
    ----------
    weights
        Shape (columns,), rising.
    drifts
        Shape (rows, columns).

    Returns
    -------
    (rows,) float64
        Weight at the zero, in the units of `weights`; NaN where a row has none in its range. Where it has several, the
        one that is nearest to the row's place among the weights, if there are as many rows as weights, else the first.
    """
    found = np.full(len(drifts), np.nan)
    for row, values in enumerate(drifts):
        zeros = _crossings(weights, values)
        if zeros.size:
            nearest = np.abs(zeros - weights[row]).argmin() if len(drifts) == weights.size else 0
            found[row] = zeros[nearest]
    return found


def _crossings(weights: Floats, values: Floats) -> Floats:
    roots = np.atleast_1d(CubicSpline(weights, values).roots())
    low, high = weights[0], weights[-1]
    # rounding must not push a zero at either end out of the range; where a spline is zero throughout, its roots are NaN
    margin = _EDGE * (high - low)
    inside = np.isfinite(roots) & (roots >= low - margin) & (roots <= high + margin)
    return np.asarray(np.clip(roots[inside], low, high), dtype=np.float64)


def mean_deviation(weights: Floats, zeros: Floats) -> float:
    """Return the mean of |w - w'| / |w + w'| along a nullcline w'(w), by the trapezoidal rule.

    Source of the measure: arXiv 2503.02642, figure 11. It is 0 if the nullcline is the diagonal.

    Parameters
    ----------
    weights, zeros
        Shape (points,): w and w'; NaN where there is no zero. Only stretches between neighbouring points that have one
        count.

    Returns
    -------
    float
        NaN if there is no such stretch.
    """
    difference, total = np.abs(weights - zeros), np.abs(weights + zeros)
    # at w = w' = 0 the two are equal
    ratio = np.divide(difference, total, out=np.where(np.isnan(zeros), np.nan, 0.0), where=difference > 0.0)
    lengths = np.diff(weights)
    heights = (ratio[1:] + ratio[:-1]) / 2.0
    covered = np.isfinite(heights)
    return float((heights[covered] * lengths[covered]).sum() / lengths[covered].sum()) if covered.any() else np.nan

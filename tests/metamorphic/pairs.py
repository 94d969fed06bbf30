"""What SAL learns from spikes, pair by pair, as its definition says and as some targets have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import Spikes

Doubles = NDArray[np.float64]


def trains(spikes: Spikes, size: int) -> list[Doubles]:
    """Return the spike times of each neuron, ms, in order."""
    return [np.sort(np.rint(spikes.time_ms[spikes.neuron == neuron])) for neuron in range(size)]


def all_pairs(pre: Doubles, post: Doubles, tau_ms: float, *, simultaneous: float = 0.0) -> float:
    """Return anti-causal minus causal pairs.

    Parameters
    ----------
    simultaneous
        What a pair of simultaneous spikes counts as an anti-causal one, and by which all of these are scaled; 0 leaves
        such pairs out.
    """
    lags = np.subtract.outer(post, pre)
    size = np.exp(-np.abs(lags) / tau_ms)
    anticausal = size[lags < 0.0].sum() if not simultaneous else simultaneous * size[lags <= 0.0].sum()
    return float(anticausal - size[lags > 0.0].sum())


def nearest_pairs(pre: Doubles, post: Doubles, tau_ms: float, begin: float, end: float) -> float:
    """Return anti-causal minus causal pairs of each spike in a stretch with the partner's last earlier one."""
    return _after_last(pre, post, tau_ms, begin, end) - _after_last(post, pre, tau_ms, begin, end)


def _after_last(late: Doubles, early: Doubles, tau_ms: float, begin: float, end: float) -> float:
    late = late[(late >= begin) & (late < end)]
    place = np.searchsorted(early, late)
    ages = (late - early[place - 1])[place > 0]
    return float(np.exp(-ages / tau_ms).sum())

"""Spike timing of a reciprocal pair of sampling neurons, exactly: a Markov chain on the ages of their last spikes."""

from sal_hw_studies.engines.ages.model import PairModel, alpha_psp, rectangular_psp
from sal_hw_studies.engines.ages.planes import drift_plane, mean_deviation, nullcline
from sal_hw_studies.engines.ages.timing import SpikeTiming, spike_timing, stationary_ages, window_values

__all__ = [
    "PairModel",
    "SpikeTiming",
    "alpha_psp",
    "drift_plane",
    "mean_deviation",
    "nullcline",
    "rectangular_psp",
    "spike_timing",
    "stationary_ages",
    "window_values",
]

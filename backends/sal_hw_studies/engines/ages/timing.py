"""Distributions of spike-timing differences, and what a plasticity window makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sal_hw.spec.windows import WindowShape, window_at
from sal_hw_studies.engines.ages.chain import after_spikes, all_ages, next_spikes
from sal_hw_studies.engines.ages.model import Floats, PairModel


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpikeTiming:
    """Distribution of t = (spike of the second neuron) - (spike of the first), over nearest pairs.

    Attributes
    ----------
    later
        Shape (longest,): probabilities of t = 1, 2, ...; their sum is 1/2.
    earlier
        Shape (longest,): probabilities of t = -1, -2, ...; their sum is 1/2.
    """

    later: Floats
    earlier: Floats

    def drift_21(self, causal: Floats, anticausal: Floats) -> float:
        """Return the mean window over all pairs, as the weight from the first onto the second neuron sees them.

        Parameters
        ----------
        causal, anticausal
            Shape (longest,): window at t = 1, 2, ... and at t = -1, -2, ...
        """
        return float((self.later * causal).sum() + (self.earlier * anticausal).sum())

    def drift_12(self, causal: Floats, anticausal: Floats) -> float:
        """Return the same for the weight from the second onto the first neuron."""
        return float((self.earlier * causal).sum() + (self.later * anticausal).sum())


def spike_timing(model: PairModel, longest_steps: int) -> SpikeTiming:
    """Return how the spikes of a pair lie relative to each other, in the stationary state.

    After a spike of one neuron the next one of the other counts, unless the first spikes again before; a simultaneous
    spike of both ends the wait as well and counts. Either sign is normalised to 1/2, as in arXiv 2503.02642, figure 2c.

    Parameters
    ----------
    longest_steps
        Longest difference; the probabilities are conditional on not exceeding it.
    """
    first, second = model.spike_probabilities()
    after = after_spikes(first, second, model.tau_ref_steps)
    later = next_spikes(after, first, second, model.tau_ref_steps, longest_steps, False)
    earlier = next_spikes(after, first, second, model.tau_ref_steps, longest_steps, True)
    return SpikeTiming(later=later * (0.5 / later.sum()), earlier=earlier * (0.5 / earlier.sum()))


def stationary_ages(model: PairModel) -> Floats:
    """Return the stationary distribution of the ages of both neurons, shape (oldest age + 1, oldest age + 1).

    An age is the number of steps since the last spike, 0 in the step of the spike; rows are ages of the first neuron.
    """
    first, second = model.spike_probabilities()
    after: Floats = after_spikes(first, second, model.tau_ref_steps)
    ages: Floats = all_ages(after, first, second, model.tau_ref_steps)
    return ages


def window_values(shape: WindowShape, amplitude: float, tau_steps: float, longest_steps: int) -> Floats:
    """Return one side of a plasticity window at the distances 1 .. longest, shape (longest,)."""
    return amplitude * window_at(shape, np.arange(1, longest_steps + 1, dtype=np.float64), tau_steps)

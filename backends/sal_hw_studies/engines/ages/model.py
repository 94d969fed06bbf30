"""Two neurons and what passes between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PairModel:
    """A reciprocal pair of sampling neurons.

    A neuron whose last spike is `a` steps ago cannot spike for a < tau_ref; then it spikes in each step with the
    probability 1 / (1 + tau_ref exp(-u)), u = bias + weight psp(age of the other neuron). This is the discretisation
    ``consistent`` of :class:`sal_hw.spec.network.NetworkSpec`.

    Attributes
    ----------
    weight_21, weight_12
        From the first neuron onto the second, and from the second onto the first, in log odds.
    bias_1, bias_2
        In log odds.
    tau_ref_steps
        Shortest interval between spikes of one neuron.
    psp
        Shape (oldest age + 1,), no unit: PSP by the number of steps since the spike. An age beyond the oldest counts
        as the oldest, which is at least tau_ref. The entry of age 0 has no effect.
    """

    weight_21: float
    weight_12: float
    bias_1: float
    bias_2: float
    tau_ref_steps: int
    psp: Floats

    def __post_init__(self) -> None:
        if self.psp.ndim != 1 or self.psp.size <= self.tau_ref_steps:
            raise ValueError(f"the PSP must be known up to the age tau_ref, {self.tau_ref_steps}, at least")

    def spike_probabilities(self) -> tuple[Floats, Floats]:
        """Return the probability per step of a spike of either neuron, by the age of the other, outside refractoriness.

        Returns
        -------
        tuple of (oldest age + 1,) float64
            Of the first neuron by the age of the second, and the reverse.
        """
        first = spike_probability(self.bias_1 + self.weight_12 * self.psp, self.tau_ref_steps)
        second = spike_probability(self.bias_2 + self.weight_21 * self.psp, self.tau_ref_steps)
        return first, second


def spike_probability(potential: Floats, tau_ref_steps: int) -> Floats:
    """Return 1 / (1 + tau_ref exp(-u)) for potentials u in log odds."""
    odds = np.exp(np.asarray(potential, dtype=np.float64))
    return np.asarray(odds / (odds + tau_ref_steps))


def rectangular_psp(tau_ref_steps: int, oldest_age: int | None = None) -> Floats:
    """Return the PSP that is 1 for tau_ref - 1 steps after a spike.

    Parameters
    ----------
    oldest_age
        Oldest age that is told apart; tau_ref already gives the exact distribution.
    """
    ages = np.arange((tau_ref_steps if oldest_age is None else oldest_age) + 1)
    return (ages < tau_ref_steps).astype(np.float64)


def alpha_psp(tau_ref_steps: int, tau_syn_steps: float, oldest_age: int | None = None) -> Floats:
    """Return z tau_ref / tau_syn^2 exp(-z / tau_syn) at the ages z (arXiv 2503.02642, figure 11).

    Parameters
    ----------
    tau_syn_steps
        Time from a spike to the maximum of the PSP; the area is tau_ref whatever it is.
    oldest_age
        Oldest age that is told apart; None is eight times the larger time constant, where 0.3 % of the area is left.
    """
    longest = oldest_age if oldest_age is not None else int(np.ceil(8.0 * max(tau_ref_steps, tau_syn_steps)))
    ages = np.arange(longest + 1, dtype=np.float64)
    return np.asarray(ages * tau_ref_steps / tau_syn_steps**2 * np.exp(-ages / tau_syn_steps))

"""Sums over the spike pairs of two neurons, with their statistical error, piece by piece."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.spec.windows import reach, window_at
from sal_hw_studies.schemas.reciprocal import TimingWindow

Floats: TypeAlias = NDArray[np.float64]
Steps: TypeAlias = NDArray[np.int64]

#: a pair that counts less than exp(-16), about 1e-7, of a close one is left out
_E_FOLDS = 16.0


class PairDrift:
    """Sums a window over the pairs of spikes of neurons 0 and 1.

    Parameters
    ----------
    window
        What weighs ``t = t_1 - t_0``.
    pairing
        Which pairs count, see :class:`sal_hw_studies.schemas.dale_network.DaleNetworkProtocol`.
    tau_ref_steps
        Time constant of the window where it has none of its own, and unit of time of the result.
    """

    def __init__(
        self, window: TimingWindow, pairing: Literal["adjacent", "nearest", "all"], tau_ref_steps: int
    ) -> None:
        self._window, self._pairing, self._tau_ref = window, pairing, tau_ref_steps
        self._tau = (
            float(window.tau_causal_steps or tau_ref_steps),
            float(window.tau_anticausal_steps or tau_ref_steps),
        )
        self._reach = max(reach(window.shape, tau, _E_FOLDS) for tau in self._tau)
        self._steps: Steps = np.zeros(0, np.int64)
        self._neurons: NDArray[np.int32] = np.zeros(0, np.int32)
        self._sums: list[float] = []
        self._counts: list[int] = []

    def consume(self, steps: Steps, neurons: NDArray[np.int32]) -> None:
        """Count the pairs whose later spike is among new spikes, which come in order."""
        kept = neurons < 2
        new = int(kept.sum())
        self._steps = np.concatenate([self._steps, steps[kept]])
        self._neurons = np.concatenate([self._neurons, neurons[kept]])
        first = self._steps.size - new
        self._sums.append(self._sum_from(first))
        self._counts.append(new)
        oldest = (self._steps[-1] if self._steps.size else 0) - self._reach
        # the last spike of either neuron is enough for the nearest pairs, earlier ones lie within reach
        forget = min(int(np.searchsorted(self._steps, oldest)), max(0, self._steps.size - 64))
        self._steps, self._neurons = self._steps[forget:], self._neurons[forget:]

    def _sum_from(self, first: int) -> float:
        match self._pairing:
            case "adjacent":
                return self._of_distance(1, first)
            case "nearest":
                return self._nearest(first)
            case "all":
                return self._until_empty(first, self._steps.size)
            case _:
                assert_never(self._pairing)

    def _of_distance(self, places: int, first: int) -> float:
        """Sum the pairs that stand so many places apart in the order of all spikes."""
        later = np.arange(max(first, places), self._steps.size)
        return self._weigh(later - places, later)

    def _until_empty(self, first: int, farthest: int) -> float:
        total, places = 0.0, 1
        while places < farthest:
            later = np.arange(max(first, places), self._steps.size)
            apart = self._steps[later] - self._steps[later - places]
            if not later.size or apart.min() > self._reach:
                break
            total += self._weigh(later - places, later)
            places += 1
        return total

    def _nearest(self, first: int) -> float:
        """Sum the pairs of each spike with the other neuron's last one in an earlier step."""
        total = 0.0
        for neuron in (0, 1):
            mine, others = np.flatnonzero(self._neurons == neuron), np.flatnonzero(self._neurons != neuron)
            mine = mine[mine >= first]
            place = np.searchsorted(self._steps[others], self._steps[mine], side="left") - 1
            total += self._weigh(others[place[place >= 0]], mine[place >= 0])
        return total

    def _weigh(self, earlier: NDArray[np.intp], later: NDArray[np.intp]) -> float:
        apart = (self._steps[later] - self._steps[earlier]).astype(np.float64)
        ordered = self._neurons[later].astype(np.int64) - self._neurons[earlier]
        window = self._window
        total = 0.0
        amplitudes = (window.amplitude_causal, window.amplitude_anticausal)
        for sign, tau, amplitude in zip((1, -1), self._tau, amplitudes, strict=True):
            chosen = apart[(ordered == sign) & (apart > 0.0)]
            total += amplitude * float(window_at(window.shape, chosen, tau).sum())
        return total

    def mean(self, steps: int) -> Floats:
        """Return the sum per refractory time and its standard error, shape (2,).

        The error comes from how far the sums of successive pieces, each of thousands of spikes and so nearly
        independent of the next, are from their share by the number of spikes; it is NaN if there is only one piece.
        """
        scale, sums, counts = self._tau_ref / steps, np.array(self._sums), np.array(self._counts)
        if sums.size < 2:
            return np.array([sums.sum() * scale, np.nan])
        rest = sums - sums.sum() * counts / max(1, counts.sum())
        error = np.sqrt(np.sum(rest**2) * sums.size / (sums.size - 1))
        return np.array([sums.sum() * scale, error * scale])

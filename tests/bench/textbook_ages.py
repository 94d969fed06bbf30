"""The chain on ages as one would write it with NumPy: the whole plane of ages, moved step by step until it rests."""

from __future__ import annotations

import numpy as np


def probabilities(
    tau: int, size: int, biases: tuple[float, float], weight_21: float, weight_12: float, psp: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the spike probabilities of both neurons by both ages before the step, shape (size, size)."""
    ages = np.arange(size)
    next_psp = psp[np.minimum(ages + 1, size - 1)]
    may = ages + 1 >= tau
    one = 1.0 / (1.0 + tau * np.exp(-biases[0] - weight_12 * next_psp))
    two = 1.0 / (1.0 + tau * np.exp(-biases[1] - weight_21 * next_psp))
    return np.outer(may, one), np.outer(two, may)


def _aged(mass: np.ndarray) -> np.ndarray:
    """Return the mass of pairs of which neither spikes, one step later; the oldest stay the oldest."""
    moved = np.zeros_like(mass)
    moved[1:, 1:] += mass[:-1, :-1]
    moved[-1, 1:] += mass[-1, :-1]
    moved[1:, -1] += mass[:-1, -1]
    moved[-1, -1] += mass[-1, -1]
    return moved


def _reset(by_age: np.ndarray) -> np.ndarray:
    """Return the mass by the age of a silent neuron, one step later."""
    moved = np.zeros_like(by_age)
    moved[1:] = by_age[:-1]
    moved[-1] += by_age[-1]
    return moved


def stationary(one: np.ndarray, two: np.ndarray, *, tolerance: float = 1e-14) -> np.ndarray:
    """Return the stationary distribution of both ages by repeated steps."""
    mass = np.zeros_like(one)
    mass[-1, -1] = 1.0
    while True:
        after = _aged(mass * (1.0 - one) * (1.0 - two))
        after[0] += _reset((mass * one * (1.0 - two)).sum(axis=0))
        after[:, 0] += _reset((mass * two * (1.0 - one)).sum(axis=1))
        after[0, 0] += (mass * one * two).sum()
        if np.abs(after - mass).sum() < tolerance:
            return after / after.sum()
        mass = after


def later_spikes(ages: np.ndarray, one: np.ndarray, two: np.ndarray, longest: int) -> np.ndarray:
    """Return when the second neuron spikes after one of the first, with a sum of 1/2."""
    mass = np.zeros_like(ages)
    mass[0] = ages[0]
    found = np.empty(longest)
    for step in range(longest):
        found[step] = (mass * two).sum()
        mass = _aged(mass * (1.0 - one) * (1.0 - two))
    return found / (2.0 * found.sum())

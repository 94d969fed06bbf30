"""Boltzmann distributions over binary states: enumeration, moments and random problems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Moments
from sal_hw.spec.protocols import BetaTarget


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Boltzmann:
    """``p(z) ~ exp(z W z / 2 + b z)`` over z in {0, 1}^N.

    Attributes
    ----------
    weights
        Shape (N, N), symmetric, zero diagonal.
    biases
        Shape (N,).
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    def probabilities(self) -> NDArray[np.float64]:
        """Return p(z), shape (2**N,); the first neuron is the most significant bit of the state's number."""
        states = all_states(len(self.biases))
        energies = 0.5 * np.einsum("si,ij,sj->s", states, self.weights, states) + states @ self.biases
        unnormalized = np.exp(energies - energies.max())
        return np.asarray(unnormalized / unnormalized.sum())

    def moments(self) -> Moments:
        """Return the exact first and second moments."""
        states, probabilities = all_states(len(self.biases)), self.probabilities()
        return Moments(mean=probabilities @ states, coactivation=states.T @ (states * probabilities[:, None]))


def all_states(n_neurons: int) -> NDArray[np.float64]:
    """Return all binary states, shape (2**N, N), in the order of their numbers."""
    numbers = np.arange(2**n_neurons)[:, None]
    return np.asarray((numbers >> np.arange(n_neurons - 1, -1, -1)) & 1, dtype=np.float64)


def mirrored(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper triangle and its mirror image, with a zero diagonal."""
    upper = np.triu(matrix, k=1)
    return upper + upper.T


def draw_beta_problem(target: BetaTarget, n_neurons: int) -> Boltzmann:
    """Draw a random distribution; the order of draws is that of arXiv 2503.02642 (figures 4 and 5).

    One generator: N x N numbers from Beta(alpha, beta) for the weights, then N for the biases; ``2 x - 1`` each.
    """
    rng = np.random.default_rng(target.seed)
    weights = 2.0 * rng.beta(target.alpha, target.beta, (n_neurons, n_neurons)) - 1.0
    biases = 2.0 * rng.beta(target.alpha, target.beta, n_neurons) - 1.0
    return Boltzmann(weights=mirrored(weights), biases=biases)

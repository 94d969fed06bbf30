"""Boltzmann distributions against loops over all states, and the order of drawn numbers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from sal_hw.experiment.boltzmann import Boltzmann, all_states, draw_beta_problem, mirrored
from sal_hw.spec.protocols import BetaTarget


def test_states_are_numbered_with_the_first_neuron_as_most_significant_bit() -> None:
    np.testing.assert_array_equal(all_states(3), list(product([0, 1], repeat=3)))


def test_boltzmann_agrees_with_a_double_loop() -> None:
    rng = np.random.default_rng(13)
    size = 5
    weights, biases = mirrored(rng.normal(size=(size, size))), rng.normal(size=size)
    unnormalized, states = [], list(product([0, 1], repeat=size))
    for state in states:
        energy = 0.0
        for i in range(size):
            energy += biases[i] * state[i]
            for j in range(i + 1, size):
                energy += weights[i, j] * state[i] * state[j]
        unnormalized.append(math.exp(energy))
    expected = np.array(unnormalized) / math.fsum(unnormalized)
    mean, coactivation = np.zeros(size), np.zeros((size, size))
    for probability, state in zip(expected, states, strict=True):
        for i in range(size):
            mean[i] += probability * state[i]
            for j in range(size):
                coactivation[i, j] += probability * state[i] * state[j]
    boltzmann = Boltzmann(weights=weights, biases=biases)
    moments = boltzmann.moments()
    # roundings of sums over 32 states
    np.testing.assert_allclose(boltzmann.probabilities(), expected, rtol=1e-13)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(moments.coactivation, coactivation, rtol=1e-13)


def test_boltzmann_does_not_overflow() -> None:
    found = Boltzmann(weights=np.zeros((2, 2)), biases=np.array([2000.0, -2000.0])).probabilities()
    np.testing.assert_array_equal(found, [0.0, 0.0, 1.0, 0.0])


def test_beta_problem_draws_all_weights_before_the_biases() -> None:
    size = 4
    found = draw_beta_problem(BetaTarget(seed=4242, alpha=0.7, beta=1.3), size)
    draws = np.random.default_rng(4242).beta(0.7, 1.3, size * size + size)
    scaled = 2.0 * draws - 1.0
    np.testing.assert_array_equal(found.biases, scaled[size * size :])
    for i in range(size):
        assert found.weights[i, i] == 0.0
        for j in range(i + 1, size):
            assert found.weights[i, j] == found.weights[j, i] == scaled[size * i + j]

"""What a scientist writes first: a dense time-stepped sampler, then separate passes over its spikes.

The yardstick of the sampling benchmarks. Every step computes all potentials by a double loop over a history of ten
spikes per neuron; rates, states and two kinds of pair sums (wake-sleep and SAL) are separate passes.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

HISTORY = 10
NEVER = -1_000_000_000


@numba.njit(cache=True)
def sample(weights, biases, tau_ref, tau_syn, steps, seed):
    """Return times and 0-based neurons of all spikes; weights[i, j] is from j to i."""
    np.random.seed(seed)  # noqa: NPY002 - numba knows only this generator
    n = len(biases)
    history = np.full((n, HISTORY), NEVER)
    times, neurons = [], []
    fired = np.zeros(n, dtype=np.bool_)
    for t in range(steps):
        for i in range(n):
            u = biases[i]
            for j in range(n):
                kappa = 0.0
                for k in range(HISTORY):
                    if 0 < t - history[j, k] < tau_syn:
                        kappa = 1.0
                u += weights[i, j] * kappa
            p = 1.0 / (1.0 + math.exp(-(u - math.log(tau_ref))))
            fired[i] = np.random.random() < p and t - history[i, 0] > tau_ref  # noqa: NPY002
        for i in range(n):
            if fired[i]:
                for k in range(HISTORY - 1, 0, -1):
                    history[i, k] = history[i, k - 1]
                history[i, 0] = t
                times.append(t)
                neurons.append(i)
    return np.array(times), np.array(neurons)


@numba.njit(cache=True)
def kernel(dt, a_plus, a_minus, tau):
    """Triangular window of a time difference post - pre."""
    if 0 < dt < tau:
        return a_plus * (1.0 - dt / tau)
    if -tau < dt < 0:
        return a_minus * (1.0 + dt / tau)
    return 0.0


@numba.njit(cache=True)
def pair_sums(times, neurons, n, a_plus, a_minus, tau):
    """Return S[i, j] over nearest pairs; each spike looks at the last spike of every other neuron."""
    sums = np.zeros((n, n))
    last = np.full(n, NEVER)
    for spike in range(len(times)):
        t, i = times[spike], neurons[spike]
        for j in range(n):
            if j != i:
                sums[i, j] += kernel(t - last[j], a_plus, a_minus, tau)
                sums[j, i] += kernel(last[j] - t, a_plus, a_minus, tau)
        last[i] = t
    return sums


@numba.njit(cache=True)
def state_histogram(times, neurons, n, tau_ref, steps):
    """Count joint states, looked at every half refractory time."""
    counts = np.zeros(2**n, dtype=np.int64)
    last = np.full(n, NEVER)
    spike = 0
    for s in range(0, steps, tau_ref // 2):
        while spike < len(times) and times[spike] < s:
            last[neurons[spike]] = times[spike]
            spike += 1
        state = 0
        for i in range(n):
            state = 2 * state + (1 if s - last[i] <= tau_ref else 0)
        counts[state] += 1
    return counts


def iteration(
    weights: NDArray[np.float64], biases: NDArray[np.float64], tau_ref: int, steps: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return rates, wake-sleep sums, SAL sums and the state histogram of one training iteration."""
    n = len(biases)
    times, neurons = sample(weights, biases, tau_ref, tau_ref, steps, seed)
    counts = np.bincount(neurons, minlength=n)
    wake_sleep = pair_sums(times, neurons, n, 1.0, 1.0, tau_ref)
    alignment = pair_sums(times, neurons, n, -1.0, 1.0, tau_ref)
    return counts, wake_sleep, alignment, state_histogram(times, neurons, n, tau_ref, steps)

"""The chain itself, as compiled loops.

Between two spikes nothing but time changes the ages, so it is enough to know the pair right after each spike: one
neuron has the age 0, the other any age z. These are the states ``z`` (the first neuron has just spiked; 0 is both) and
``oldest + z`` (the second has). Their stationary distribution is found without subtractions (Grassmann, Taksar and
Heyman, 1985), so every entry is accurate to rounding, however rare the state.

``first[z]`` and ``second[z]`` are the spike probabilities of the first and second neuron if the other's age is z.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.compiled_code import compiler

Floats: TypeAlias = NDArray[np.float64]

#: No fast mathematics: results are the same bits on every call.
compiled = compiler(nogil=True, error_model="numpy")


@compiled
def _fill_row(row: Floats, age_1: int, age_2: int, first: Floats, second: Floats, tau_ref: int) -> None:
    """Write the probabilities of the states after the next spike of a pair that now has these ages."""
    oldest = first.size - 1
    silent = 1.0
    while age_1 < oldest or age_2 < oldest:
        age_1, age_2 = min(age_1 + 1, oldest), min(age_2 + 1, oldest)
        one = first[age_2] if age_1 >= tau_ref else 0.0
        two = second[age_1] if age_2 >= tau_ref else 0.0
        row[0] += silent * one * two
        row[age_2] += silent * one * (1.0 - two)
        row[oldest + age_1] += silent * (1.0 - one) * two
        silent *= (1.0 - one) * (1.0 - two)
    # from here on every step is like the one before
    one, two = first[oldest], second[oldest]
    any_spike = one + two - one * two
    row[0] += silent * one * two / any_spike
    row[oldest] += silent * one * (1.0 - two) / any_spike
    row[2 * oldest] += silent * (1.0 - one) * two / any_spike


@compiled
def after_spikes(first: Floats, second: Floats, tau_ref: int) -> Floats:
    """Return the stationary distribution of the states right after a spike, shape (2 oldest + 1,)."""
    oldest = first.size - 1
    n_states = 2 * oldest + 1
    moves = np.zeros((n_states, n_states))
    # after a spike one age is 0 and the other one any: so few states instead of all pairs of ages
    for age in range(oldest + 1):
        _fill_row(moves[age], 0, age, first, second, tau_ref)
    for age in range(1, oldest + 1):
        _fill_row(moves[oldest + age], age, 0, first, second, tau_ref)
    # states are eliminated one by one, without a subtraction, so that even tiny probabilities are exact
    # (Grassmann, Taksar and Heyman 1985)
    for last in range(n_states - 1, 0, -1):
        total = moves[last, :last].sum()
        for state in range(last):
            moves[state, last] /= total
            # many moves are impossible, and adding nothing costs as much as adding something
            if moves[state, last] > 0.0:
                share = moves[state, last]
                for other in range(last):
                    moves[state, other] += share * moves[last, other]
    weights = np.zeros(n_states)
    weights[0] = 1.0
    # back again: each state from those that were eliminated after it
    for state in range(1, n_states):
        for other in range(state):
            weights[state] += weights[other] * moves[other, state]
    weights /= weights.sum()
    return weights


@compiled
def next_spikes(after: Floats, first: Floats, second: Floats, tau_ref: int, longest: int, swapped: bool) -> Floats:
    """Return how likely the other neuron spikes t = 1 .. longest steps after a spike, before this one spikes again.

    A spike of both at once counts. ``swapped`` looks from the second neuron, else from the first; the result has the
    shape (longest,) and is conditional on the spike.
    """
    oldest = first.size - 1
    # both directions of time differences with one piece of code
    own, other = (second, first) if swapped else (first, second)
    found = np.zeros(longest)
    total = 0.0
    for start in range(oldest + 1):
        # states in which this neuron has just spiked; the first one, of both at once, belongs to either
        here = after[start if start == 0 or not swapped else oldest + start]
        total += here
        age = start
        silent = here
        for step in range(1, longest + 1):
            age = min(age + 1, oldest)
            # until this neuron spikes again its age is the number of steps
            mine = own[age] if step >= tau_ref else 0.0
            its = other[min(step, oldest)] if age >= tau_ref else 0.0
            # a spike of both at once counts
            found[step - 1] += silent * its
            silent *= (1.0 - mine) * (1.0 - its)
    # given that this neuron has spiked
    found /= total
    return found


@compiled
def all_ages(after: Floats, first: Floats, second: Floats, tau_ref: int) -> Floats:
    """Return the stationary distribution of both ages after each step, shape (oldest + 1, oldest + 1)."""
    oldest = first.size - 1
    found = np.zeros((oldest + 1, oldest + 1))
    for state in range(2 * oldest + 1):
        age_1, age_2 = (0, state) if state <= oldest else (state - oldest, 0)
        silent = after[state]
        while age_1 < oldest or age_2 < oldest:
            found[age_1, age_2] += silent
            age_1, age_2 = min(age_1 + 1, oldest), min(age_2 + 1, oldest)
            one = first[age_2] if age_1 >= tau_ref else 0.0
            two = second[age_1] if age_2 >= tau_ref else 0.0
            silent *= (1.0 - one) * (1.0 - two)
        any_spike = first[oldest] + second[oldest] - first[oldest] * second[oldest]
        found[oldest, oldest] += silent / any_spike
    found /= found.sum()
    return found


@compiled
def fill_drifts(
    drifts: Floats,
    weights_12: Floats,
    weights_21: Floats,
    biases: tuple[float, float],
    psp: Floats,
    tau_ref: int,
    causal: Floats,
    anticausal: Floats,
) -> None:
    """Write the drifts of both weights, shape (2, weights_12, weights_21): of weight_21, then of weight_12.

    ``causal`` and ``anticausal`` are the window at t = 1, 2, ... and -1, -2, ...
    """
    for row in range(weights_12.size):
        # what depends on one weight only is computed once per row
        odds = np.exp(biases[0] + weights_12[row] * psp)
        first = odds / (odds + tau_ref)
        for column in range(weights_21.size):
            odds = np.exp(biases[1] + weights_21[column] * psp)
            second = odds / (odds + tau_ref)
            after = after_spikes(first, second, tau_ref)
            later = next_spikes(after, first, second, tau_ref, causal.size, False)
            earlier = next_spikes(after, first, second, tau_ref, causal.size, True)
            # either sign is normalised to one half, as in arXiv 2503.02642, figure 2c
            later *= 0.5 / later.sum()
            earlier *= 0.5 / earlier.sum()
            drifts[0, row, column] = (later * causal).sum() + (earlier * anticausal).sum()
            # seen from the other synapse time runs backwards
            drifts[1, row, column] = (earlier * causal).sum() + (later * anticausal).sum()

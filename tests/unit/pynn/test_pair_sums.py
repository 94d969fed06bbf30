"""Pair sums of the host loop against sums over all pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.program import LoweredSal, LoweredWindow
from sal_hw_pynn.pair_sums import PairSums, Train

SIZES = (2, 3)


def rule(pairing: Literal["nearest", "all"]) -> LoweredSal:
    return LoweredSal(
        name="rule",
        forward="there",
        backward="back",
        update_steps=100,
        gain=1.0,
        causal=LoweredWindow(shape="exponential", tau_steps=7.0, pairing=pairing),
        anticausal=LoweredWindow(shape="exponential", tau_steps=13.0, pairing=pairing),
        backward_amplitude=np.ones(SIZES),
    )


def train(events: set[tuple[int, int]]) -> Train:
    rows = np.array(sorted(events), dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def by_hand(pre: Train, post: Train, pairing: str) -> np.ndarray:
    sums = np.zeros(SIZES)
    for i in range(SIZES[0]):
        for j in range(SIZES[1]):
            a, b = pre[0][pre[1] == i], post[0][post[1] == j]
            for time in a:
                ages = time - b[b < time]
                ages = ages[-1:] if pairing == "nearest" else ages
                sums[i, j] += np.exp(-ages / 13.0).sum()
            for time in b:
                ages = time - a[a < time]
                ages = ages[-1:] if pairing == "nearest" else ages
                sums[i, j] -= np.exp(-ages / 7.0).sum()
    return sums


def events(size: int) -> st.SearchStrategy[set[tuple[int, int]]]:
    return st.sets(st.tuples(st.integers(0, 60), st.integers(0, size - 1)), max_size=25)


@pytest.mark.parametrize("pairing", ["nearest", "all"])
@settings(max_examples=60)
@given(pre=events(SIZES[0]), post=events(SIZES[1]), cut=st.integers(0, 61))
def test_sums_are_those_over_all_pairs(
    pairing: Literal["nearest", "all"], pre: set[tuple[int, int]], post: set[tuple[int, int]], cut: int
) -> None:
    sums = PairSums(rule(pairing), *SIZES)
    found = sum(
        sums.take(train({event for event in pre if keep(event[0])}), train({event for event in post if keep(event[0])}))
        for keep in (lambda step: step < cut, lambda step: step >= cut)
    )
    # sums of at most a few hundred terms of at most 1
    np.testing.assert_allclose(found, by_hand(train(pre), train(post), pairing), rtol=0.0, atol=1e-12)


def test_an_anticausal_pair_counts_positive_and_a_simultaneous_one_nothing() -> None:
    sums = PairSums(rule("all"), *SIZES)
    found = sums.take(train({(10, 0), (20, 1)}), train({(10, 0), (17, 2)}))
    wanted = np.zeros(SIZES)
    wanted[0, 2] = -np.exp(-7 / 7.0)
    wanted[1, 0], wanted[1, 2] = np.exp(-10 / 13.0), np.exp(-3 / 13.0)
    np.testing.assert_allclose(found, wanted, rtol=1e-15)

"""Speed of the chain on ages, as ratios to the textbook program in the same process.

The textbook moves the whole plane of ages until it rests; ours only looks at the pair right after each spike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
import textbook_ages
from pytest_benchmark.fixture import BenchmarkFixture

from sal_hw_studies.engines.ages import (
    PairModel,
    drift_plane,
    rectangular_psp,
    spike_timing,
    stationary_ages,
    window_values,
)

TAU = 50
MODEL = PairModel(weight_21=0.8, weight_12=0.4, bias_1=-0.5, bias_2=-0.5, tau_ref_steps=TAU, psp=rectangular_psp(TAU))


def _median_s(call: Callable[[], object], rounds: int) -> float:
    call()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return median(times)


def _textbook() -> tuple[np.ndarray, np.ndarray]:
    one, two = textbook_ages.probabilities(TAU, TAU + 1, (-0.5, -0.5), 0.8, 0.4, MODEL.psp)
    ages = textbook_ages.stationary(one, two)
    return ages, textbook_ages.later_spikes(ages, one, two, 101)


def test_time_differences(benchmark: BenchmarkFixture) -> None:
    """Distribution of time differences at tau_ref 50: at most 50 ms, and at least 50 times faster than the textbook."""
    textbook_s = _median_s(_textbook, rounds=3)
    benchmark(spike_timing, MODEL, 101)
    ours_s = _median_s(lambda: spike_timing(MODEL, 101), rounds=21)
    benchmark.extra_info["textbook_over_ours"] = textbook_s / ours_s
    print(f"\ntime differences: ours {1e3 * ours_s:.3f} ms, textbook {1e3 * textbook_s:.1f} ms")
    np.testing.assert_allclose(spike_timing(MODEL, 101).later, _textbook()[1], rtol=1e-9)
    assert ours_s < 0.05
    assert textbook_s > 50.0 * ours_s


def test_stationary_ages(benchmark: BenchmarkFixture) -> None:
    """Stationary distribution of both ages at tau_ref 50: at most 50 ms."""
    textbook_s = _median_s(_textbook, rounds=3)
    benchmark(stationary_ages, MODEL)
    ours_s = _median_s(lambda: stationary_ages(MODEL), rounds=21)
    benchmark.extra_info["textbook_over_ours"] = textbook_s / ours_s
    print(f"\nstationary ages: ours {1e3 * ours_s:.3f} ms, textbook {1e3 * textbook_s:.1f} ms")
    np.testing.assert_allclose(stationary_ages(MODEL), _textbook()[0], rtol=1e-9, atol=1e-15)
    assert ours_s < 0.05
    assert textbook_s > 50.0 * ours_s


@pytest.mark.parametrize(("tau", "points"), [(15, 17), (50, 17)])
def test_phase_plane(benchmark: BenchmarkFixture, tau: int, points: int) -> None:
    """A 17 x 17 phase plane: at most 10 s."""
    weights = np.linspace(-2.0, 2.0, points)
    causal = window_values("exponential", -1.0, tau, 2 * tau - 1)

    def plane() -> np.ndarray:
        return drift_plane(
            weights,
            weights,
            bias_1=0.0,
            bias_2=0.0,
            tau_ref_steps=tau,
            psp=rectangular_psp(tau),
            causal=causal,
            anticausal=-causal,
        )

    benchmark(plane)
    ours_s = _median_s(plane, rounds=5)
    print(f"\nphase plane, tau_ref {tau}: {1e3 * ours_s:.2f} ms")
    assert ours_s < 10.0

"""Speed of the sampling engine, as ratios to the textbook program in the same process.

The scale: a machine on which the textbook iteration of seven neurons takes 26 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from textbook_sampling import iteration

from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate

TEXTBOOK_MS = 26.0
STEPS = 50_000
TAU = 50


def _boltzmann() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    upper = np.triu(rng.uniform(-1.0, 1.0, (7, 7)), k=1)
    return upper + upper.T, rng.uniform(-1.0, 1.0, 7)


def _median_ms(call: Callable[[], object], rounds: int) -> float:
    call()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1e3 * median(times)


def _textbook_ms() -> float:
    weights, biases = _boltzmann()
    return _median_ms(lambda: iteration(weights, biases, TAU, STEPS, 1), rounds=9)


def test_seven_neurons(benchmark: BenchmarkFixture) -> None:
    """Rates, one pair matrix and the state histogram of 50,000 steps, with new weights in each call."""
    weights, biases = _boltzmann()
    state = SamplingState.fresh(7, 1)
    window = PairWindow(shape="triangular", tau_steps=TAU, pairing="nearest", coincidence=0.0)
    rng = np.random.default_rng(2)

    def ours() -> None:
        model = SamplingModel(
            weights=weights + rng.normal(0.0, 1e-3, (7, 7)),
            biases=biases,
            tau_ref_steps=TAU,
            psp_steps=TAU - 1,
            dead_steps=TAU,
            state_steps=TAU,
        )
        simulate(model, state, STEPS, windows=(window,), record_states=True)

    textbook_ms = _textbook_ms()
    benchmark.pedantic(ours, rounds=300, warmup_rounds=5)
    ours_ms = 1e3 * benchmark.stats.stats.median
    ratio = textbook_ms / ours_ms
    benchmark.extra_info |= {"textbook_ms": textbook_ms, "ratio": ratio, "scaled_ms": TEXTBOOK_MS / ratio}
    print(f"\n7 neurons: textbook {textbook_ms:.2f} ms, ours {ours_ms:.3f} ms, ratio {ratio:.1f}")
    assert ratio >= 60.0
    assert TEXTBOOK_MS / ratio <= 0.45


@pytest.mark.parametrize(
    ("n_neurons", "tau_ref", "limit_us"),
    [(100, 50, 0.35), (500, 50, 3.0), (2000, 50, 60.0), (100, 10, 0.6), (500, 10, 5.0), (2000, 10, 100.0)],
)
@pytest.mark.parametrize("pairing", ["nearest", "all"])
def test_large_networks(
    benchmark: BenchmarkFixture, n_neurons: int, tau_ref: int, limit_us: float, pairing: str
) -> None:
    """Time per step with rates and one exponential window; at tau_ref 10 five times as many spikes as at 50."""
    rng = np.random.default_rng(n_neurons)
    model = SamplingModel(
        weights=rng.normal(0.0, 0.5 / np.sqrt(n_neurons), (n_neurons, n_neurons)),
        biases=np.zeros(n_neurons),
        tau_ref_steps=tau_ref,
        psp_steps=tau_ref - 1,
        dead_steps=tau_ref - 1,
        state_steps=tau_ref,
    )
    window = PairWindow(shape="exponential", tau_steps=tau_ref, pairing=pairing, coincidence=0.5)
    state = SamplingState.fresh(n_neurons, 1)
    textbook_ms = _textbook_ms()
    steps = STEPS // 5 if n_neurons > 500 else STEPS
    statistics = benchmark.pedantic(lambda: simulate(model, state, steps, windows=(window,)), rounds=3, warmup_rounds=1)
    per_step_us = 1e6 * benchmark.stats.stats.median / steps
    scaled_us = per_step_us * TEXTBOOK_MS / textbook_ms
    rate = statistics.spike_counts.sum() / steps
    benchmark.extra_info |= {"per_step_us": per_step_us, "scaled_us": scaled_us, "spikes_per_step": rate}
    print(
        f"\n{n_neurons} neurons, tau_ref {tau_ref}, {pairing}: {per_step_us:.3f} us per step "
        f"({scaled_us:.3f} scaled), {rate:.2f} spikes"
    )
    assert scaled_us <= limit_us


@pytest.mark.parametrize("tau_ref", [10, 50, 1000])
@pytest.mark.parametrize("n_neurons", [7, 12, 20, 40, 100])
def test_crossover(benchmark: BenchmarkFixture, n_neurons: int, tau_ref: int) -> None:
    """Print both algorithms side by side; the constants of ``choose_algorithm`` come from this table."""
    rng = np.random.default_rng(3)
    model = SamplingModel(
        weights=rng.normal(0.0, 0.5 / np.sqrt(n_neurons), (n_neurons, n_neurons)),
        biases=np.zeros(n_neurons),
        tau_ref_steps=tau_ref,
        psp_steps=tau_ref - 1,
        dead_steps=tau_ref - 1,
        state_steps=tau_ref,
    )
    states = {algorithm: SamplingState.fresh(n_neurons, 1) for algorithm in ("event", "stepped")}
    event_ms = _median_ms(lambda: simulate(model, states["event"], 20_000, algorithm="event"), rounds=5)
    benchmark.pedantic(lambda: simulate(model, states["stepped"], 20_000, algorithm="stepped"), rounds=5)
    stepped_ms = 1e3 * benchmark.stats.stats.median
    print(f"\n{n_neurons} neurons, tau_ref {tau_ref}: event {event_ms:.2f} ms, stepped {stepped_ms:.2f} ms")
    assert np.isfinite([event_ms, stepped_ms]).all()

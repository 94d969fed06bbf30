"""Speed of the microcircuit engine, as a ratio to the textbook program in the same process.

The scale: a machine on which a textbook step of the 1-1-1 network that learns takes 60 us.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from textbook_microcircuit import TextbookMicrocircuit

from sal_hw_studies.engines.microcircuit import MicrocircuitModel, MicrocircuitState, Phase, show_pattern

TEXTBOOK_NS = 60_000.0
#: limit of a step, scaled
LIMIT_NS = 60.0
TAU, BIAS, COUPLING, NUDGING = 10, -1.0, 0.02, 0.6
RATES, RATE_DOWN = (0.2, 0.003), 0.001
STEPS, LAG = 20_000, 2000


def _network() -> tuple[MicrocircuitModel, MicrocircuitState]:
    model = MicrocircuitModel(
        sizes=(1, 1, 1),
        biases=(BIAS, BIAS),
        tau_ref_steps=TAU,
        average_steps=LAG,
        apical_coupling=COUPLING,
        rates_up=RATES,
        rate_down=RATE_DOWN,
        window_tau_steps=float(TAU),
    )
    weights = (np.full((1, 1), 1.8), np.full((1, 1), 2.1)), (np.full((1, 1), 1.6),)
    return model, MicrocircuitState.fresh(model, *weights, 1)


def _textbook_ns(phase: Phase, steps: int = 300, rounds: int = 5) -> float:
    rng = np.random.default_rng(1)
    textbook = TextbookMicrocircuit(
        [np.full((1, 1), 1.8), np.full((1, 1), 2.1)],
        [np.full((1, 1), 1.6)],
        bias=BIAS,
        tau_ref=TAU,
        average=LAG,
        apical_coupling=COUPLING,
        rates_up=RATES,
        rate_down=RATE_DOWN,
        draw=lambda _: rng.random(4),
    )
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(steps):
            textbook.step(np.ones(1), np.ones(1), phase.nudging, learn=phase.learning, align=phase.aligning)
        times.append((time.perf_counter() - begin) / steps)
    return 1e9 * median(times)


LEARNING = Phase(nudging=NUDGING, learning=True)


@pytest.fixture(scope="module")
def machine() -> float:
    """How much slower this machine is than that of the scale."""
    return _textbook_ns(LEARNING) / TEXTBOOK_NS


@pytest.mark.parametrize(
    "phase",
    [
        pytest.param(LEARNING, id="learning"),
        pytest.param(Phase(nudging=NUDGING, aligning=True), id="aligning"),
        pytest.param(Phase(), id="validation"),
    ],
)
def test_a_pattern_of_figure_6(benchmark: BenchmarkFixture, phase: Phase, machine: float) -> None:
    """One pattern of 20,000 steps, as the study shows it."""
    model, state = _network()
    textbook_ns = _textbook_ns(phase)

    def run() -> None:
        show_pattern(model, state, phase, pattern=np.ones(1), target=np.ones(1), steps=STEPS, lag_steps=LAG)

    benchmark.pedantic(run, rounds=200, warmup_rounds=2)
    ours_ns = 1e9 * benchmark.stats.stats.median / STEPS
    ratio = textbook_ns / ours_ns
    scaled_ns = ours_ns / machine
    benchmark.extra_info |= {"textbook_ns": textbook_ns, "ratio": ratio, "scaled_ns": scaled_ns}
    print(f"\nstep of 1-1-1: textbook {1e-3 * textbook_ns:.1f} us, ours {ours_ns:.1f} ns, ratio {ratio:.0f}")
    assert scaled_ns <= LIMIT_NS

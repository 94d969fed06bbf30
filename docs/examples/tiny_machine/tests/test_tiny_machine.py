"""The made-up machine keeps the contract of backends, and says what it clips."""

from __future__ import annotations

from pathlib import Path

import pytest

import sal_hw
from sal_hw.testing import BackendContract
from tiny_machine.plot import KIND

RECIPES = Path(__file__).parents[1] / "recipes"


class TestTinyMachine(BackendContract):
    target = "tiny"


@pytest.fixture(scope="module")
def run() -> sal_hw.Run:
    return sal_hw.run(sal_hw.load_recipe(RECIPES / "tiny_pair.yaml"), target="tiny")


def test_what_is_clipped_is_told(run: sal_hw.Run) -> None:
    (finding,) = run.result.health.findings
    assert (finding.kind, finding.severity, finding.count) == ("weights_clipped", "degraded", 1)
    assert finding.advice == "1 weights of forward were cut to 1; the largest wanted is 1.5"


def test_strict_refuses_what_would_be_clipped() -> None:
    (problem,) = sal_hw.load_recipe(RECIPES / "tiny_pair.yaml").check(target="tiny", strict=True)
    assert (problem.code, problem.field, problem.value) == ("E313", "projections[0].weight", "1.5")


def test_weights_stay_within_what_the_machine_stores(run: sal_hw.Run) -> None:
    assert run.result.weights_initial["forward"] == 1.0
    assert all((abs(weights) <= 1.0).all() for weights in run.weights.values())


def test_synapses_with_unlike_time_constants_are_refused() -> None:
    unlike = sal_hw.load_recipe(RECIPES / "tiny_pair.yaml", overrides=["populations.upper.neuron.tau_syn_inh=3 ms"])
    (problem,) = unlike.check(target="tiny")
    assert (problem.code, problem.field) == ("E302", "populations.upper.neuron.tau_syn_inh")
    assert unlike.check(target="ideal") == ()


def test_the_study_gives_the_tails_of_the_normal_distribution() -> None:
    shares = sal_hw.run(sal_hw.load_recipe(RECIPES / "clip_share.yaml")).result.traces["clip_share"]
    assert shares.at[-1] == 1.0
    assert shares.values[-1] == pytest.approx(0.3173, abs=1e-4)


def test_the_figure_shows_the_largest_weights(run: sal_hw.Run) -> None:
    table = KIND.tabulate(run.result)
    assert table is not None
    assert table["projection"].tolist() == ["forward", "backward"]
    assert table["largest_mv"].max() <= 1.0
    assert run.plot("largest-weights").axes[0].get_ylabel() == "largest weight (mV)"

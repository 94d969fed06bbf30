"""The made-up machine keeps the contract of backends, and says what it clips."""

from __future__ import annotations

from pathlib import Path

import sal_hw
from sal_hw.testing import BackendContract
from tiny_machine.plot import KIND

RECIPES = Path(__file__).parents[1] / "recipes"


class TestTinyMachine(BackendContract):
    target = "tiny"


def test_weights_stay_within_what_the_machine_stores() -> None:
    run = sal_hw.run(sal_hw.load_recipe(RECIPES / "tiny_pair.yaml"), target="tiny")
    assert run.result.weights_initial["forward"] == 1.0
    assert all((abs(weights) <= 1.0).all() for weights in run.weights.values())


def test_the_figure_shows_the_largest_weights() -> None:
    run = sal_hw.run(sal_hw.load_recipe(RECIPES / "tiny_pair.yaml"), target="tiny")
    table = KIND.tabulate(run.result)
    assert table is not None
    assert table["projection"].tolist() == ["forward", "backward"]
    assert table["largest_mv"].max() <= 1.0
    assert run.plot("largest-weights").axes[0].get_ylabel() == "largest weight (mV)"

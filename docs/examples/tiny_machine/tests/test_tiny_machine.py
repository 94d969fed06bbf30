"""The made-up machine keeps the contract of backends, and says what it clips."""

from __future__ import annotations

from pathlib import Path

import sal_hw
from sal_hw.testing import BackendContract

RECIPES = Path(__file__).parents[1] / "recipes"


class TestTinyMachine(BackendContract):
    target = "tiny"


def test_weights_stay_within_what_the_machine_stores() -> None:
    run = sal_hw.run(sal_hw.load_recipe(RECIPES / "tiny_pair.yaml"), target="tiny")
    assert run.result.weights_initial["forward"] == 1.0
    assert all((abs(weights) <= 1.0).all() for weights in run.weights.values())

"""Which projections a rule changes, and how strongly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.program import LoweredSal, LoweredWakeSleep, LoweredWindow
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
TWO_SIDED = LoweredSal(
    name="alignment",
    forward="up",
    backward="down",
    update_steps=100,
    gain=0.01,
    causal=LoweredWindow(shape="exponential", tau_steps=10.0, pairing="all"),
    anticausal=LoweredWindow(shape="exponential", tau_steps=10.0, pairing="all"),
    backward_amplitude=np.full((3, 2), 2.0),
    forward_amplitude=np.full((2, 3), 3.0),
)


def test_a_rule_of_two_sides_changes_both() -> None:
    assert TWO_SIDED.learned == ("up", "down")
    assert TWO_SIDED.amplitudes["up"] is TWO_SIDED.forward_amplitude
    assert TWO_SIDED.amplitudes["down"] is TWO_SIDED.backward_amplitude


def test_a_rule_of_one_side_leaves_the_forward_weights_alone() -> None:
    rule = replace(TWO_SIDED, forward_amplitude=None)
    assert rule.learned == ("down",)
    assert list(rule.amplitudes) == ["down"]


@pytest.mark.parametrize(
    ("recipe", "learned"),
    [
        ("two_neuron", {"forward", "backward"}),
        ("two_neuron_onesided", {"backward"}),
        ("two_populations", {"feedback"}),
        ("sampling", {"recurrent"}),
    ],
)
def test_compiled_rules_change_what_the_recipe_says(recipe: str, learned: set[str]) -> None:
    program = api.compile_recipe(api.load_recipe(RECIPES / f"{recipe}.yaml"))
    assert {name for rule in program.rules for name in rule.learned} == learned
    for rule in program.rules:
        for name in rule.learned:
            shape = program.synapse_block(name).weights.shape
            changed = rule.amplitude if isinstance(rule, LoweredWakeSleep) else rule.amplitudes[name]
            assert changed.shape == shape


def test_only_windows_that_traces_measure_have_their_time_constant() -> None:
    assert TWO_SIDED.causal.trace_tau_steps == 10.0
    with pytest.raises(ValueError, match="no trace measures a window of shape 'triangular'"):
        _ = replace(TWO_SIDED.causal, shape="triangular").trace_tau_steps

"""A compiled program hands out its rules, probes and parts by class, and has a hash of all that it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.passes.draft import Draft
from sal_hw.program import CompiledProgram, LoweredSal, LoweredWakeSleep, ScaledWeights
from sal_hw.spec.probes import SpikeProbe, StateProbe, WeightProbe
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture(scope="module")
def sampling() -> CompiledProgram:
    """Sampling neurons with a wake-sleep and an alignment rule."""
    return api.compile_recipe(api.load_recipe(RECIPES / "sampling.yaml"))


@pytest.fixture(scope="module")
def pair() -> CompiledProgram:
    """Two neurons connected both ways, whose weights both learn."""
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml").job.on_network()
    probes = (SpikeProbe(population="upper"), WeightProbe(projection="forward"), SpikeProbe(population="lower"))
    return replace(recipe, network=replace(recipe.network, probes=probes)).compile("ideal")


def test_rules_come_by_class_and_in_order(sampling: CompiledProgram) -> None:
    assert [type(rule) for rule in sampling.rules] == [LoweredWakeSleep, LoweredSal]
    assert [rule.name for rule in sampling.wake_sleep_rules] == ["wake_sleep"]
    assert [rule.name for rule in sampling.sal_rules] == ["alignment"]


def test_probes_come_by_class_and_in_order(pair: CompiledProgram) -> None:
    assert [probe.population for probe in pair.probes_of(SpikeProbe)] == ["upper", "lower"]
    assert [probe.projection for probe in pair.probes_of(WeightProbe)] == ["forward"]
    assert pair.probes_of(StateProbe) == ()


def test_a_program_without_a_machine_has_no_part(pair: CompiledProgram) -> None:
    with pytest.raises(TypeError, match="a program for ideal has no Draft"):
        pair.part_of(Draft)
    with pytest.raises(KeyError, match="forward has no synapses on ideal"):
        pair.scaling_of("forward")


def test_what_became_of_weights_is_found_by_its_owner(pair: CompiledProgram) -> None:
    cut = ScaledWeights(
        owner="forward",
        lsb=np.ones(1),
        requested_max=2.0,
        representable_max=1.0,
        clipped=1,
        zeroed=0,
        total=1,
        worst_error=1.0,
    )
    other = replace(pair, scaling=(replace(cut, owner="backward"), cut))
    assert other.scaling_of("forward") is cut
    assert other.hash != pair.hash


def test_equal_programs_have_equal_hashes(pair: CompiledProgram) -> None:
    first, *rest = pair.synapses
    assert replace(pair, synapses=(replace(first, weights=first.weights.copy()), *rest)).hash == pair.hash
    assert replace(pair, synapses=(replace(first, weights=first.weights + 1e-15), *rest)).hash != pair.hash


def test_blocks_are_found_by_name(pair: CompiledProgram) -> None:
    assert pair.n_neurons == 2
    assert pair.neuron_block("upper").offset == 1
    assert pair.synapse_block("backward").source == "upper"
    assert pair.aligned == {"alignment": ("forward", "backward")}
    assert pair.update_ms == pytest.approx(pair.rules[0].update_steps * pair.timestep_ms)
    assert replace(pair, rules=()).update_ms is None

"""A loaded recipe knows what can be done with it, and is checked without being compiled for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.spec.probes import StateProbe
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
STUDY = RECIPES / "paper" / "fig2c_spike_timing.yaml"


def test_a_sound_recipe_has_no_problems_where_it_fits() -> None:
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml", seed=12)
    assert (recipe.name, recipe.seed, recipe.job.counted) == ("two_neuron", 12, "updates")
    assert recipe.check() == ()
    problems = recipe.check(target="spinnaker1")
    assert {problem.code for problem in problems} == {"E302"}
    assert all(problem.line for problem in problems)


def test_a_study_has_nothing_to_compile() -> None:
    recipe = api.load_recipe(STUDY)
    assert (recipe.network, recipe.job.counted, recipe.check()) == (None, "steps", ())
    assert [problem.code for problem in recipe.check(target="brainscales2")] == ["E330"]
    with pytest.raises(InputError) as caught:
        api.compile_recipe(recipe)
    assert (caught.value.code, caught.value.hint) == ("E330", f"sal-hw run {STUDY}")


def test_the_experiment_gets_the_probe_that_it_cannot_do_without() -> None:
    recipe = api.load_recipe(RECIPES / "sampling.yaml")
    assert recipe.network is not None
    assert [probe.population for probe in recipe.network.probes_of(StateProbe)] == ["visible"]
    assert recipe.file.network is not None
    assert recipe.file.network.probes_of(StateProbe) == ()


def test_strict_is_part_of_the_check() -> None:
    wide = ("parameters.size=6", "projections[0].weight.std=60")
    recipe = api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=wide)
    assert recipe.check(target="brainscales2") == ()
    assert {problem.code for problem in recipe.check(target="brainscales2", strict=True)} == {"E313"}

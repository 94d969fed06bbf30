"""A network recipe is compiled for a target, and what keeps it from it is told with the recipe's lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.contracts.targets import load_target
from sal_hw.errors import InputError
from sal_hw.workflow import api
from sal_hw.workflow.network_recipe import NetworkRecipe

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture(scope="module")
def alignment() -> NetworkRecipe:
    """Two populations for a chip."""
    return api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=("parameters.size=6",)).job.on_network()


def test_a_target_is_named_or_handed_over(alignment: NetworkRecipe) -> None:
    named, given = alignment.compile("brainscales2"), alignment.compile(load_target("brainscales2"))
    assert named.hash == given.hash
    assert named.seed == alignment.file.seed
    assert alignment.compile("brainscales2", seed=named.seed).hash == named.hash
    assert alignment.compile("brainscales2", seed=named.seed + 1).seed == named.seed + 1


def test_all_that_does_not_fit_has_its_place_in_the_recipe() -> None:
    wide = ("parameters.size=600", "populations.hidden.neuron.tau_mem=1 s")
    recipe = api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=wide).job.on_network()
    with pytest.raises(InputError) as caught:
        recipe.compile("brainscales2")
    problems = caught.value.problems
    assert len(problems) > 1
    assert all(problem.file == str(recipe.file.path) for problem in problems)
    lines = (RECIPES / "chip_alignment.yaml").read_text().splitlines()
    placed = [problem for problem in problems if problem.line]
    assert placed
    for problem in placed:
        assert problem.field.rsplit(".")[-1].split("[")[0] in lines[(problem.line or 0) - 1] or problem.column


def test_an_experiment_longer_than_a_chip_runs_is_refused_with_the_longest(alignment: NetworkRecipe) -> None:
    target = load_target("brainscales2")
    limit = target.description.limits["runtime"]
    described = replace(target.description, limits={**target.description.limits, "runtime": replace(limit, high=0.1)})
    with pytest.raises(InputError) as caught:
        alignment.compile(replace(target, description=described))
    (problem,) = caught.value.problems
    longest_s = 0.1 * target.description.time_scale
    assert (problem.code, problem.field) == ("E304", "experiment.duration")
    assert problem.hint == f"write duration: {longest_s:g} s"
    assert problem.line

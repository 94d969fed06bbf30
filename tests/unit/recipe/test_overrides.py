"""Presets and ``--set``."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.errors import Problem
from sal_hw.recipe.recipe import read_recipe_file

Only = Callable[..., Problem]
Find = Callable[..., list[Problem]]
RECIPES = Path(__file__).parents[3] / "recipes"


def test_set_by_name_index_and_absent_key(recipe_path: Path) -> None:
    recipe = read_recipe_file(
        recipe_path,
        overrides=[
            "projections.forward.weight={distribution: normal, std: 1e-1}",
            "projections[1].weight=.25",
            "discretization=published",
            "experiment.duration=12 s",
        ],
    )
    assert recipe.network.projections[0].weight.std == 0.1
    assert recipe.network.projections[1].weight.value == 0.25
    assert recipe.network.discretization == "published"
    assert recipe.protocol.duration_ms == 12_000
    assert recipe.document["experiment"]["duration"] == "12 s"


def test_later_overrides_win(recipe_path: Path) -> None:
    recipe = read_recipe_file(recipe_path, presets=["long"], overrides=["experiment.duration=12 s"])
    assert recipe.protocol.duration_ms == 12_000
    assert read_recipe_file(recipe_path, presets=["long"]).protocol.duration_ms == 60_000


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("experiment.duration", "E212", None),
        ("experiment.duration=", "E212", None),
        ("=3", "E212", None),
        ("a b=3", "E212", None),
        ("projections.foward.weight=1", "E212", '"forward"'),
        ("projections[9].weight=1", "E212", None),
        ("populations.lwer.size=1", "E212", '"lower"'),
        ("populations[0].size=1", "E212", "lower, upper, cells"),
        ("projections.forward.weight.std=1", "E212", None),
        ("experiment.duraton=1 s", "E201", '"duration"'),
        ("populations.lower.size=010", "E111", "or 10 if"),
        ("populations.lower.size=[1", "E106", None),
        ("populations.lower.size=&a 1", "E109", None),
        ("populations.lower.size=1.5", "E203", None),
        ("experiment.duration=12", "E205", '"12 ms"'),
        ("seed=-1", "E223", "is 0"),
        ("experiment.duration=\x1b[0m", "E104", None),
        ("parameters.x=3", "E209", None),
    ],
)
def test_bad_set(only: Only, text: str, code: str, hint: str | None) -> None:
    found = only(overrides=[text])
    assert found.code == code, found.render()
    assert hint is None or hint in (found.hint or "")
    assert (found.file or "").startswith("--set ")
    assert found.line is None
    assert (found.file or "").isprintable()


def test_seed_replaces_the_recipes(recipe_path: Path) -> None:
    recipe = read_recipe_file(recipe_path, seed=9)
    assert (recipe.seed, recipe.document["seed"]) == (9, 9)


def test_bad_seed(only: Only) -> None:
    found = only(seed=-1)
    assert (found.code, found.file) == ("E223", "--seed -1")
    assert only(seed=10**5000).code == "E223"


def test_unknown_preset(only: Only) -> None:
    found = only(presets=["lng"])
    assert (found.code, found.allowed, found.hint) == ("E211", "one of: long", 'did you mean "long"?')


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("    set: {experiment.duration: 60 s}", "", "E202", "presets.long.set"),
        ("    set: {experiment.duration: 60 s}", "    sett: {}", "E202", "presets.long.set"),
        ("set: {experiment.duration: 60 s}", "set: 3", "E203", "presets.long.set"),
        (
            "set: {experiment.duration: 60 s}",
            "set: {projections.x.weight: 3}",
            "E212",
            'presets.long.set["projections.x.weight"]',
        ),
        ("    description: Ten times as long.\n", "    description: 3\n", "E203", "presets.long.description"),
    ],
)
def test_bad_preset(find: Find, old: str, new: str, code: str, field: str) -> None:
    found = [problem for problem in find(old, new) if problem.code != "E201"]
    assert [(problem.code, problem.field) for problem in found] == [(code, field)]
    assert found[0].line is not None


def test_value_of_a_preset_is_placed_there(only: Only) -> None:
    found = only("set: {experiment.duration: 60 s}", "set: {experiment.duration: 60}", presets=["long"])
    assert (found.code, found.file, found.field) == ("E205", "preset long", "experiment.duration")


@pytest.mark.parametrize("preset", ["synaptic-noise", "plasticity-noise", "full"])
def test_presets_of_the_recipes_are_legal(preset: str) -> None:
    recipe = read_recipe_file(RECIPES / "sampling.yaml", presets=[preset])
    assert math.isfinite(recipe.network.timestep_ms)

"""Parameters: where they are put in, and what is wrong with those that are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.recipe import read_recipe_file

Only = Callable[..., Problem]
Find = Callable[..., list[Problem]]
RECIPES = Path(__file__).parents[3] / "recipes"


def with_parameters(rest: str) -> tuple[str, str]:
    return "seed: 1\n", f"seed: 1\nparameters:\n{rest}"


def test_parameters_are_put_in(recipe_path: Path) -> None:
    text = recipe_path.read_text().replace(*with_parameters("  rate: 0.5\n  on: true\n  cash: $$5\n"))
    text = text.replace("learning_rate: 0.01", "learning_rate: $rate\n    enabled: $on")
    recipe_path.write_text(text.replace("A small network.", "$cash").replace("duration: 6 s", "duration: 6 s"))
    recipe = read_recipe_file(recipe_path, overrides=["parameters.rate=0.25"])
    assert recipe.network.plasticity[0].learning_rate == 0.25
    assert recipe.description == "$$5"
    assert recipe.parameters == {"rate": 0.25, "on": True, "cash": "$$5"}
    assert "parameters" not in recipe.document
    assert recipe.document["plasticity"][0]["learning_rate"] == 0.25


def test_dollar_sign(recipe_path: Path) -> None:
    recipe_path.write_text(recipe_path.read_text().replace("A small network.", "$$name costs $5"))
    assert read_recipe_file(recipe_path).description == "$name costs $5"


def test_unknown_parameter(only: Only) -> None:
    found = only("learning_rate: 0.01", "learning_rate: $rate")
    assert (found.code, found.field, found.value) == ("E209", "plasticity[0].learning_rate", '"$rate"')
    assert (found.line, found.column) == (27, 20)


def test_misspelt_parameter_is_one_problem(only: Only) -> None:
    found = only(*with_parameters("  seeed: 3\n"), overrides=["plasticity[0].learning_rate=$seed"])
    assert (found.code, found.hint) == ("E209", 'did you mean "seeed"?')


@pytest.mark.parametrize(
    ("rest", "code", "field"),
    [
        ("  rate: 0.5\n", "E209", "parameters.rate"),
        ("  rate: $other\n", "E209", "parameters.rate"),
        ("  rate: [1, 2]\n", "E203", "parameters.rate"),
        ("  9rate: 1\n", "E208", "parameters.9rate"),
    ],
)
def test_bad_parameters(find: Find, rest: str, code: str, field: str) -> None:
    found = find(*with_parameters(rest))
    assert (code, field, 6, 3) in [
        (problem.code, problem.field, problem.line, 3 if problem.column else 0) for problem in found
    ]


def test_parameters_that_are_no_mapping(only: Only) -> None:
    assert only("seed: 1\n", "seed: 1\nparameters: 3\n").field == "parameters"


def test_wrong_value_of_a_parameter_is_placed_where_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "sampling.yaml"
    path.write_text((RECIPES / "sampling.yaml").read_text())
    with pytest.raises(InputError) as caught:
        read_recipe_file(path, overrides=["parameters.alignment_rate=0"])
    (found,) = caught.value.problems
    assert (found.code, found.field, found.value) == ("E214", "plasticity[1].learning_rate", "0")
    assert found.file == str(path)
    assert 'parameter "alignment_rate"' in found.allowed

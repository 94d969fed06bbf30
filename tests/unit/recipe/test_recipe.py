"""A whole recipe."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.recipe import read_recipe_file
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.protocols import AlignProtocol
from sal_hw.storage.codec import digest

ROOT = Path(__file__).parents[3]
RECIPES = ROOT / "recipes"
GOLDEN = ROOT / "tests" / "golden"


@pytest.mark.parametrize("name", ["two_neuron", "two_neuron_onesided", "sampling"])
def test_shipped_recipes_are_legal(name: str) -> None:
    assert read_recipe_file(RECIPES / f"{name}.yaml").name == name


def test_content() -> None:
    recipe = read_recipe_file(RECIPES / "two_neuron.yaml")
    assert recipe.folder == RECIPES
    assert recipe.seed == 1
    assert [population.name for population in recipe.network.populations] == ["lower", "upper"]
    (rule,) = recipe.network.plasticity
    assert isinstance(rule, SalRule)
    assert (rule.update_every_ms, rule.tau_causal_ms, rule.learn) == (600.0, 10.0, "both")
    assert isinstance(recipe.protocol, AlignProtocol)
    assert recipe.protocol.duration_ms == 900_000.0


@pytest.mark.parametrize("name", ["two_neuron", "sampling"])
def test_document_is_a_recipe_of_its_own(name: str, tmp_path: Path) -> None:
    recipe = read_recipe_file(RECIPES / f"{name}.yaml", seed=77)
    text = json.dumps(recipe.document, allow_nan=False)
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(json.loads(text)))
    again = read_recipe_file(tmp_path / "again.yaml")
    assert again.seed == 77
    assert digest(again.network) == digest(recipe.network)
    assert digest(again.protocol) == digest(recipe.protocol)


def test_all_problems_come_in_one_pass_sorted_by_line(find: Callable[..., list[Problem]]) -> None:
    found = find(
        "size: 3\n    neuron: {model: sampling, tau_ref: 10 ms",
        "size: 1.5\n    neuron: {model: x, tau_ref: 10",
    )
    found_more = find("seed: 1\ntimestep: 0.2 ms", "sed: 1\ntimestep: 010\nextra: 1")
    assert [(problem.code, problem.line) for problem in found] == [("E203", 8), ("E204", 9)]
    assert [(problem.code, problem.line) for problem in found_more] == [
        ("E202", 1),
        ("E201", 4),
        ("E111", 5),
        ("E201", 6),
    ]


def test_first_twenty_then_a_count(recipe_path: Path) -> None:
    extra = "".join(f"extra_{index}: 1\n" for index in range(30))
    recipe_path.write_text(recipe_path.read_text() + extra)
    with pytest.raises(InputError) as caught:
        read_recipe_file(recipe_path)
    assert len(caught.value.problems) == 30
    lines = str(caught.value).splitlines()
    assert sum("E201" in line for line in lines) == 20
    assert lines[-1] == "... and 10 more"


def test_errors_can_be_pickled_and_written_as_json(recipe_path: Path) -> None:
    recipe_path.write_text("recipe: 2\n")
    with pytest.raises(InputError) as caught:
        read_recipe_file(recipe_path)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert again.problems == caught.value.problems
    assert caught.value.exit_code == 2
    assert json.dumps([problem.as_document() for problem in again.problems])


def test_message_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(InputError) as caught:
        read_recipe_file("many_mistakes.yaml", overrides=["experiment.duration=10"])
    assert str(caught.value) + "\n" == Path("many_mistakes.txt").read_text()

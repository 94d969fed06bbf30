"""Fields and entries that are legal on their own but not together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.recipe import read_recipe_file

Only = Callable[..., Problem]
Find = Callable[..., list[Problem]]
SAMPLING = (Path(__file__).parents[3] / "recipes" / "sampling.yaml").read_text()

CASES = Path(__file__).parent / "cases"


def name_of(case: dict[str, str]) -> str:
    return f"{case['code']} {case['new'][:30]}"


@pytest.mark.parametrize("case", yaml.safe_load((CASES / "conflicts.yaml").read_text()), ids=name_of)
def test_conflict(only: Only, case: dict[str, str]) -> None:
    found = only(case["old"], case["new"])
    assert (found.code, found.field) == (case["code"], case["field"]), found.render()
    assert case["allowed"] in found.allowed, found.render()
    assert case["hint"] in (found.hint or "") if "hint" in case else found.hint is None, found.render()
    assert found.line is not None
    assert found.column is not None


def test_place_of_a_conflict(only: Only) -> None:
    found = only("backward: backward", "backward: forward")
    assert (found.line, found.column, found.value) == (26, 15, '"forward"')


def test_connectivity_of_reciprocal_projections(find: Find) -> None:
    found = find("    size: 3\n", "    size: 2\n") or find("weight: 0.5}", "weight: 0.5, connectivity: one_to_one}")
    assert {problem.code for problem in found} == {"E218", "E219"}


def test_inline_values_are_capped(only: Only) -> None:
    rows = [[0.5] * 2] * 2049
    found = only(
        "weight: 0.5}\n  - {name: b",
        f"weight: {rows}}}\n  - {{name: b",
        overrides=["populations.lower.size=2049"],
    )
    assert (found.code, found.field) == ("E221", "projections[0].weight")


def test_dense_projections_are_capped(find: Find) -> None:
    found = find(overrides=["populations.lower.size=1000000", "populations.upper.size=1000000"])
    assert {problem.code for problem in found} == {"E221"}
    assert [problem.field for problem in found] == ["projections[0]", "projections[1]"]


def test_timestep_that_is_wrong_is_one_problem(only: Only) -> None:
    assert only("timestep: 0.2 ms", "timestep: 0 ms").code == "E214"


def test_broken_population_is_no_unknown_population(only: Only) -> None:
    assert only("size: 2\n    neuron: {model", "size: 2.5\n    neuron: {model").field == "populations.upper.size"


def trained(tmp_path: Path, *changes: tuple[str, str]) -> list[Problem]:
    text = SAMPLING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "training.yaml"
    path.write_text(text)
    try:
        read_recipe_file(path)
    except InputError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize("case", yaml.safe_load((CASES / "training.yaml").read_text()), ids=name_of)
def test_training(tmp_path: Path, case: dict[str, str]) -> None:
    found = trained(tmp_path, (case["old"], case["new"]))
    assert [(problem.code, problem.field) for problem in found] == [(case["code"], case["field"])], found
    assert case.get("hint", "") in (found[0].hint or "")
    assert found[0].line is not None


def test_training_of_lif_neurons(tmp_path: Path) -> None:
    neuron = "{model: lif, tau_mem: 9 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 2 ms, v_rest: -65 mV,"
    start = SAMPLING.index("    neuron:\n")
    end = SAMPLING.index("projections:")
    lif = f"    neuron: {neuron} v_reset: -70 mV, v_threshold: -50 mV}}\n\n"
    found = trained(tmp_path, (SAMPLING[start:end], lif))
    assert [(problem.code, problem.field) for problem in found] == [
        ("E205", "projections[0].weight"),
        ("E222", "plasticity[0].projection"),
        ("E222", "experiment.population"),
    ]


def test_wake_sleep_needs_a_recurrent_projection(tmp_path: Path) -> None:
    other = "  - {name: other, source: visible, target: second, weight: 0}\n\nplasticity:"
    second = "populations:\n  second: {size: 2, neuron: {model: sampling, tau_ref: 10 ms}}"
    found = trained(
        tmp_path,
        ("\nplasticity:", other),
        ("populations:", second),
        ("projection: recurrent", "projection: other"),
    )
    assert [(problem.code, problem.field) for problem in found] == [("E218", "plasticity[0].projection")]
    assert found[0].hint == "recurrent projections: recurrent"

"""Findings in the user's notation: paths, values, and the nearest thing that is allowed."""

from __future__ import annotations

import pytest

from sal_hw.spec.findings import NOTHING, Path, SpecFinding, closest, did_you_mean, listed, render_path, show


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("seed",), "seed"),
        (("projections", 2, "weight", "std"), "projections[2].weight.std"),
        (("populations", "my-cells", "size"), "populations.my-cells.size"),
        (("populations", "a b"), 'populations["a b"]'),
        (("populations", "x" * 65), f'populations["{"x" * 65}"]'),
        (("a\n", 0), '["a\\n"][0]'),
    ],
)
def test_paths_are_written_as_the_user_writes_them(path: Path, text: str) -> None:
    assert render_path(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", '"text"'),
        (True, "true"),
        (None, "null"),
        ([1, 2.5, "x"], '[1, 2.5, "x"]'),
        ({"a": None}, '{"a": null}'),
        ({1, 2}, "{1, 2}"),
        (list(range(100)), str(list(range(100)))[:77] + "..."),
    ],
)
def test_values_are_shown_in_the_notation_of_recipes(value: object, text: str) -> None:
    assert show(value) == text


def test_a_value_that_contains_itself_is_shown() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert show(endless) == "[[...]]"


@pytest.mark.parametrize(
    ("word", "best"),
    [("exitatory", "excitatory"), ("SIGNED", "signed"), ("inhibition", "inhibitory"), ("xyz", None), ("", None)],
)
def test_the_closest_choice(word: str, best: str | None) -> None:
    choices = ("signed", "excitatory", "inhibitory")
    assert closest(word, choices) == best
    assert did_you_mean(word, choices) == (f'did you mean "{best}"?' if best else None)


def test_what_is_no_word_means_nothing() -> None:
    assert did_you_mean(3, ("three",)) is None


def test_very_many_choices_are_compared_exactly_only() -> None:
    many = [f"name{number}" for number in range(500)]
    assert closest("NAME7", many) == "name7"
    assert closest("nam7", many) is None
    assert closest("x" * 10**6, ["x" * 80]) == "x" * 80


def test_lists_are_cut() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(33)], limit=2) == "0, 1 and 31 more"
    assert listed(["a\x1b"]) == r"a\x1b"


def test_a_finding_becomes_a_problem_without_a_place() -> None:
    finding = SpecFinding(code="E214", path=("a", 1), allowed="1 .. 2", value=3, hint="use 2")
    problem = finding.as_problem()
    assert (problem.code, problem.field, problem.value, problem.line) == ("E214", "a[1]", "3", None)
    assert SpecFinding(code="E202", path=("a",), allowed="", value=NOTHING).as_problem().value is None

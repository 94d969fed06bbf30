"""Strict YAML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sal_hw.errors import Problem
from sal_hw.recipe import loader
from sal_hw.recipe.loader import parse_yaml
from sal_hw.spec.findings import NOTHING

Only = Callable[..., Problem]


def test_quoted_scalars_are_text() -> None:
    assert parse_yaml("a: '010'\nb: \"true\"\nc: |\n  12:30\n", "f").data == {
        "a": "010",
        "b": "true",
        "c": "12:30\n",
    }


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "hint"),
    [
        ("a: 1\n---\nb: 2\n", "E107", 2, 1, "remove the line '---'"),
        ("a: 1\nb: 2\na: 3\n", "E108", 3, 1, "line 1, column 1"),
        ("x: {a: 1, b: 2, a: 3}\n", "E108", 1, 17, "line 1, column 5"),
        ("a: &x 1\n", "E109", 1, 4, "parameter"),
        ("<<: {b: 1}\n", "E109", 1, 1, "parameter"),
        ("a: !!float 1\n", "E110", 1, 4, "remove the tag"),
        ("a: !!python/object/apply:os.system [ls]\n", "E110", 1, 4, "remove the tag"),
        ("a: ! 1\n", "E110", 1, 4, "remove the tag"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", "E110", 1, 1, "remove the line"),
        ("a: 1\n\tb: 2\n", "E106", 2, 1, "not with tabs"),
        ("a: b: c\n", "E106", 1, 5, "': '"),
        ("a: [1, 2\nb: 3\n", "E106", 2, 2, "closed"),
        ("a: 'x\n", "E106", 2, 1, "closed"),
        ("a: @x\n", "E106", 1, 4, "in quotes"),
        ("1: a\n", "E203", 1, 1, "in quotes"),
        ("true: a\n", "E203", 1, 1, "in quotes"),
        ("[a]: b\n", "E203", 1, 1, None),
        ("{a: b}: c\n", "E203", 1, 1, None),
        ('a: "\\0"\n', "E104", 1, 4, None),
        ('a: "\\ud800"\n', "E104", 1, 4, None),
    ],
)
def test_refused_yaml(text: str, code: str, line: int, column: int, hint: str | None) -> None:
    problems = parse_yaml(text, "f").problems
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [(code, line, column)]
    assert hint is None or hint in (problems[0].hint or "")


def test_alias_and_anchor_are_both_reported() -> None:
    problems = parse_yaml("a: &x 1\nb: *x\n*x : 2\n", "f").problems
    assert [(problem.code, problem.field, problem.line) for problem in problems] == [
        ("E109", "a", 1),
        ("E109", "b", 2),
        ("E109", "", 3),
    ]


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "[" * 30 + "]" * 30, "- " * 1000 + "a", "{a: " * 500])
def test_deep_nesting(text: str) -> None:
    read = parse_yaml(text, "f")
    assert {problem.code for problem in read.problems} == {"E105"}
    assert read.data is NOTHING


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loader.MAX_NODES == 100_000
    monkeypatch.setattr(loader, "MAX_NODES", 1000)
    # the mapping and the list count, too
    assert not parse_yaml("a: [" + "1," * 998 + "]", "f").problems
    read = parse_yaml("a: [" + "1," * 999 + "]", "f")
    assert [problem.code for problem in read.problems] == ["E105"]


def test_positions_of_keys_and_values() -> None:
    positions = parse_yaml("a:\n  - b: 1\n    c: [2, 3]\n", "f").positions
    assert positions.keys[("a", 0, "c")] == (3, 5)
    assert positions.values[("a", 0, "c", 1)] == (3, 12)


@pytest.mark.parametrize(
    ("new", "code", "place"),
    [
        ("size: 010", "E111", (8, 11)),
        ("size: 3\n    size: 4", "E108", (9, 5)),
        ("size: &n 3", "E109", (8, 11)),
        ("size: !!int 3", "E110", (8, 11)),
        ("size: *n", "E109", (8, 11)),
    ],
)
def test_one_mistake_in_yaml_is_one_problem(only: Only, new: str, code: str, place: tuple[int, int]) -> None:
    found = only("size: 3", new)
    assert (found.code, (found.line, found.column), found.field) == (code, place, "populations.lower.size")

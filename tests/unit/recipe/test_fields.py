"""One wrong field: its code, its place, its path, what is allowed and the hint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sal_hw.errors import Problem

Only = Callable[..., Problem]

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "fields.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['code']} {case['new'][:30]}")
def test_wrong_field(only: Only, case: dict[str, str]) -> None:
    found = only(case["old"], case["new"])
    assert (found.code, f"{found.line}:{found.column}") == (case["code"], case["place"]), found.render()
    assert found.field == case["field"].replace("*", "populations.lower")
    assert case["allowed"] in found.allowed
    assert case["hint"] in (found.hint or "") if "hint" in case else found.hint is None, found.render()


def test_value_is_shown_as_written(only: Only) -> None:
    assert only("size: 3", 'size: "a\\nb"').value == '"a\\nb"'
    assert only("size: 3", "size: true").value == "true"
    assert only("size: 3", f"size: {'x' * 200}").value == '"' + "x" * 77 + '..."'


def test_one_missing_population_section(find: Callable[..., list[Problem]]) -> None:
    found = find("populations:\n", "population:\n")
    assert [problem.code for problem in found] == ["E201", "E202"] or [p.code for p in found] == [
        "E202",
        "E201",
    ]


def test_keys_that_cannot_be_printed(only: Only) -> None:
    found = only("seed: 1", 'seed: 1\n"\\u001b[31m": 2')
    assert found.render().replace("\n", "").isprintable()


def test_illegal_name_of_a_population(find: Callable[..., list[Problem]]) -> None:
    found = find("  lower:\n", "  9lower:\n")
    assert (found[0].code, found[0].field, found[0].line, found[0].column) == (
        "E208",
        "populations.9lower",
        7,
        3,
    )
    assert found[0].hint == 'for example "n9lower"'
    assert {problem.hint for problem in found[1:]} == {'did you mean "9lower"?'}

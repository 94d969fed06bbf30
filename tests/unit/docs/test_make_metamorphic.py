"""The page of changes and targets is that of the table which is tested."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def make_metamorphic() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "make_metamorphic.py"), run_name="make_metamorphic")


@pytest.fixture
def table() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tests" / "metamorphic" / "table.py"), run_name="table")


def test_the_page_is_that_of_the_table(make_metamorphic: dict[str, Any], table: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "metamorphic.md").read_text(encoding="utf-8")
    assert page == make_metamorphic["page"](table), "run make docs"


def test_a_cell_has_its_outcome_and_the_number_of_its_note(
    make_metamorphic: dict[str, Any], table: dict[str, Any]
) -> None:
    refused = table["Cell"](outcome=table["Outcome"].REFUSED, reason="there is no room", code="E302")
    rounded = replace(refused, outcome=table["Outcome"].ROUNDED, code="", tolerance_mv=0.5)
    cells = {"a": table["EQUAL"], "b": refused, "c": rounded}
    page = make_metamorphic["page"]({"COLUMNS": ("a", "b", "c"), "TABLE": {"turn": cells, "again": cells}})
    row = "equal bytes | refused (1) | equal within rounding (2) |"
    assert f"| turn | {row}\n| again | {row}\n" in page
    assert "\n1. E302: there is no room.\n2. there is no room, up to 0.5 mV.\n" in page

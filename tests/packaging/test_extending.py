"""The page about extending shows code as it is, and code that runs."""

from __future__ import annotations

import re

import pytest
from clean_environment import ROOT
from markdown_code import Code, code_of

PAGE = ROOT / "docs" / "extending.md"
BLOCKS = code_of(PAGE)


def _name(code: Code) -> str:
    return f"{code.path or code.language}"


def test_the_page_has_code_of_either_kind() -> None:
    assert len([code for code in BLOCKS if code.path]) >= 5
    assert PAGE.read_text().count("\n```") == 2 * len(BLOCKS), "a block that the test does not see"


@pytest.mark.parametrize("code", [code for code in BLOCKS if code.path], ids=_name)
def test_code_with_a_path_is_a_piece_of_that_file(code: Code) -> None:
    assert code.path is not None
    assert code.text in (ROOT / code.path).read_text()


@pytest.mark.parametrize("code", [code for code in BLOCKS if code.language == "python" and not code.path], ids=_name)
def test_code_without_a_path_runs(code: Code) -> None:
    exec(compile(code.text, str(PAGE), "exec"), {"__name__": "example"})  # noqa: S102 - our own page


def test_files_that_are_named_exist() -> None:
    named = re.findall(r"`((?:sal_hw|backends|calibration|docs|tests)/[\w./]+)`", PAGE.read_text())
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []

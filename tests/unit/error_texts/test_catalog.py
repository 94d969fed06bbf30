"""Every code is explained, and every explanation is of a code."""

from __future__ import annotations

import re
from pathlib import Path

from sal_hw.error_texts.catalog import CATALOG

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"[\"'](E[1-9][0-9]{2})[\"']")


def used_codes() -> set[str]:
    files = [
        path
        for folder in ("sal_hw", "backends", "calibration")
        for path in (ROOT / folder).rglob("*.py")
        if not path.name.startswith("error_")
    ]
    return {code for path in files for code in CODE.findall(path.read_text())}


def test_every_code_is_explained() -> None:
    assert sorted(used_codes() - set(CATALOG)) == []


def test_every_explanation_is_of_a_code() -> None:
    assert sorted(set(CATALOG) - used_codes()) == []


def test_explanations_help() -> None:
    for code, entry in CATALOG.items():
        assert 10 < len(entry.title) < 80, code
        assert 1 <= len(entry.text.splitlines()) <= 4, code
        assert entry.text.endswith("."), code
        assert all(len(line) <= 100 for line in entry.text.splitlines()), code
        assert entry.example, code

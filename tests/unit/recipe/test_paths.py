"""Paths of fields, as ``--set`` and presets write them."""

from __future__ import annotations

import pytest

from sal_hw.recipe.paths import PathError, parse_path


def test_paths() -> None:
    assert parse_path("a.b[2].c-d_e[0][1]") == ("a", "b", 2, "c-d_e", 0, 1)


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a[x]", "a[1", "[0]", "a b", "a[-1]", "a[1]b", "1a"])
def test_bad_paths(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)

"""What a scalar means, and which ones could mean several things."""

from __future__ import annotations

import pytest

from sal_hw.recipe.loader import parse_yaml
from sal_hw.recipe.scalars import ScalarError, read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.5e3", 1500.0),
        ("5.", 5.0),
        ("+3", 3),
        ("-0", 0),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        (".nan", ".nan"),
        ("-.inf", "-.inf"),
        ("nan", "nan"),
        ("10 ms", "10 ms"),
        ("1.2.3", "1.2.3"),
        ("v1_0", "v1_0"),
        ("0.2 ms", "0.2 ms"),
        ("=", "="),
        ("e5", "e5"),
        ("0b", "0b"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)
    assert parse_yaml(f"a: {text}\n", "f").data == {"a": value}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("010", "or 10 if"),
        ("-007", "or -7 if"),
        ("00.5", "or .5 if"),
        ("0x1F", "or 31 if"),
        ("0o7", "or 7 if"),
        ("0b11", "or 3 if"),
        ("1_000", "or 1000 if"),
        ("12:30", '"12:30" in quotes'),
        ("1:2:3.5", "in quotes"),
        ("2020-01-01", "in quotes"),
        ("2020-01-01T10:00:00Z", "in quotes"),
        ("0" * 5000, "in quotes"),
    ],
)
def test_ambiguous_scalars(text: str, hint: str) -> None:
    with pytest.raises(ScalarError) as caught:
        read_scalar(text)
    assert caught.value.code == "E111"
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(("text", "code"), [("9" * 5000, "E214"), ("1e999", "E207")])
def test_huge_numbers(text: str, code: str) -> None:
    with pytest.raises(ScalarError) as caught:
        read_scalar(text)
    assert caught.value.code == code

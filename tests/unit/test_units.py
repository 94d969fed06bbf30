"""Quantities: exact decimal conversions, no guessed units, and no units that a spiking network does not need."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from sal_hw.units import SUFFIX_UNITS, QuantityError, Unit, parse_quantity, registry

DURATION: TypeAdapter[float] = TypeAdapter(Annotated[float, Unit("ms")])


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("10 ms", "ms", 10.0),
        ("10ms", "ms", 10.0),
        (" -2.5e1  mV ", "mV", -25.0),
        ("400 us", "ms", 0.4),
        ("400 µs", "ms", 0.4),
        ("1.1 us", "ms", 0.0011),
        ("3 s", "ms", 3000.0),
        ("2 min", "s", 120.0),
        ("1 h", "s", 3600.0),
        ("5 kHz", "Hz", 5000.0),
        (".5 V", "mV", 500.0),
        ("7 LSB", "LSB", 7.0),
    ],
)
def test_quantities_are_converted_exactly(text: str, unit: str, number: float) -> None:
    assert parse_quantity(text, unit) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (10, "missing"),
        (0.5, "missing"),
        ("10", "missing"),
        ("1e3", "missing"),
        ("ten ms", "syntax"),
        ("10 ms ms", "syntax"),
        ("", "syntax"),
        ("inf ms", "syntax"),
        (True, "syntax"),
        (None, "syntax"),
        (["10 ms"], "syntax"),
        ("10 furlong", "unknown"),
        ("10 1/s", "syntax"),
        ("10 MS", "unknown"),
        ("10 mV", "dimension"),
        ("10 Hz", "dimension"),
    ],
)
def test_no_unit_is_ever_guessed(value: object, reason: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(value, "ms")
    assert caught.value.reason == reason
    assert "ms" in str(caught.value)


@pytest.mark.parametrize("symbol", SUFFIX_UNITS.values())
def test_every_suffix_is_a_unit(symbol: str) -> None:
    assert parse_quantity(f"3 {symbol}", symbol) == 3.0
    assert registry().Quantity(1.0, symbol).is_compatible_with(symbol)


def test_a_field_takes_text_in_recipes_and_numbers_in_python() -> None:
    recipe = {"recipe": True}
    assert DURATION.validate_python("10 s", context=recipe) == 10_000.0
    assert DURATION.validate_python(10.0) == 10.0
    for value, kind in ((10.0, "unit_missing"), ("10 mV", "unit_dimension"), ("x", "unit_syntax")):
        with pytest.raises(ValidationError) as caught:
            DURATION.validate_python(value, context=recipe)
        assert [error["type"] for error in caught.value.errors()] == [kind]

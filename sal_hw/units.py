"""Physical quantities of recipes: parsed by pint, stored as plain numbers whose field name carries the unit.

A quantity in a recipe is a number and a unit (``10 ms``). The registry knows only the units that a spiking network
needs, so a typing error cannot turn into an exotic legal unit, and start-up stays fast.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

_DEFINITIONS = (
    # the micro sign and the Greek letter look alike, and keyboards have one or the other
    "micro- = 1e-6 = u- = \u00b5- = \u03bc-",
    "milli- = 1e-3 = m-",
    "nano- = 1e-9 = n-",
    "pico- = 1e-12 = p-",
    "kilo- = 1e3 = k-",
    "mega- = 1e6 = M-",
    "second = [time] = s",
    "minute = 60 * second = min",
    "hour = 60 * minute = h",
    "hertz = 1 / second = Hz",
    "volt = [voltage] = V",
    "ampere = [current] = A",
    "farad = [current] * [time] / [voltage] = F",
    "degree = [angle] = deg",
    "lsb = [lsb] = LSB",
)

#: unit symbol of a field-name suffix
SUFFIX_UNITS = {
    "_ms": "ms",
    "_us": "us",
    "_s": "s",
    "_hz": "Hz",
    "_mv": "mV",
    "_na": "nA",
    "_pf": "pF",
    "_lsb": "LSB",
}

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z\u00b5\u03bc]+)\s*")


class QuantityError(ValueError):
    """A text is not a quantity of the wanted dimension.

    Attributes
    ----------
    reason
        ``missing`` (a bare number), ``syntax``, ``unknown`` (no such unit) or ``dimension`` (another kind of unit).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@lru_cache(maxsize=1)
def registry() -> UnitRegistry[float]:
    """Return the registry with the units of :data:`_DEFINITIONS` only."""
    from pint import UnitRegistry

    units: UnitRegistry[float] = UnitRegistry(None)
    for definition in _DEFINITIONS:
        units.define(definition)
    return units


def parse_quantity(value: object, unit: str) -> float:
    """Convert ``"10 ms"`` into a number of `unit`.

    Parameters
    ----------
    value
        Text of a number and a unit symbol.
    unit
        Symbol of the wanted unit, for example ``ms``.

    Raises
    ------
    QuantityError
        If the unit is missing, unknown or of another dimension. No unit is ever guessed.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise QuantityError("missing", f"a number with a unit such as '{value} {unit}'")
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        missing = isinstance(value, str) and _is_number(value)
        raise QuantityError("missing" if missing else "syntax", f"a number and a unit, for example '10 {unit}'")
    return _convert(float(match[1]), match[2], unit)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _convert(number: float, symbol: str, unit: str) -> float:
    if symbol == unit:
        return number
    units = registry()
    try:
        quantity = units.Quantity(number, symbol)
    except Exception as error:  # pint raises several unrelated types for a symbol it does not know
        raise QuantityError("unknown", f"a known unit of the same kind as {unit}") from error
    if not quantity.is_compatible_with(unit):
        raise QuantityError("dimension", f"a quantity that can be given in {unit}")
    factor = float(units.Quantity(1.0, symbol).to(unit).magnitude)
    # dividing by a whole inverse keeps decimal quantities exact: 400 us is 0.4 ms, not 0.39999999999999997
    inverse = round(1.0 / factor) if factor < 1.0 else 0
    return number / inverse if inverse and math.isclose(1.0 / factor, inverse) else number * factor


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a field as a physical quantity: text with unit in a recipe, a plain number of that unit in Python.

    It takes part in pydantic's validation: with ``context={"recipe": True}`` a bare number is refused.
    """

    symbol: str

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> object:
        """Put the conversion in front of the number's own validation."""
        from pydantic_core import PydanticCustomError, core_schema

        def convert(value: object, info: core_schema.ValidationInfo) -> object:
            from_recipe = bool(info.context and info.context.get("recipe"))
            if not from_recipe or (value is None):
                return value
            try:
                return parse_quantity(value, self.symbol)
            except QuantityError as error:
                message = str(error)
                raise PydanticCustomError(f"unit_{error.reason}", "{allowed}", {"allowed": message}) from error

        inner = handler(source)  # type: ignore[operator]
        return core_schema.with_info_before_validator_function(convert, inner)

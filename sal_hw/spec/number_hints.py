"""What somebody who wrote a number in another way most likely meant: calculations, percent, units written out."""

from __future__ import annotations

import operator
import re

from sal_hw.spec.findings import closest
from sal_hw.spec.schema import KNOWN_SYMBOLS, FieldType, plain

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
#: a number and what follows it, as long as that is not a calculation
NUMBER_IN_TEXT = re.compile(rf"\s*({_NUMBER})(?![\d.]|\s*[-+*/^]\s*[\d.])\s*(.*?)\s*", re.DOTALL)
_CALCULATION = re.compile(rf"\s*({_NUMBER})\s*([-+*/])\s*({_NUMBER})\s*([A-Za-z\u00b5\u03bc]*)\s*")
_OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_SYMBOLS = {symbol for symbols in KNOWN_SYMBOLS.values() for symbol in symbols}
#: how people write units, in lower case without the plural's s
_WRITTEN_OUT = {
    **dict.fromkeys(("nsec", "nanosec", "nanosecond"), "ns"),
    **dict.fromkeys(("usec", "microsec", "microsecond", "mu"), "us"),
    **dict.fromkeys(("msec", "millisec", "millisecond"), "ms"),
    **dict.fromkeys(("sec", "second"), "s"),
    **dict.fromkeys(("minute", "min"), "min"),
    **dict.fromkeys(("hour", "hr"), "h"),
    **dict.fromkeys(("hertz", "1/", "/", "spike/"), "Hz"),
    **dict.fromkeys(("kilohertz",), "kHz"),
    **dict.fromkeys(("microvolt",), "uV"),
    **dict.fromkeys(("millivolt",), "mV"),
    "volt": "V",
}


def bare_number(number: str, rest: str) -> str | None:
    """Return the hint about a number with something behind it that does not belong there."""
    if rest == "%":
        return f"write {plain(float(number) / 100)}"
    # one letter may be half of something else, as in 2e
    return f"write {number} without quotes or unit" if not rest or len(rest) > 1 or rest in _SYMBOLS else None


def calculated(text: str, kind: FieldType | None) -> str | None:
    """Return the hint about two numbers with an operation between them: recipes hold what comes out."""
    match = _CALCULATION.fullmatch(text)
    if match is None:
        return None
    first, sign, second, unit = match.groups()
    try:
        result = _OPERATIONS[sign](float(first), float(second))
    except (ZeroDivisionError, OverflowError):
        return "recipes do not calculate; write the number itself"
    if kind and kind.base == "int" and result != int(result):
        return "recipes do not calculate; write a whole number"
    wanted = " and its unit" if kind and kind.unit and not unit else ""
    return f"recipes do not calculate; write {plain(result)}{' ' if unit else ''}{unit}{wanted}"


def meant_symbol(word: str, unit: str) -> str | None:
    """Return the symbol that a wrong one means, if it is clear."""
    written_out = _WRITTEN_OUT.get(word.lower().removesuffix("s"))
    return written_out if written_out in KNOWN_SYMBOLS[unit] else closest(word, KNOWN_SYMBOLS[unit])

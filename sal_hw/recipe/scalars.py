"""What an unquoted YAML scalar means.

These are the core rules of YAML 1.2, without the forms that two readers may read differently.
"""

from __future__ import annotations

import math
import re
from typing import Final

_WHOLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}

#: longest number; more digits than this are no measurement
MAX_NUMBER_CHARACTERS = 100

_AMBIGUOUS: Final = (
    (
        re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?"),
        "a leading zero means octal to some readers of YAML",
    ),
    (
        re.compile(r"[-+]?0[xXoObB][0-9a-fA-F_]+"),
        "hexadecimal, octal and binary numbers differ between readers of YAML",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?"),
        "some readers of YAML drop underscores",
    ),
    (
        re.compile(r"[-+]?[0-9]+(:[0-9]+)+(\.[0-9]*)?"),
        "some readers of YAML take this for a number to base 60",
    ),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "some readers of YAML take this for a date"),
)


class ScalarError(ValueError):
    """An unquoted scalar cannot be read.

    Attributes
    ----------
    code, allowed, hint
        As in :class:`sal_hw.errors.Problem`.
    """

    def __init__(self, code: str, allowed: str, hint: str | None) -> None:
        super().__init__(allowed)
        self.code = code
        self.allowed = allowed
        self.hint = hint


def read_scalar(text: str) -> bool | int | float | str | None:
    """Return the value of an unquoted scalar.

    Raises
    ------
    ScalarError
        If readers of YAML disagree about its meaning, or if it is a number beyond any range.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return _read_number(text)
    for pattern, reason in _AMBIGUOUS:
        if pattern.fullmatch(text):
            raise ScalarError("E111", f"a decimal number or quoted text: {reason}", _suggest(text))
    return text


def _read_number(text: str) -> int | float:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ScalarError("E214", f"a number of at most {MAX_NUMBER_CHARACTERS} characters", None)
    if _WHOLE.fullmatch(text):
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ScalarError("E207", "a finite number; this one is larger than 1.8e308", None)
    return number


def _suggest(text: str) -> str:
    quoted = f'write "{text}" in quotes if it is text'
    decimal = text.replace("_", "").lstrip("+")
    digits = decimal.lstrip("-")
    sign = "-" if decimal.startswith("-") else ""
    if len(text) > MAX_NUMBER_CHARACTERS:
        return quoted
    if digits[:2].lower() in ("0x", "0o", "0b"):
        try:
            return f"{quoted}, or {sign}{int(digits, 0)} if it is a number"
        except ValueError:
            return quoted
    stripped = digits.lstrip("0") or "0"
    if _DECIMAL.fullmatch(stripped):
        return f"{quoted}, or {sign}{stripped} if it is a number"
    return quoted

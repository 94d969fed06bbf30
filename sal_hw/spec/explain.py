"""Says what is wrong with one field: a code, plain words and a hint for each of pydantic's types of error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sal_hw.spec.findings import Path, SpecFinding, closest, did_you_mean, listed
from sal_hw.spec.key_places import places_of
from sal_hw.spec.number_hints import NUMBER_IN_TEXT, bare_number, calculated, meant_symbol
from sal_hw.spec.schema import (
    KNOWN_SYMBOLS,
    FieldType,
    describe,
    example,
    keys_of,
    plain,
    symbols_of,
)
from sal_hw.storage.document import recipe_key

_NOT_FINITE = re.compile(r"\s*[+-]?\.?(nan|inf|infinity)\b.*", re.IGNORECASE | re.DOTALL)
RANGE_ERRORS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_BOOLEAN_WORDS = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """The field an error is about.

    Attributes
    ----------
    kind
        What the field may hold; None for a key that does not exist.
    owner
        Class the key belongs to; None at the root.
    """

    path: Path
    kind: FieldType | None
    owner: type | None
    value: object
    recipe: bool

    def finding(self, code: str, *, allowed: str | None = None, **facts: Any) -> SpecFinding:
        """Return a finding about this field."""
        words = allowed or (describe(self.kind, recipe=self.recipe) if self.kind else "a legal value")
        typical = example(self.kind) if self.kind else None
        hint = facts.pop("hint", None) or (f"for example {typical}" if typical else None)
        given = {"code": code, "path": self.path, "allowed": words, "value": self.value, "hint": hint}
        return SpecFinding(**{**given, **facts})


def unknown_key(path: Path, legal: Iterable[str]) -> SpecFinding:
    """Return the finding about a key that does not exist, with the place where it does."""
    key, known = str(path[-1]), list(legal)
    places = places_of(key)
    close = closest(key, known)
    if recipe_key(key) in known:
        hint: str | None = f'write "{recipe_key(key)}" and give the unit with the value, as in {recipe_key(key)}: 10 ms'
    elif places and (close is None or closest(key, known, cutoff=0.8) is None):
        hint = f"'{key}' belongs in {places}"
    else:
        hint = did_you_mean(key, known) or "remove it, or use one of these keys"
    return SpecFinding(code="E201", path=path, allowed=f"the keys here are: {listed(known)}", hint=hint, at="key")


def missing_key(path: Path, kind: FieldType) -> SpecFinding:
    """Return the finding about a required key that is not there."""
    typical = example(kind)
    words = f"'{path[-1]}' is required: {describe(kind, recipe=True)}"
    hint = f"add {path[-1]}: {typical}" if typical else None
    return SpecFinding(code="E202", path=path, allowed=words, hint=hint, at="parent")


def _unknown(spot: Spot) -> SpecFinding:
    return unknown_key(spot.path, keys_of(spot.owner, recipe=spot.recipe) if spot.owner else ())


def _missing(spot: Spot) -> SpecFinding:
    return missing_key(spot.path, spot.kind or FieldType(base="text"))


def wrong_type(spot: Spot) -> SpecFinding:
    """Return the finding about a value of the wrong type."""
    value, kind = spot.value, spot.kind
    base = kind.base if kind else ""
    numeric = base in ("int", "float", "union", "table")
    if numeric and isinstance(value, str) and _NOT_FINITE.fullmatch(value):
        return _not_finite(spot)
    if isinstance(value, list) and base in ("union", "table"):
        return _bad_table(spot, value)
    if base == "float" and isinstance(value, int) and not isinstance(value, bool):
        return _out_of_range(spot)
    return spot.finding("E203", hint=_type_hint(value, kind))


def _bad_table(spot: Spot, rows: list[Any]) -> SpecFinding:
    """Point at the first cell that is no number, or at the first row of another length."""
    for index, row in enumerate(rows):
        for place, cell in (
            [((index, at), cell) for at, cell in enumerate(row)] if isinstance(row, list) else [((index,), row)]
        ):
            if isinstance(cell, (str, bool, dict, list)) or cell is None:
                finite = not (isinstance(cell, str) and _NOT_FINITE.fullmatch(cell))
                bad = replace(spot, path=(*spot.path, *place), value=cell)
                return bad.finding("E203" if finite else "E207", allowed="a finite number in each cell of a table")
    lengths = [len(row) if isinstance(row, list) else -1 for row in rows]
    odd = next((index for index, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return spot.finding("E203", allowed="rows of numbers, at least one")
    words = f"rows of one length; the first has {_row_words(lengths[0])}, this one {_row_words(lengths[odd])}"
    return replace(spot, path=(*spot.path, odd), value=rows[odd]).finding("E219", allowed=words)


def _row_words(length: int) -> str:
    return "no brackets" if length < 0 else f"{length} number" if length == 1 else f"{length} numbers"


def _type_hint(value: object, kind: FieldType | None) -> str | None:
    base = kind.base if kind else ""
    if value is None:
        return "there is nothing after the colon"
    if base == "flag":
        word = _BOOLEAN_WORDS.get(str(value).lower())
        return f"write {word}" if word else None
    if base in ("text", "name") and isinstance(value, (int, float)):
        return "put it in quotes, or let it begin with a letter"
    if base in ("int", "float", "union") and isinstance(value, str):
        return _number_hint(value, kind)
    if base == "int" and isinstance(value, float):
        return f"nearest whole number: {round(value)}"
    return None


def _number_hint(text: str, kind: FieldType | None) -> str | None:
    number = NUMBER_IN_TEXT.fullmatch(text)
    if number is None:
        return calculated(text, kind)
    if kind and kind.base == "float" and kind.unit:
        symbol = meant_symbol(number[2], kind.unit)
        return f'did you mean "{number[1]} {symbol}"?' if symbol else None
    return bare_number(number[1], number[2])


def _not_finite(spot: Spot) -> SpecFinding:
    words = describe(spot.kind, recipe=spot.recipe) if spot.kind else "a number"
    return spot.finding("E207", allowed=f"{words}; NaN and infinity are not allowed")


def _no_such_choice(spot: Spot) -> SpecFinding:
    choices = spot.kind.choices if spot.kind else ()
    if not isinstance(spot.value, str):
        return spot.finding("E203")
    return spot.finding("E204", hint=did_you_mean(spot.value, choices))


def _no_such_member(spot: Spot) -> SpecFinding:
    """Explain a union whose member cannot be picked: no mapping, no such key, or an unknown choice."""
    kind, raw = spot.kind, spot.value
    key = kind.chooser if kind else None
    if kind is None or key is None or not isinstance(raw, dict) or key == "table":
        return wrong_type(spot)
    tags = [tag for tag, _ in kind.members if key != "distribution" or tag not in ("constant", "table", "file")]
    words, path = "one of: " + ", ".join(tags), (*spot.path, key)
    if key in raw:
        code = "E204" if isinstance(raw[key], str) else "E203"
        hint = did_you_mean(raw[key], tags) or f"for example {key}: {tags[0]}"
        return SpecFinding(code=code, path=path, allowed=words, value=raw[key], hint=hint)
    if key == "distribution":
        return spot.finding("E203", hint="add distribution: normal, or file: NAME.npy")
    misspelt = next((name for name in raw if isinstance(name, str) and closest(key, [name], cutoff=0.7)), None)
    hint = f'did you mean "{key}" instead of "{misspelt}"?' if misspelt else f"add {key}: {tags[0]}"
    return SpecFinding(code="E202", path=path, allowed=f"'{key}' is required: {words}", hint=hint, at="parent")


def _out_of_range(spot: Spot) -> SpecFinding:
    kind = spot.kind
    code = "E223" if spot.path and spot.path[-1] == "seed" else "E214"
    return spot.finding(code, hint=_nearest(kind, spot.value) if kind else None)


def _nearest(kind: FieldType, value: object) -> str | None:
    unit = f" {kind.unit}" if kind.unit else ""
    if kind.because and kind.because.hint:
        return kind.because.hint
    number, symbol = _split(value)
    lower_case = closest(symbol, KNOWN_SYMBOLS[kind.unit]) if kind.unit and symbol else None
    if lower_case and symbol != lower_case and symbol.lower() == lower_case.lower():
        return f'did you mean "{plain(number or 0)} {lower_case}"?'
    above = number is not None and number > 0 and kind.upper is not None
    if above and not (kind.lower is not None and number is not None and number < kind.lower):
        return f"the largest legal value is {plain(kind.upper or 0)}{unit}"
    if kind.lower is None:
        return None
    if kind.lower_open:
        return f"for example {example(kind)}" if kind.unit else None
    return f"the smallest legal value is {plain(kind.lower)}{unit}"


def _split(value: object) -> tuple[float | None, str]:
    """Return the number and the unit symbol of a value, as far as it has them."""
    if isinstance(value, (int, float)):
        return value, ""
    match = NUMBER_IN_TEXT.fullmatch(value) if isinstance(value, str) else None
    return (float(match[1]), match[2]) if match else (None, "")


def _illegal_name(spot: Spot) -> SpecFinding:
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "_", str(spot.value)).strip("_-")
    cleaned = (cleaned if cleaned[:1].isalpha() else f"n{cleaned}")[:64]
    return spot.finding("E208", hint=f'for example "{cleaned}"')


def _unit_missing(spot: Spot) -> SpecFinding:
    kind, value = spot.kind, spot.value
    if kind is None or kind.unit is None:
        return wrong_type(spot)
    hint = f'did you mean "{str(value).strip()} {kind.unit}"?' if isinstance(value, (int, float, str)) else None
    return spot.finding("E205", hint=hint)


def _unit_wrong(spot: Spot) -> SpecFinding:
    kind, value = spot.kind, spot.value
    unit = (kind.unit if kind else None) or "mV"
    match = NUMBER_IN_TEXT.fullmatch(value) if isinstance(value, str) else None
    symbol = meant_symbol(match[2], unit) if match else None
    hint = f'did you mean "{match[1]} {symbol}"?' if match and symbol else None
    words = symbols_of(unit)
    if kind is not None and kind.unit is None:
        words = f"{describe(kind, recipe=spot.recipe)}; the number may have the unit mV"
    return spot.finding("E206", allowed=words, hint=hint)


#: what explains each of pydantic's types of error
HANDLERS: dict[str, Callable[[Spot], SpecFinding]] = {
    "missing": _missing,
    "unexpected_keyword_argument": _unknown,
    "literal_error": _no_such_choice,
    "choose_kind": _no_such_member,
    "choose_model": _no_such_member,
    "choose_distribution": _no_such_member,
    "choose_table": _no_such_member,
    "finite_number": _not_finite,
    "table_finite": _not_finite,
    "string_pattern_mismatch": _illegal_name,
    "unit_missing": _unit_missing,
    "unit_unknown": _unit_wrong,
    "unit_dimension": _unit_wrong,
    **dict.fromkeys(RANGE_ERRORS, _out_of_range),
}

"""How much the circuits of a chip differ: the spreads that synthetic chips are drawn from, kept in a data file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias, get_args

from sal_hw.errors import InputError, Problem, quote_value

Distribution: TypeAlias = Literal["constant", "normal", "lognormal", "share", "correlation"]

_FILE = "data/brainscales2_spreads.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """One spread; the data file says what the distributions mean.

    Attributes
    ----------
    name
        The name that ``--spread`` takes.
    value
        In `unit`.
    highest
        A larger value is refused as absurd; so is a negative one.
    tables
        Names of the snapshot's tables that are drawn from it.
    source
        Where the default comes from, or that it is a choice.
    """

    name: str
    value: float
    unit: str
    distribution: Distribution
    highest: float
    tables: tuple[str, ...]
    meaning: str
    source: str


@dataclass(frozen=True, slots=True)
class Spreads:
    """All spreads of a kind of chip.

    Attributes
    ----------
    entries
        In the order of the data file, which has no influence on what is drawn.
    """

    entries: tuple[Spread, ...]

    def __getitem__(self, name: str) -> float:
        """Return the value of a spread; KeyError if there is none of that name."""
        return {entry.name: entry.value for entry in self.entries}[name]

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(entry.name for entry in self.entries)

    def with_overrides(self, values: Mapping[str, float]) -> Spreads:
        """Return the same spreads with other values for some.

        Raises
        ------
        InputError
            E704, one finding for each name that is unknown and each value that is negative, absurd or no number.
        """
        known = {entry.name: entry for entry in self.entries}
        problems = [_unknown(name, known) for name in values if name not in known]
        problems += [
            _absurd(entry, values[name])
            for name, entry in known.items()
            if name in values and not _is_sensible(values[name], entry.highest)
        ]
        if problems:
            raise InputError(problems)
        return Spreads(tuple(replace(each, value=float(values.get(each.name, each.value))) for each in self.entries))


def _is_sensible(value: object, highest: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and 0.0 <= value <= highest


def _unknown(name: str, known: Mapping[str, Spread]) -> Problem:
    close = get_close_matches(name, known, n=1)
    return Problem(
        code="E704",
        field="spread",
        value=quote_value(name),
        allowed=f"one of {', '.join(known)}",
        hint=f'did you mean "{close[0]}"?' if close else None,
    )


def _absurd(entry: Spread, value: object) -> Problem:
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    return Problem(
        code="E704",
        field=f"spread.{entry.name}",
        value=quote_value(value),
        allowed=f"0 .. {entry.highest:g}{unit} ({entry.meaning})",
        hint=f"the default is {entry.value:g}{unit}",
    )


@lru_cache(maxsize=1)
def load_spreads() -> Spreads:
    """Return the default spreads, those of a calibrated BrainScaleS-2 chip.

    Raises
    ------
    ValueError
        If the installed data file is damaged.
    """
    import yaml

    text = files("sal_hw_brainscales2.emulation").joinpath(_FILE).read_text(encoding="utf-8")
    spreads = Spreads(tuple(_read(name, fields) for name, fields in yaml.safe_load(text).items()))
    for entry in spreads.entries:
        if entry.distribution not in get_args(Distribution) or not _is_sensible(entry.value, entry.highest):
            raise ValueError(f"{_FILE}: {entry.name} is damaged")
    return spreads


def _read(name: str, fields: dict[str, object]) -> Spread:
    raw_tables = fields.pop("tables")
    tables = tuple(str(table) for table in raw_tables) if isinstance(raw_tables, list) else ()
    return Spread(name=name, tables=tables, **fields)  # type: ignore[arg-type]  # load_spreads checks what it reads

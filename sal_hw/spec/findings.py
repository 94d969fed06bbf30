"""Findings about a specification: where in the tree, what is allowed, and the nearest thing that is.

A finding knows the path of a field but no file; whoever read the field from a file adds the place.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias

from sal_hw.errors import Problem, quote_value

Path: TypeAlias = tuple[str | int, ...]

#: stands for "there is no value to show"
NOTHING: Final = object()

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_WORD = 80
_MOST_CHOICES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecFinding:
    """One finding about a field.

    Attributes
    ----------
    path
        Keys and indices from the root to the field.
    value
        The offending value; :data:`NOTHING` if there is none to show.
    at
        What a place in a file refers to: the field's ``value``, its ``key``, or the mapping that lacks it
        (``parent``).
    """

    code: str
    path: Path
    allowed: str
    value: object = NOTHING
    hint: str | None = None
    at: Literal["value", "key", "parent"] = "value"

    def as_problem(self) -> Problem:
        """Return the finding without a place in a file."""
        return Problem(
            code=self.code,
            field=render_path(self.path),
            allowed=self.allowed,
            value=None if self.value is NOTHING else show(self.value),
            hint=self.hint,
        )


def render_path(path: Path) -> str:
    """Return a path as the user writes it: ``projections[2].weight.std``."""
    parts: list[str] = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif _PLAIN_KEY.fullmatch(key):
            parts.append(f".{key}" if parts else key)
        else:
            parts.append(f"[{quote_value(key)}]")
    return "".join(parts)


def show(value: object) -> str:
    """Return a value in the notation of recipes, on one line and not too long."""
    if isinstance(value, str):
        return quote_value(value)
    try:
        return quote_value(_Verbatim(json.dumps(value)))
    except (TypeError, ValueError, RecursionError):
        return quote_value(value)


class _Verbatim:
    """Text whose representation is the text itself."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def closest(word: str, choices: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the choice that `word` most likely means, or None."""
    known: Collection[str] = choices if isinstance(choices, Collection) else tuple(choices)
    short = word[:_LONGEST_WORD]
    if len(known) > _MOST_CHOICES:
        # each of many mistakes would cost a look at each of many names
        likely = (short.lower(), short.upper(), short.capitalize())
        return next((each for each in likely if each in known), None)
    in_order = sorted(set(known))
    for choice in in_order:
        if choice.lower() == short.lower():
            return choice
    found = difflib.get_close_matches(short, in_order, n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(word: object, choices: Iterable[str]) -> str | None:
    """Return the hint that names the closest choice, or None if nothing is close."""
    best = closest(word, choices) if isinstance(word, str) else None
    return f'did you mean "{best}"?' if best is not None else None


def listed(words: Iterable[str], *, limit: int = 30) -> str:
    """Return words as ``a, b, c``, shortened if there are many."""
    known = words if isinstance(words, Sized) else tuple(words)
    shown = ", ".join(quote_value(word)[1:-1] for word in islice(known, limit))
    return f"{shown} and {len(known) - limit} more" if len(known) > limit else shown

"""Paths into a recipe: ``a.b[2].c``, and the items of a list by their name."""

from __future__ import annotations

import re
from typing import Any

from sal_hw.spec.findings import Path, did_you_mean, listed, render_path

_KEY = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = re.compile(rf"{_KEY}(\.{_KEY}|\[[0-9]{{1,6}}\])*")
_STEP = re.compile(rf"({_KEY})|\[([0-9]+)\]")

#: sections whose entries the user names, so that a new name is more likely a typing error than a wish
_NAMED_SECTIONS = ("populations", "presets")


class PathError(ValueError):
    """A path leads nowhere.

    Attributes
    ----------
    allowed, hint
        As in :class:`sal_hw.errors.Problem`.
    """

    def __init__(self, allowed: str, hint: str | None = None) -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.hint = hint


def parse_path(text: str) -> Path:
    """Split ``a.b[2].c`` into keys and indices.

    Raises
    ------
    PathError
        If the text is no path.
    """
    if not _PATH.fullmatch(text):
        raise PathError("a path such as experiment.duration or projections[0].weight")
    return tuple(match[1] if match[2] is None else int(match[2]) for match in _STEP.finditer(text))


def resolve_path(document: dict[str, Any], path: Path) -> Path:
    """Replace names of list items by their indices, and check that the path can be set.

    The last key may be absent, as may mappings on the way, so that optional parts can be given.

    Raises
    ------
    PathError
        If a list has no such item, or if something on the way is not a mapping or list.
    """
    resolved: list[str | int] = []
    current: Any = document
    for index, step in enumerate(path):
        last = index == len(path) - 1
        if isinstance(current, list):
            key: str | int = _item_index(current, step, tuple(resolved))
        elif isinstance(current, dict):
            key = _known_key(current, step, tuple(resolved), last=last)
        else:
            raise PathError(f"{render_path(tuple(resolved))} is a single value; it has no part {_quoted(step)}")
        resolved.append(key)
        current = current.get(key, {}) if isinstance(current, dict) else current[int(key)]
    return tuple(resolved)


def _quoted(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f'"{step}"'


def _item_index(items: list[Any], step: str | int, where: Path) -> int:
    place = render_path(where)
    if isinstance(step, int):
        if step < len(items):
            return step
        raise PathError(f"{place} has {len(items)} entries, counted from 0", None)
    names = [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]
    matches = [index for index, item in enumerate(items) if isinstance(item, dict) and item.get("name") == step]
    if matches:
        return matches[0]
    known = f"; its entries are: {listed(names)}" if names else "; use an index such as [0]"
    raise PathError(f"{place} has no entry named {_quoted(step)}{known}", did_you_mean(step, names))


def _known_key(mapping: dict[str, Any], step: str | int, where: Path, *, last: bool) -> str:
    if isinstance(step, int):
        place = render_path(where) or "the recipe"
        raise PathError(
            f"{place} is a mapping, not a list; it has no entry [{step}]", f"its keys are: {listed(mapping)}"
        )
    if step not in mapping and not last and len(where) == 1 and where[0] in _NAMED_SECTIONS:
        words = f"{where[0]} has no entry {_quoted(step)}; its entries are: {listed(mapping)}"
        raise PathError(words, did_you_mean(step, mapping))
    return step


def assign(document: dict[str, Any], path: Path, value: object) -> None:
    """Set the value at a resolved path, adding mappings that are absent."""
    current: Any = document
    for step in path[:-1]:
        current = current.setdefault(step, {}) if isinstance(current, dict) else current[step]
    current[path[-1]] = value

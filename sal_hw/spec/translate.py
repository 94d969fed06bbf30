"""Turns what pydantic finds in a tree into findings with codes, plain words and hints."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any

from pydantic import ValidationError

from sal_hw.errors import MAX_PROBLEMS
from sal_hw.spec.explain import HANDLERS, RANGE_ERRORS, Spot, wrong_type
from sal_hw.spec.findings import NOTHING, Path, SpecFinding
from sal_hw.spec.schema import FieldType, field_type
from sal_hw.storage.document import TAG_MARK, recipe_key


def translate(error: ValidationError, kind: FieldType, raw: object, base: Path, *, recipe: bool) -> list[SpecFinding]:
    """Return the findings of a failed validation.

    Parameters
    ----------
    kind
        What the validated tree may hold.
    raw
        The validated tree.
    base
        Path of the tree in the whole.
    recipe
        Whether the tree was read from a recipe, with units in its values, rather than built in Python.
    """
    found = []
    for item in error.errors(include_url=False, include_context=False)[:MAX_PROBLEMS]:
        start = Spot(path=base, kind=kind, owner=_only_member(kind), value=raw, recipe=recipe)
        spot = _walk(start, list(item["loc"]), item["type"])
        found.append(HANDLERS.get(item["type"], wrong_type)(spot))
    return _without_echoes(found)


def _without_echoes(found: list[SpecFinding]) -> list[SpecFinding]:
    """Leave out missing keys that are only misspelt, since the misspelt key is reported."""
    misspelt = [finding for finding in found if finding.code == "E201"]
    meant = {
        (*finding.path[:-1], (finding.hint or "").removeprefix('did you mean "').removesuffix('"?'))
        for finding in misspelt
    } | {(*finding.path[:-1], recipe_key(str(finding.path[-1]))) for finding in misspelt}
    return [finding for finding in found if not (finding.code == "E202" and finding.path in meant)]


def _only_member(kind: FieldType | None) -> type | None:
    return kind.members[0][1] if kind is not None and kind.base == "document" else None


def _walk(spot: Spot, keys: list[int | str], error_type: str) -> Spot:
    """Follow an error's location through types and data, leaving out what only pydantic knows."""
    about_key = error_type in ("missing", "unexpected_keyword_argument")
    for index, key in enumerate(keys):
        is_union = spot.kind is not None and spot.kind.base == "union"
        if is_union and isinstance(key, str) and key.startswith(TAG_MARK):
            member = spot.kind.member(key.removeprefix(TAG_MARK)) if spot.kind else None
            spot = replace(spot, owner=member)
            continue
        last = index == len(keys) - 1
        if not _has(spot.value, key) and not (last and about_key):
            return _inside(spot, key, error_type)
        spot = _step(spot, key)
        if spot.kind is None or (last and error_type == "unexpected_keyword_argument"):
            return replace(spot, kind=None)
    return spot


def _inside(spot: Spot, key: int | str, error_type: str) -> Spot:
    """Return the spot of a value that stands for a whole mapping, as a bare number does for a constant."""
    inner = field_type(spot.owner, key) if spot.owner and isinstance(key, str) else None
    return replace(spot, kind=inner) if inner and error_type in RANGE_ERRORS else spot


def _step(spot: Spot, key: int | str) -> Spot:
    """Return the spot below `spot` that `key` leads to."""
    if isinstance(key, int):
        following = spot.kind.item if spot.kind else None
    else:
        following = field_type(spot.owner, key) if spot.owner else None
    owner = _only_member(following) or spot.owner
    return replace(spot, path=(*spot.path, key), kind=following, owner=owner, value=_get(spot.value, key))


def _has(raw: object, key: int | str) -> bool:
    if isinstance(raw, dict):
        return key in raw
    if isinstance(raw, (list, tuple)):
        return isinstance(key, int) and key < len(raw)
    return is_dataclass(raw) and isinstance(key, str) and hasattr(raw, key)


def _get(raw: Any, key: int | str) -> object:
    if not _has(raw, key):
        return NOTHING
    return getattr(raw, str(key)) if is_dataclass(raw) else raw[key]

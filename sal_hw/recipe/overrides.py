"""Values that replace those of the file: presets first, then ``--set path=value``, in the order given."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sal_hw.errors import MAX_PROBLEMS, InputError, Problem, quote_value
from sal_hw.recipe.files import check_text
from sal_hw.recipe.loader import parse_yaml
from sal_hw.recipe.paths import PathError, assign, parse_path, resolve_path
from sal_hw.recipe.positions import Positions, too_many
from sal_hw.spec.explain import missing_key, unknown_key
from sal_hw.spec.findings import NOTHING, Path, SpecFinding, did_you_mean, listed, render_path
from sal_hw.spec.schema import FieldType

_LIKE_THIS = "for example --set 'experiment.duration=10 s'"
_PRESET_EXAMPLE = "for example presets: {short: {set: {experiment.duration: 10 s}}}"
_PRESET_KEYS = ("description", "set")


@dataclass(kw_only=True, slots=True)
class Draft:
    """A recipe on its way from the file to plain data without presets, overrides and parameters.

    Attributes
    ----------
    document
        Plain data; changed in place.
    problems
        Everything found so far.
    """

    document: dict[str, Any]
    positions: Positions
    problems: list[Problem]

    def report(self, finding: SpecFinding) -> None:
        """Add a finding, unless its field could not be read in the first place.

        Raises
        ------
        InputError
            With all of them, once there are as many as anybody reads.
        """
        if not self.positions.already_reported(finding):
            self.problems.append(self.positions.problem(finding))
            if len(self.problems) == MAX_PROBLEMS:
                raise InputError([*self.problems, too_many(self.problems[-1])])


def apply_presets(draft: Draft, chosen: Sequence[str]) -> None:
    """Apply presets in the order given; check the form of all of them."""
    presets = draft.document.get("presets", {})
    if not isinstance(presets, dict):
        words = "a mapping from the name of a preset to {description, set}"
        draft.report(SpecFinding(code="E203", path=("presets",), allowed=words, value=presets, hint=_PRESET_EXAMPLE))
        return
    for name, preset in presets.items():
        for finding in _check_preset(draft, name, preset):
            draft.report(finding)
    for name in chosen:
        _apply_preset(draft, presets, name)


def _check_preset(draft: Draft, name: str, preset: object) -> Iterator[SpecFinding]:
    path: Path = ("presets", name)
    if not isinstance(preset, dict):
        words = "a mapping with the keys description and set"
        yield SpecFinding(code="E203", path=path, allowed=words, value=preset, hint=_PRESET_EXAMPLE)
        return
    for key in preset:
        if key not in _PRESET_KEYS:
            yield unknown_key((*path, key), _PRESET_KEYS)
    if not isinstance(preset.get("description", ""), str):
        hint, given = "put it in quotes", preset["description"]
        yield SpecFinding(code="E203", path=(*path, "description"), allowed="text", value=given, hint=hint)
    if "set" not in preset:
        yield missing_key((*path, "set"), FieldType(base="mapping"))
        return
    if not isinstance(preset["set"], dict):
        words = "a mapping from paths such as experiment.duration to values"
        hint = "for example set: {experiment.duration: 10 s}"
        yield SpecFinding(code="E203", path=(*path, "set"), allowed=words, value=preset["set"], hint=hint)
        return
    for target in preset["set"]:
        try:
            resolve_path(draft.document, parse_path(target))
        except PathError as error:
            where = (*path, "set", target)
            yield SpecFinding(code="E212", path=where, allowed=error.allowed, hint=error.hint, at="key")


def _apply_preset(draft: Draft, presets: dict[str, Any], name: str) -> None:
    if name not in presets:
        known = f"one of: {listed(presets)}" if presets else "no preset; this recipe has none"
        problem = Problem(
            code="E211",
            field="presets",
            allowed=known,
            value=quote_value(name),
            hint=did_you_mean(name, presets),
        )
        draft.problems.append(problem.at(file=draft.positions.file))
        return
    preset = presets[name]
    values = preset.get("set") if isinstance(preset, dict) else None
    for target, value in (values if isinstance(values, dict) else {}).items():
        try:
            path = resolve_path(draft.document, parse_path(target))
        except PathError:
            continue  # already found by the check of all presets
        assign(draft.document, path, copy.deepcopy(value))
        draft.positions.forget(path, f"preset {name}")
        if ("presets", name, "set", target) in draft.positions.unreadable:
            draft.positions.mark_unreadable(path)


def apply_overrides(draft: Draft, overrides: Sequence[str]) -> None:
    """Apply ``path=value`` texts in the order given."""
    for text in overrides:
        source = f"--set {quote_value(text)[1:-1]}"
        try:
            path, value = _read_override(draft, text, source)
        except PathError as error:
            problem = Problem(code="E212", field="", allowed=error.allowed, hint=error.hint or _LIKE_THIS, file=source)
            draft.problems.append(problem)
        except InputError as error:
            draft.problems.extend(problem.at(file=source) for problem in error.problems)
        else:
            assign(draft.document, path, value)
            draft.positions.forget(path, source)


def _read_override(draft: Draft, text: str, source: str) -> tuple[Path, object]:
    target, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise PathError('path=value, for example experiment.duration="10 s"')
    path = resolve_path(draft.document, parse_path(target.strip()))
    read = parse_yaml(check_text(value, source), source)
    if read.data is NOTHING and not read.problems:
        raise PathError("path=value with a value that can be read as YAML")
    if read.problems:
        field = render_path(path)
        raise InputError(replace(problem, field=field) for problem in read.problems)
    return path, read.data

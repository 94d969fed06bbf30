"""Parameters of a recipe: values with a name, which other values refer to as ``$name``."""

from __future__ import annotations

import re
from typing import Any

from sal_hw.recipe.overrides import Draft
from sal_hw.spec.fields import NAME_PATTERN
from sal_hw.spec.findings import Path, SpecFinding, did_you_mean, listed


def apply_parameters(draft: Draft) -> dict[str, Any]:
    """Replace each ``$name`` by the parameter's value; return the parameters."""
    parameters = draft.document.get("parameters", {})
    if not isinstance(parameters, dict):
        words = "a mapping from names to values"
        draft.report(
            SpecFinding(
                code="E203",
                path=("parameters",),
                allowed=words,
                value=parameters,
                hint="for example parameters: {size: 4}",
            )
        )
        parameters = {}
    else:
        _check_parameters(draft, parameters)
    substitution = _Substitution(draft, parameters)
    for section, value in draft.document.items():
        if section not in ("parameters", "presets"):
            draft.document[section] = substitution.replace(value, (section,))
    substitution.report_unused()
    return parameters


def _check_parameters(draft: Draft, parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        path = ("parameters", name)
        if not _is_name(name):
            words = "a name: a letter, then letters, digits, '_' or '-', at most 64 characters"
            hint = "begin with a letter and leave out blanks and signs"
            draft.report(SpecFinding(code="E208", path=path, allowed=words, hint=hint, at="key"))
        if isinstance(value, (dict, list)):
            words = "one number, text, true or false"
            hint = "give lists and mappings where they are used"
            draft.report(SpecFinding(code="E203", path=path, allowed=words, value=value, hint=hint))
        if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
            words = "a value; a parameter cannot refer to another parameter"
            draft.report(SpecFinding(code="E209", path=path, allowed=words, value=value, hint="give the value itself"))


def _is_name(text: str) -> bool:
    return re.fullmatch(NAME_PATTERN, text) is not None


class _Substitution:
    """Replaces references and remembers which parameters were used."""

    def __init__(self, draft: Draft, parameters: dict[str, Any]) -> None:
        self._draft = draft
        self._parameters = parameters
        self._unused = set(parameters)

    def replace(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.replace(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.replace(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        return value[1:] if value.startswith("$$") else self._look_up(value, path)

    def _look_up(self, reference: str, path: Path) -> Any:
        name = reference[1:]
        if name in self._parameters:
            self._unused.discard(name)
            self._draft.positions.references[path] = name
            if ("parameters", name) in self._draft.positions.unreadable:
                self._draft.positions.mark_unreadable(path)
            value = self._parameters[name]
            if isinstance(value, (dict, list)):
                self._draft.positions.mark_unreadable(path)
                return None
            return value
        best = did_you_mean(name, self._parameters)
        if best:
            self._unused = {known for known in self._unused if f'"{known}"' not in best}
        known = listed(self._parameters) or "none"
        words = f"'$name' of a parameter (known: {known}); '$$' stands for a dollar sign"
        self._draft.report(SpecFinding(code="E209", path=path, allowed=words, value=reference, hint=best))
        self._draft.positions.mark_unreadable(path)
        return None

    def report_unused(self) -> None:
        for name in sorted(filter(_is_name, self._unused)):
            words = "a parameter that some value refers to; nothing uses this one"
            hint = f"write ${name} where it is meant, or remove it"
            self._draft.report(SpecFinding(code="E209", path=("parameters", name), allowed=words, hint=hint, at="key"))

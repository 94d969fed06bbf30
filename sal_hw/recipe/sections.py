"""Reads a recipe's sections entry by entry, so that a mistake in one entry does not hide those in others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sal_hw.errors import InputError
from sal_hw.recipe.overrides import Draft
from sal_hw.registry import STUDY_SCHEMAS, names
from sal_hw.spec.checks.readable import NAMELESS, Entry, ReadableSpec
from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.experiments import ExperimentProtocol, experiment_type, study_schema
from sal_hw.spec.explain import missing_key, unknown_key
from sal_hw.spec.fields import MAX_INLINE_VALUES, NAME_PATTERN, Name, Seed, Text, TimeConstantMs
from sal_hw.spec.findings import NOTHING, Path, SpecFinding
from sal_hw.spec.key_places import TOP_LEVEL
from sal_hw.spec.network import Population, Projection
from sal_hw.spec.plasticity import Rule
from sal_hw.spec.probes import Probe
from sal_hw.spec.schema import FieldType, describe, read_type
from sal_hw.spec.stimulus import Stimulus
from sal_hw.spec.translate import translate

#: version of the format that this code reads
FORMAT_VERSION = 1

_HEADER: dict[str, Any] = {
    "name": Name,
    "description": Text,
    "seed": Seed,
    "timestep": TimeConstantMs,
    "discretization": Discretization,
}
_OPTIONAL = {"description": "", "discretization": "consistent"}
_NETWORK_SETTINGS = ("timestep", "discretization")
_LISTS: dict[str, Any] = {"projections": Projection, "plasticity": Rule, "stimuli": Stimulus, "probes": Probe}
_REFERENCES = {
    "projections": {"source": "populations", "target": "populations"},
    "plasticity": {"forward": "projections", "backward": "projections", "projection": "projections"},
    "stimuli": {"target": "populations"},
    "probes": {"population": "populations", "projection": "projections"},
    "experiment": {"population": "populations"},
}
_EXAMPLES = {"name": "my_recipe", "seed": "1", "timestep": "0.1 ms"}


@dataclass(kw_only=True, slots=True)
class Content:
    """What could be read of a recipe.

    Attributes
    ----------
    header
        Name, description, seed, timestep and discretization; None for what could not be read.
    entries
        ReadableSpec entries by section.
    unread
        The other entries, as plain data.
    broken
        Names of the others by section.
    is_study
        Whether the experiment is a study, which has no network.
    """

    header: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, list[Entry[Any]]] = field(default_factory=dict)
    unread: list[Entry[Any]] = field(default_factory=list)
    broken: dict[str, set[str]] = field(default_factory=dict)
    protocol: ExperimentProtocol | None = None
    is_study: bool = False

    def readable(self, folder: FilePath) -> ReadableSpec:
        """Return what the cross checks see."""
        return ReadableSpec(
            timestep_ms=self.header["timestep"],
            discretization=self.header["discretization"] or "consistent",
            protocol=self.protocol,
            broken=self.broken,
            folder=folder,
            max_inline=MAX_INLINE_VALUES,
            **self.entries,
        )


def read_sections(draft: Draft) -> Content:
    """Read all sections; what is wrong with them goes to the draft's problems."""
    document = draft.document
    for key in document:
        if key not in TOP_LEVEL:
            draft.report(unknown_key((key,), TOP_LEVEL))
    _check_version(draft)
    content = Content()
    content.is_study = _is_study(document)
    for key, annotation in _HEADER.items():
        absent = content.is_study and key in _NETWORK_SETTINGS
        content.header[key] = None if absent else _read_header(draft, key, annotation)
    if content.is_study:
        _refuse_network(draft)
    else:
        _read_populations(draft, content)
        for section, annotation in _LISTS.items():
            _read_list(draft, content, section, annotation)
    if "experiment" in document:
        content.protocol = _read_experiment(draft, is_study=content.is_study)
        if content.protocol is None:
            content.unread.append(Entry(("experiment",), document["experiment"]))
    else:
        draft.report(missing_key(("experiment",), _reader(experiment_type())[1]))
    return content


def _is_study(document: dict[str, Any]) -> bool:
    """Whether the experiment is a study; one of an unknown kind is taken for an experiment on a network."""
    experiment = document.get("experiment")
    kind = experiment.get("kind") if isinstance(experiment, dict) else None
    return isinstance(kind, str) and kind in names(STUDY_SCHEMAS)


def _read_experiment(draft: Draft, *, is_study: bool) -> Any:
    raw = draft.document["experiment"]
    if is_study:
        kind = raw["kind"]
        try:
            study_schema(kind)
        except InputError as error:
            for problem in error.problems:
                found = SpecFinding(code=problem.code, path=("experiment", "kind"), allowed=problem.allowed, value=kind)
                draft.report(replace(found, hint=problem.hint))
            return None
    return _read(draft, experiment_type(), raw, ("experiment",))


def _refuse_network(draft: Draft) -> None:
    kind = draft.document["experiment"]["kind"]
    for key in (*_NETWORK_SETTINGS, "populations", *_LISTS):
        if key in draft.document:
            words = f"no '{key}': the experiment {kind} is a study, which has no network and counts time in steps"
            draft.report(SpecFinding(code="E225", path=(key,), allowed=words, hint="remove it", at="key"))


@cache
def _reader(annotation: Any) -> tuple[TypeAdapter[Any], FieldType]:
    return TypeAdapter(annotation), read_type(annotation)


def _read(draft: Draft, annotation: Any, raw: object, path: Path, *, name: str | None = None) -> Any:
    """Return the object that `raw` describes, or None after reporting what is wrong with it."""
    adapter, kind = _reader(annotation)
    given = {"name": name, **raw} if name is not None and isinstance(raw, dict) else raw
    try:
        read = adapter.validate_python(given, by_alias=True, by_name=False, context={"recipe": True})
    except ValidationError as error:
        for finding in translate(error, kind, given, path, recipe=True):
            draft.report(_without_name(finding) if name is not None else finding)
        return None
    return None if draft.positions.is_unreadable(path) else read


def _without_name(finding: SpecFinding) -> SpecFinding:
    """Point at the key of an entry that is named by its key."""
    if finding.code != "E208" or finding.path[-1] != "name":
        return finding
    return SpecFinding(code="E208", path=finding.path[:-1], allowed=finding.allowed, hint=finding.hint, at="key")


def _check_version(draft: Draft) -> None:
    version = draft.document.get("recipe", NOTHING)
    if type(version) is int and version == FORMAT_VERSION:
        return
    allowed = f"the version of the recipe format: {FORMAT_VERSION}, the only one this sal-hw reads"
    if version is NOTHING:
        hint = f"begin the file with 'recipe: {FORMAT_VERSION}'"
        draft.report(SpecFinding(code="E202", path=("recipe",), allowed=allowed, hint=hint, at="parent"))
        return
    newer = type(version) is int and version > FORMAT_VERSION
    hint = "a newer sal-hw is needed" if newer else f"write 'recipe: {FORMAT_VERSION}'"
    draft.report(SpecFinding(code="E210", path=("recipe",), allowed=allowed, value=version, hint=hint))


def _read_header(draft: Draft, key: str, annotation: Any) -> Any:
    if key in draft.document:
        return _read(draft, annotation, draft.document[key], (key,))
    if key in _OPTIONAL:
        return _OPTIONAL[key]
    allowed = f"'{key}' is required: {describe(_reader(annotation)[1], recipe=True)}"
    hint = f"add {key}: {_EXAMPLES[key]}"
    draft.report(SpecFinding(code="E202", path=(key,), allowed=allowed, hint=hint, at="parent"))
    return None


def _read_populations(draft: Draft, content: Content) -> None:
    raw = draft.document.get("populations", NOTHING)
    content.entries["populations"], content.broken["populations"] = [], set()
    if not isinstance(raw, dict) or not raw:
        content.broken["populations"] = {NAMELESS}
        allowed = "a mapping from the name of each population to {size, neuron}; at least one"
        typical = "for example populations: {a: {size: 1, neuron: {model: sampling, tau_ref: 10 ms, bias: 0}}}"
        if raw is NOTHING:
            words = f"'populations' is required: {allowed}"
            draft.report(SpecFinding(code="E202", path=("populations",), allowed=words, hint=typical, at="parent"))
        else:
            draft.report(SpecFinding(code="E203", path=("populations",), allowed=allowed, value=raw, hint=typical))
        return
    for name, entry in raw.items():
        path: Path = ("populations", name)
        if isinstance(entry, dict) and "name" in entry:
            words = "no 'name' here; a population is named by its key"
            draft.report(SpecFinding(code="E201", path=(*path, "name"), allowed=words, hint="remove it", at="key"))
            population = None
        else:
            population = _read(draft, Population, entry, path, name=name)
        _sort_in(content, "populations", Entry(path, population), name, entry)


def _read_list(draft: Draft, content: Content, section: str, annotation: Any) -> None:
    raw = draft.document.get(section, [])
    content.entries[section], content.broken[section] = [], set()
    if not isinstance(raw, list):
        content.broken[section] = {NAMELESS}
        allowed = "a list; each entry begins with '- '"
        hint = f"put '- ' in front of each entry, or write {section}: [] for none"
        draft.report(SpecFinding(code="E203", path=(section,), allowed=allowed, value=raw, hint=hint))
        return
    for index, entry in enumerate(raw):
        path: Path = (section, index)
        name = entry.get("name") if isinstance(entry, dict) else None
        _sort_in(content, section, Entry(path, _read(draft, annotation, entry, path)), name, entry)


def _sort_in(content: Content, section: str, entry: Entry[Any], name: object, raw: object) -> None:
    if entry.item is not None:
        content.entries[section].append(entry)
    else:
        known = name if isinstance(name, str) else NAMELESS
        content.broken[section].add(known)
        content.unread.append(Entry(entry.path, raw))


def find_unknown_names(content: Content, readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find names that nothing has in entries that have other mistakes as well."""
    for entry in content.unread:
        section = str(entry.path[0])
        for key, target in _REFERENCES.get(section, {}).items():
            name = entry.item.get(key) if isinstance(entry.item, dict) else None
            if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name):
                yield from readable.unknown(target, name, (*entry.path, key))

"""A recipe: one study, read from a YAML file and checked as a whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.files import read_text, shown_path
from sal_hw.recipe.loader import parse_yaml
from sal_hw.recipe.overrides import Draft, apply_overrides, apply_presets
from sal_hw.recipe.parameters import apply_parameters
from sal_hw.recipe.paths import PathError, parse_path
from sal_hw.recipe.positions import Positions
from sal_hw.recipe.sections import Content, find_unknown_names, read_sections
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.fields import MAX_SEED
from sal_hw.spec.findings import NOTHING, SpecFinding, render_path, show
from sal_hw.spec.findings import Path as FieldPath
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.validate import find_conflicts
from sal_hw.storage.document import recipe_key


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeFile:
    """A checked recipe.

    Attributes
    ----------
    network
        None where the experiment is a study, which has no network.
    path, folder
        The file, and the folder below which its weight files lie.
    document
        The recipe as plain JSON data, with presets, overrides and parameters applied; itself a legal recipe.
    parameters
        Values of the parameters that were put in.
    positions
        Where each field of `document` stands, for later findings about it.
    """

    name: str
    description: str
    seed: int
    network: NetworkSpec | None
    protocol: ExperimentProtocol
    path: Path
    folder: Path
    document: dict[str, Any]
    parameters: dict[str, Any] = field(default_factory=dict)
    positions: Positions

    def located(self, problem: Problem) -> Problem:
        """Return a finding with the place of its field in the recipe, unless it has one."""
        if problem.file is not None:
            return problem
        try:
            path = parse_path(problem.field)
        except PathError:
            return problem.at(file=self.positions.file)
        placed = self.positions.problem(SpecFinding(code=problem.code, path=path, allowed=problem.allowed))
        return problem.at(file=placed.file, line=placed.line, column=placed.column)


def read_recipe_file(
    path: str | os.PathLike[str],
    *,
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    seed: int | None = None,
) -> RecipeFile:
    """Read and check a recipe.

    Parameters
    ----------
    path
        A YAML file.
    overrides
        Texts ``path=value`` that replace values of the file.
    presets
        Names of the file's presets, applied in this order before the overrides.
    seed
        Replaces the recipe's seed.

    Raises
    ------
    InputError
        With all independent findings at once, sorted by line.
    """
    draft = _read_draft(path)
    apply_presets(draft, presets)
    apply_overrides(draft, overrides)
    if seed is not None:
        draft.document["seed"] = seed
        draft.positions.forget(("seed",), f"--seed {seed}" if abs(seed) <= 2 * MAX_SEED else "--seed")
    parameters = apply_parameters(draft)
    content = read_sections(draft)
    folder = Path(path).absolute().parent
    readable = content.readable(folder)
    for finding in chain(find_unknown_names(content, readable), find_conflicts(readable)):
        draft.report(_as_written(finding, draft.document))
    if draft.problems:
        raise InputError(_mention_parameters(draft))
    return _build(Path(path), folder, draft, content, parameters)


def _read_draft(path: str | os.PathLike[str]) -> Draft:
    read = parse_yaml(read_text(path), shown_path(path))
    if not isinstance(read.data, dict):
        problems = read.problems or [_not_a_mapping(read.data, read.positions)]
        raise InputError(problems)
    return Draft(document=read.data, positions=read.positions, problems=list(read.problems))


def _not_a_mapping(data: object, positions: Positions) -> Problem:
    words = "a mapping that begins with 'recipe: 1'"
    hint = "begin the file with 'recipe: 1'; docs/reference.md lists what may follow"
    return positions.problem(SpecFinding(code="E112", path=(), allowed=words, value=data, hint=hint))


def _as_written(finding: SpecFinding, document: dict[str, Any]) -> SpecFinding:
    """Return a finding about attributes with the keys and the value that stand in the recipe."""
    section, *rest = finding.path
    # the second key of a section with entries is a name or an index
    fixed = () if section == "experiment" else rest[:1]
    path = (
        section,
        *fixed,
        *(recipe_key(key) if isinstance(key, str) else key for key in rest[len(fixed) :]),
    )
    value = finding.value if finding.value is NOTHING else _look_up(document, path, finding.value)
    return replace(finding, path=path, value=value)


def _look_up(document: Any, path: FieldPath, default: object) -> object:
    for key in path:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return default
    return document


def _mention_parameters(draft: Draft) -> list[Problem]:
    """Say for each value that comes from a parameter which one it is."""
    names = {render_path(path): name for path, name in draft.positions.references.items()}
    return [_mention(problem, names.get(problem.field)) for problem in draft.problems]


def _mention(problem: Problem, parameter: str | None) -> Problem:
    if parameter is None or problem.code == "E209":
        return problem
    return replace(problem, allowed=f"{problem.allowed}; the value is that of the parameter {show(parameter)}")


def _build(path: Path, folder: Path, draft: Draft, content: Content, parameters: dict[str, Any]) -> RecipeFile:
    if content.protocol is None:
        raise AssertionError("a recipe without an experiment was reported before")
    document = {key: value for key, value in draft.document.items() if key not in ("parameters", "presets")}
    return RecipeFile(
        name=content.header["name"],
        description=content.header["description"],
        seed=content.header["seed"],
        network=None if content.is_study else _network(content),
        protocol=content.protocol,
        path=path,
        folder=folder,
        document=document,
        parameters=parameters,
        positions=draft.positions,
    )


def _network(content: Content) -> NetworkSpec:
    return NetworkSpec(
        timestep_ms=content.header["timestep"],
        discretization=content.header["discretization"],
        **{section: tuple(entry.item for entry in entries) for section, entries in content.entries.items()},
    )

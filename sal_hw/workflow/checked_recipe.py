"""A checked recipe: loading it, checking it for a target, and compiling it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.experiment.runner import with_required_probes
from sal_hw.experiment.study import load_study
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.recipe.paths import PathError, parse_path
from sal_hw.recipe.recipe import RecipeFile, read_recipe_file
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.protocols import AlignProtocol
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.workflow.chip_choice import NOMINAL
from sal_hw.workflow.request import DEFAULT_TARGET, RunRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A checked recipe: an experiment, the network that it is done on, and a seed.

    Attributes
    ----------
    file
        What was read, with the place of each field.
    network
        The network, with the probes that the experiment cannot do without; None for a study, which has none.
    """

    file: RecipeFile
    network: NetworkSpec | None

    @property
    def is_study(self) -> bool:
        """Whether the experiment is a study: it has no network, nothing is compiled and no machine runs it."""
        return self.network is None

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return self.file.name

    @property
    def protocol(self) -> ExperimentProtocol:
        """The experiment."""
        return self.file.protocol

    @property
    def seed(self) -> int:
        """Seed of the recipe."""
        return self.file.seed

    def check(self, *, target: str = DEFAULT_TARGET, strict: bool = False) -> tuple[Problem, ...]:
        """Return all that keeps the recipe from being compiled for a target; the recipe itself is sound."""
        try:
            if self.is_study:
                check_study(self, RunRequest(target=target))
            else:
                compile_recipe(self, target=target, strict=strict)
        except InputError as error:
            return error.problems
        return ()


def load_recipe(
    path: str | os.PathLike[str],
    *,
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    seed: int | None = None,
) -> Recipe:
    """Read and check a recipe; see :func:`sal_hw.recipe.recipe.read_recipe_file`.

    Raises
    ------
    InputError
        With all independent findings at once, sorted by line.
    """
    read = read_recipe_file(path, overrides=overrides, presets=presets, seed=seed)
    return Recipe(file=read, network=with_required_probes(read.network, read.protocol))


def compile_recipe(
    recipe: Recipe,
    *,
    target: str | Target = DEFAULT_TARGET,
    seed: int | None = None,
    snapshot: CalibrationSnapshot | None = None,
    strict: bool = False,
) -> CompiledProgram:
    """Compile a recipe's network for a target; findings carry the recipe's line numbers.

    Parameters
    ----------
    snapshot
        What is known of the chip.
    strict
        Refuse weights that would be clipped.

    Raises
    ------
    InputError
        If the target does not offer what the recipe asks for; E330 if the recipe is a study.
    """
    if recipe.network is None:
        raise InputError(_nothing_to_compile(recipe))
    chosen = load_target(target) if isinstance(target, str) else target
    try:
        _check_runtime(recipe.protocol, chosen.description)
        return compile_network(
            recipe.network,
            target=chosen,
            seed=recipe.seed if seed is None else seed,
            folder=recipe.file.folder,
            snapshot=snapshot,
            strict=strict,
        )
    except InputError as error:
        raise InputError([_located(problem, recipe.file) for problem in error.problems]) from error


def _check_runtime(protocol: ExperimentProtocol, target: TargetDescription) -> None:
    """Refuse an experiment that runs for longer in one piece than the target can."""
    limit = target.limits.get("runtime")
    if limit is None or limit.high is None or not isinstance(protocol, AlignProtocol):
        return
    longest_ms = limit.high * 1e3 * target.time_scale
    if protocol.duration_ms <= longest_ms:
        return
    raise InputError(
        Problem(
            code="E304",
            field="experiment.duration",
            value=f"{protocol.duration_ms * 1e-3:g} s",
            allowed=f"at most {longest_ms * 1e-3:g} s of model time on {target.family}, {limit.high:g} s of chip time "
            f"({limit.source})",
            hint=f"write duration: {longest_ms * 1e-3:g} s",
        )
    )


def _located(problem: Problem, read: RecipeFile) -> Problem:
    if problem.file is not None:
        return problem
    try:
        path = parse_path(problem.field)
    except PathError:
        return problem.at(file=read.positions.file)
    placed = read.positions.problem(SpecFinding(code=problem.code, path=path, allowed=problem.allowed))
    return problem.at(file=placed.file, line=placed.line, column=placed.column)


def check_study(recipe: Recipe, request: RunRequest) -> None:
    """Check that a study is to be run where it can be.

    Raises
    ------
    InputError
        E330, one finding per choice of a machine; E303 if no study of that kind is installed.
    """
    asked = {
        "target": None if request.target == DEFAULT_TARGET else request.target,
        "chip": request.chip,
        "calibration": request.calibration,
        "via": request.via,
        "calix": request.calibration_file,
    }
    allowed = f"nothing: {recipe.protocol.kind} is a study, which has no network and runs on no machine"
    problems = [
        Problem(code="E330", field=name, value=quote_value(str(value)), allowed=allowed, hint=f"leave --{name} away")
        for name, value in asked.items()
        if value not in (None, NOMINAL)
    ]
    if problems:
        raise InputError(problems)
    load_study(recipe.protocol.kind)


def _nothing_to_compile(recipe: Recipe) -> Problem:
    return Problem(
        code="E330",
        field="experiment.kind",
        value=quote_value(recipe.protocol.kind),
        allowed="an experiment on a network; a study has none, so that there is nothing to compile",
        hint=f"sal-hw run {recipe.file.path}",
    )

"""A checked recipe: loading it, checking it for a target, and compiling it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sal_hw.contracts.targets import Target
from sal_hw.errors import InputError, Problem
from sal_hw.experiment.runner import with_required_probes
from sal_hw.program import CompiledProgram
from sal_hw.recipe.recipe import RecipeFile, read_recipe_file
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.protocols import NETWORK_PROTOCOLS
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.workflow.jobs.job import Job
from sal_hw.workflow.jobs.network import NetworkJob
from sal_hw.workflow.jobs.study import StudyJob
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.request import DEFAULT_TARGET, RunRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A checked recipe: an experiment, the network that it is done on, and a seed.

    Attributes
    ----------
    job
        What can be done with it.
    """

    job: Job

    @property
    def file(self) -> RecipeFile:
        """What was read, with the place of each field."""
        return self.job.file

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return self.file.name

    @property
    def network(self) -> NetworkSpec | None:
        """The network, with the probes that the experiment cannot do without; None for a study, which has none."""
        return self.job.network

    @property
    def protocol(self) -> ExperimentProtocol:
        """The experiment."""
        return self.job.protocol

    @property
    def seed(self) -> int:
        """Seed of the recipe."""
        return self.file.seed

    def check(self, *, target: str = DEFAULT_TARGET, strict: bool = False) -> tuple[Problem, ...]:
        """Return all that keeps the recipe from being compiled for a target; the recipe itself is sound."""
        try:
            self.job.check(RunRequest(target=target, strict=strict))
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
    return Recipe(job=_job_of(read))


def _job_of(read: RecipeFile) -> Job:
    protocol = read.protocol
    if not isinstance(protocol, NETWORK_PROTOCOLS):
        return StudyJob(file=read, protocol=protocol)
    if read.network is None:
        raise AssertionError("a recipe without the network of its experiment was reported before")
    network = with_required_probes(read.network, protocol)
    return NetworkJob(recipe=NetworkRecipe(file=read, network=network, protocol=protocol))


def compile_recipe(
    recipe: Recipe,
    *,
    target: str | Target = DEFAULT_TARGET,
    seed: int | None = None,
    snapshot: CalibrationSnapshot | None = None,
    strict: bool = False,
) -> CompiledProgram:
    """Compile a recipe's network for a target; see :meth:`sal_hw.workflow.network_recipe.NetworkRecipe.compile`.

    Raises
    ------
    InputError
        If the target does not offer what the recipe asks for; E330 if the recipe is a study.
    """
    return recipe.job.on_network().compile(target, seed=seed, snapshot=snapshot, strict=strict)

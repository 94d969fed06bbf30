"""The verbs of a loaded recipe, and what a run is before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sal_hw.contracts.mapping import MappingReport
from sal_hw.experiment.runner import RunOptions
from sal_hw.program import CompiledProgram
from sal_hw.recipe.recipe import RecipeFile
from sal_hw.results.result import RunResult
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.network import NetworkSpec
from sal_hw.workflow.compiled_recipe import CompiledRecipe
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.request import RunRequest


class Prepared(Protocol):
    """A run of which all is checked that can be, and which has not begun."""

    @property
    def seed(self) -> int:
        """Seed of everything random in the run."""

    @property
    def program(self) -> CompiledProgram | None:
        """What runs; None for a study."""

    @property
    def backend_name(self) -> str:
        """What it runs on."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What a run that goes on with this one must agree with, as plain data."""

    def run(self, options: RunOptions) -> RunResult:
        """Carry it out."""


class Job(Protocol):
    """What can be done with a recipe."""

    @property
    def counted(self) -> str:
        """What its progress counts, in words."""

    @property
    def file(self) -> RecipeFile:
        """What was read, with the place of each field."""

    @property
    def protocol(self) -> ExperimentProtocol:
        """The experiment."""

    @property
    def network(self) -> NetworkSpec | None:
        """The network, with the probes that the experiment cannot do without; None for a study, which has none."""

    def on_network(self) -> NetworkRecipe:
        """Return what can be compiled.

        Raises
        ------
        InputError
            E330 for a study.
        """

    def check(self, request: RunRequest) -> CompiledRecipe | None:
        """Check the recipe for a target; return what was compiled, None for a study.

        Raises
        ------
        sal_hw.errors.SalHwError
            With all that keeps it from being compiled, or a study from being run.
        """

    def prepare(self, request: RunRequest) -> Prepared:
        """Check all but the folder that can be checked before a run begins, and compile what there is to compile.

        Raises
        ------
        sal_hw.errors.SalHwError
            Whatever keeps the run from beginning.
        """

    def map_only(self, request: RunRequest) -> tuple[MappingReport, Path | None]:
        """Let the machine's own software map the program without the machine; return also where that is kept.

        Raises
        ------
        sal_hw.errors.SalHwError
            E835 if there is nothing to map or nothing that maps it; or as of :meth:`check`.
        """

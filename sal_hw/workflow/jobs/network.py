"""What can be done with a recipe whose experiment is done on a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.mapping import MappingReport
from sal_hw.contracts.targets import load_target
from sal_hw.experiment.runner import RunOptions, run_program
from sal_hw.program import CompiledProgram
from sal_hw.recipe.recipe import RecipeFile
from sal_hw.results.result import RunResult
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.protocols import NetworkProtocol
from sal_hw.storage.codec import digest
from sal_hw.workflow.compiled_recipe import CompiledRecipe, compile_on, compile_without_running
from sal_hw.workflow.machines import choose_backend
from sal_hw.workflow.map_only import map_network
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.request import RunRequest


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PreparedNetwork:
    """An experiment on a network that is compiled, and what runs it.

    Attributes
    ----------
    seed
        Of everything random in the run.
    """

    compiled: CompiledRecipe
    backend: Backend
    seed: int

    @property
    def program(self) -> CompiledProgram:
        """What runs."""
        return self.compiled.program

    @property
    def backend_name(self) -> str:
        """What it runs on."""
        return self.backend.name

    @property
    def identity(self) -> Mapping[str, Any]:
        """What a run that goes on with this one must agree with, as plain data."""
        chip = self.compiled.chips.chip
        return {
            "program_hash": self.program.hash,
            "experiment_hash": digest(self.compiled.recipe.protocol),
            "target": self.program.target,
            "backend": self.backend.name,
            "seed": self.seed,
            "chip_hash": None if chip is None else chip.hash,
        }

    def run(self, options: RunOptions) -> RunResult:
        """Run the experiment; see :func:`sal_hw.experiment.runner.run_program`."""
        recipe, chip = self.compiled.recipe, self.compiled.chips.chip
        return run_program(
            self.program,
            recipe.protocol,
            self.backend,
            seed=self.seed,
            folder=recipe.file.folder,
            chip=chip,
            options=options,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkJob:
    """An experiment on a network: a :class:`sal_hw.workflow.jobs.job.Job` that compiles."""

    recipe: NetworkRecipe
    counted: str = "updates"

    @property
    def file(self) -> RecipeFile:
        """What was read."""
        return self.recipe.file

    @property
    def protocol(self) -> NetworkProtocol:
        """The experiment."""
        return self.recipe.protocol

    @property
    def network(self) -> NetworkSpec:
        """The network."""
        return self.recipe.network

    def on_network(self) -> NetworkRecipe:
        """Return what can be compiled."""
        return self.recipe

    def check(self, request: RunRequest) -> CompiledRecipe:
        """Compile the recipe; neither the machine nor ``emulate`` is needed."""
        return compile_without_running(self.recipe, request)

    def prepare(self, request: RunRequest) -> PreparedNetwork:
        """Compile the recipe for what runs it; the machine must be there, unless it is emulated."""
        target = load_target(request.target)
        instead = RunRequest(target=request.target, emulate=True).command(self.recipe.file.path)
        backend = choose_backend(target, emulate=request.emulate, access=request.access, command=instead)
        compiled = compile_on(self.recipe, request, target, backend)
        seed = self.recipe.file.seed if request.seed is None else request.seed
        return PreparedNetwork(compiled=compiled, backend=backend, seed=seed)

    def map_only(self, request: RunRequest) -> tuple[MappingReport, Path | None]:
        """Map the program; see :func:`sal_hw.workflow.map_only.map_network`."""
        return map_network(self.recipe, request)

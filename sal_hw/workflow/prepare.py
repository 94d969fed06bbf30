"""Everything that a run checks before it opens a folder or a machine: a dry run ends here, a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.targets import load_target
from sal_hw.experiment.runner import RunOptions, run_program
from sal_hw.experiment.study import STUDY_BACKEND, STUDY_TARGET, run_study
from sal_hw.program import CompiledProgram
from sal_hw.results.result import RunResult
from sal_hw.results.store import RunStore
from sal_hw.spec.protocols import NETWORK_PROTOCOLS, NetworkProtocol
from sal_hw.spec.studies import StudyProtocol
from sal_hw.storage.codec import digest
from sal_hw.workflow.checked_recipe import Recipe, check_study
from sal_hw.workflow.compiled_recipe import CompiledRecipe, compile_on
from sal_hw.workflow.machines import choose_backend
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
    protocol: NetworkProtocol
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
            "experiment_hash": digest(self.protocol),
            "target": self.program.target,
            "backend": self.backend.name,
            "seed": self.seed,
            "chip_hash": None if chip is None else chip.hash,
        }

    def run(self, options: RunOptions) -> RunResult:
        """Run the experiment; see :func:`sal_hw.experiment.runner.run_program`."""
        folder, chip = self.compiled.recipe.file.folder, self.compiled.chips.chip
        return run_program(
            self.program, self.protocol, self.backend, seed=self.seed, folder=folder, chip=chip, options=options
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PreparedStudy:
    """A study: nothing is compiled, and it runs here.

    Attributes
    ----------
    seed
        Of everything random in the run.
    """

    recipe: Recipe
    protocol: StudyProtocol
    seed: int
    program: None = None
    backend_name: str = STUDY_BACKEND

    @property
    def identity(self) -> Mapping[str, Any]:
        """What a run that goes on with this one must agree with, as plain data."""
        experiment = digest(self.protocol)
        return {"experiment_hash": experiment, "target": STUDY_TARGET, "backend": STUDY_BACKEND, "seed": self.seed}

    def run(self, options: RunOptions) -> RunResult:
        """Run the study; see :func:`sal_hw.experiment.study.run_study`."""
        return run_study(self.protocol, seed=self.seed, folder=self.recipe.file.folder, options=options)


Prepared: TypeAlias = PreparedNetwork | PreparedStudy


def prepare(recipe: Recipe, request: RunRequest) -> Prepared:
    """Check all of a run that can be checked before it begins, and compile what there is to compile.

    Raises
    ------
    sal_hw.errors.SalHwError
        Whatever keeps the run from beginning: of the recipe, the target, the machine and its software, the chip and its
        calibration, and E501, E502, E505 or E506 of the folder.
    """
    protocol = recipe.protocol
    seed = recipe.seed if request.seed is None else request.seed
    prepared: Prepared
    if isinstance(protocol, NETWORK_PROTOCOLS):
        compiled, backend = compile_to_run(recipe, request)
        prepared = PreparedNetwork(compiled=compiled, protocol=protocol, backend=backend, seed=seed)
    else:
        check_study(recipe, request)
        prepared = PreparedStudy(recipe=recipe, protocol=protocol, seed=seed)
    if request.out is not None:
        RunStore.check(request.out, prepared.identity, force=request.force, resume=request.resume)
    return prepared


def compile_to_run(recipe: Recipe, request: RunRequest) -> tuple[CompiledRecipe, Backend]:
    """Compile a recipe for what runs it, and return both; the machine must be there, unless it is emulated.

    Raises
    ------
    sal_hw.errors.SalHwError
        If it is not, or as of :func:`sal_hw.workflow.compiled_recipe.compile_on`.
    """
    target = load_target(request.target)
    instead = RunRequest(target=request.target, emulate=True).command(recipe.file.path)
    backend = choose_backend(target, emulate=request.emulate, access=request.access, command=instead)
    return compile_on(recipe, request, target, backend), backend

"""A compiled recipe: the program, what was known of the chip, and what the target tells of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.report import ProgramReport
from sal_hw.contracts.stored_weights import with_stored_weights
from sal_hw.contracts.targets import Target, load_backend, load_target
from sal_hw.experiment.run_findings import findings_ahead
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding, Health
from sal_hw.spec.protocols import AlignProtocol
from sal_hw.workflow.chip_choice import TRUTH, Chips, choose_chips, with_activations
from sal_hw.workflow.machines import choose_backend, runs_here
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.request import RunRequest

#: version of what --json prints about a program
REPORT_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CompiledRecipe:
    """A program and what it was made with.

    Attributes
    ----------
    request
        What was asked for.
    chips
        The emulated chip, and what the compiler knew of a chip.
    """

    recipe: NetworkRecipe
    request: RunRequest
    target: Target
    program: CompiledProgram
    chips: Chips

    @property
    def knowledge(self) -> str:
        """What the compiler knew of the chip, in words."""
        known = self.chips.calibration
        if known is None:
            return "nothing is known of the chip: every circuit and synapse counts as nominal"
        what = "all is known of" if self.chips.knows_all else f"a snapshot of {known.taken_at} tells of"
        return f"{what} {known.chip_id}"

    def report(self) -> ProgramReport | None:
        """Return what the target tells of the program, and what became of weights; None if there is nothing to tell."""
        reporter, costs = self.target.report, self.target.costs
        told = None if reporter is None else reporter.describe(self.program, self.target.description)
        if told is not None and costs is not None and self.updates is not None:
            told = told.followed_by(costs(self.program, updates=self.updates, seed=self.recipe.file.seed))
        return with_stored_weights(told, self.program)

    @property
    def updates(self) -> int | None:
        """How many weight updates a run has in one piece; None for experiments that a machine does not run so."""
        protocol, interval_ms = self.recipe.protocol, self.program.update_ms
        if interval_ms is None or not isinstance(protocol, AlignProtocol):
            return None
        return round(protocol.duration_ms / interval_ms)

    def findings(self) -> tuple[Finding, ...]:
        """Return what a run of the program would tell of, as far as that is known before it."""
        return findings_ahead(self.program, self.recipe.protocol)

    def as_document(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        trace = [{"pass": item.name, "notes": list(item.notes), "counts": item.counts} for item in self.program.trace]
        chip, known, report = self.chips.chip, self.chips.calibration, self.report()
        return {
            "schema_version": REPORT_SCHEMA,
            "target": self.program.target,
            "program_hash": self.program.hash,
            "chip_id": None if chip is None else chip.chip_id,
            "calibration_chip_id": None if known is None else known.chip_id,
            "trace": trace,
            "findings": Health(findings=self.findings()).as_document()["findings"],
            **({} if report is None else report.document),
        }

    def draw(self, folder: Path) -> tuple[Path, ...]:
        """Draw what the target shows of the program into a folder, and return the pictures."""
        if self.target.report is None:
            return ()
        return self.target.report.draw(self.program, self.target.description, folder, self.chips.calibration)

    def run_command(self) -> str:
        """Return the command that runs the program where that is possible on this computer."""
        emulate = not self.target.description.emulated and not runs_here(self.target)
        return replace(self.request, emulate=emulate).command(self.recipe.file.path)


def compile_on(recipe: NetworkRecipe, request: RunRequest, target: Target, backend: Backend) -> CompiledRecipe:
    """Compile a recipe for a target, with what is known of the chip that a backend runs it on.

    Where that must be the whole truth, what is missing is found out first, and the recipe is compiled once more.

    Raises
    ------
    sal_hw.errors.SalHwError
        If the recipe does not fit the target, or the chip or its calibration cannot be used.
    """
    age = request.max_calibration_age_hours
    chips = choose_chips(target, backend, request.chip, request.calibration, max_age_hours=age)
    program = _compile(recipe, request, target, chips)
    completed = with_activations(backend, program, chips)
    if completed is not None:
        chips, program = completed, _compile(recipe, request, target, completed)
    return CompiledRecipe(recipe=recipe, request=request, target=target, program=program, chips=chips)


def compile_without_running(recipe: NetworkRecipe, request: RunRequest) -> CompiledRecipe:
    """Compile a recipe; neither the machine nor ``emulate`` is needed.

    Raises
    ------
    sal_hw.errors.SalHwError
        As of :func:`compile_on`.
    """
    target = load_target(request.target)
    measured = request.chip is None and request.calibration not in (None, TRUTH)
    # a snapshot without a chip is one of a machine, which a program is compiled for without emulating it
    name = target.backend if measured and target.backend is not None else target.emulator or target.backend
    if name is not None:
        return compile_on(recipe, request, target, load_backend(name))
    if request.chip is not None or request.calibration is not None:
        # only an emulator can draw the chip that is asked for
        return compile_on(recipe, request, target, choose_backend(target, emulate=True))
    program = _compile(recipe, request, target, Chips())
    return CompiledRecipe(recipe=recipe, request=request, target=target, program=program, chips=Chips())


def _compile(recipe: NetworkRecipe, request: RunRequest, target: Target, chips: Chips) -> CompiledProgram:
    return recipe.compile(target, seed=request.seed, snapshot=chips.calibration, strict=request.strict)

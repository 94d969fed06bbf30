"""Compiling as ``check`` and ``compile`` do it: for the target, knowing what --chip and --calibration say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sal_hw.contracts.report import ProgramReport
from sal_hw.contracts.stored_weights import with_stored_weights
from sal_hw.contracts.targets import Target, load_backend, load_target
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw.workflow.chip_choice import TRUTH, Chips, choose_chips
from sal_hw.workflow.machines import choose_backend, runs_here

#: version of what --json prints about a program
REPORT_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Compiled:
    """A program, what it was made with, and what it uses.

    Attributes
    ----------
    chips
        The emulated chip, and what the compiler knew of a chip.
    report
        What the target tells of the program, and what became of weights; None if there is nothing to tell.
    """

    target: Target
    program: CompiledProgram
    chips: Chips
    report: ProgramReport | None

    @property
    def knowledge(self) -> str:
        """What the compiler knew of the chip, in words."""
        known = self.chips.calibration
        if known is None:
            return "nothing is known of the chip: every circuit and synapse counts as nominal"
        what = "all is known of" if self.chips.knows_all else f"a snapshot of {known.taken_at} tells of"
        return f"{what} {known.chip_id}"

    def as_document(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        trace = [{"pass": item.name, "notes": list(item.notes), "counts": item.counts} for item in self.program.trace]
        chip, known = self.chips.chip, self.chips.calibration
        return {
            "schema_version": REPORT_SCHEMA,
            "target": self.program.target,
            "program_hash": self.program.hash,
            "chip_id": None if chip is None else chip.chip_id,
            "calibration_chip_id": None if known is None else known.chip_id,
            "trace": trace,
            **({} if self.report is None else self.report.document),
        }

    def draw(self, folder: Path) -> tuple[Path, ...]:
        """Draw what the target shows of the program into a folder, and return the pictures."""
        if self.target.report is None:
            return ()
        return self.target.report.draw(self.program, self.target.description, folder, self.chips.calibration)

    def next_run(self, recipe: object, chip: str | None, calibration: str | None) -> str:
        """Return the command that runs the program."""
        words = f"sal-hw run {recipe} --target {self.program.target}"
        if not self.target.description.emulated and not runs_here(self.target):
            words += " --emulate"
        for option, value in (("chip", chip), ("calibration", calibration)):
            words += "" if value is None else f" --{option} {value}"
        return words


def compile_as_asked(
    recipe: api.Recipe, target: str, chip: str | None, calibration: str | None, *, strict: bool
) -> Compiled:
    """Compile a recipe; nothing is run, so neither the machine nor --emulate is needed.

    Raises
    ------
    sal_hw.errors.SalHwError
        If the recipe does not fit the target, or the chip or its calibration cannot be used.
    """
    chosen = load_target(target)
    measured = chip is None and calibration not in (None, TRUTH)
    # a snapshot without a chip is one of a machine, which a program is compiled for without emulating it
    name = chosen.backend if measured and chosen.backend is not None else chosen.emulator or chosen.backend
    if name is None and chip is None and calibration is None:
        program, chips = api.compile_recipe(recipe, target=chosen, strict=strict), Chips()
    else:
        # only an emulator can draw the chip that is asked for
        backend = choose_backend(chosen, emulate=True) if name is None else load_backend(name)
        chips = choose_chips(chosen, backend, chip, calibration)
        program, chips = api.compile_for(recipe, chosen, backend, chips, seed=recipe.seed, strict=strict)
    report = None if chosen.report is None else chosen.report.describe(program, chosen.description)
    return Compiled(target=chosen, program=program, chips=chips, report=with_stored_weights(report, program))

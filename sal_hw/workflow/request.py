"""What is asked of a run: one object from the command line and from Python to where it is carried out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sal_hw.shell_words import command
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.workflow.chip_choice import ChipChoice
from sal_hw.workflow.machines import Access

DEFAULT_TARGET = "ideal"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunRequest:
    """What is asked of a run, besides the recipe.

    Attributes
    ----------
    target
        What the program is compiled for.
    emulate
        Run the program on the emulator instead of the machine; ``ideal`` always is emulated.
    via, calibration_file
        Front end of the machine's software, and its calibration of the machine; see
        :class:`sal_hw.workflow.machines.Access`.
    chip
        Which chip is emulated: None or ``nominal``, the seed of a synthetic chip, or a snapshot or its path.
    calibration
        What the compiler knows of the chip: None, a snapshot or its path, or ``truth``, which knows all of the
        emulated chip.
    max_calibration_age_hours
        Refuse a calibration that is older; None takes any.
    strict
        Refuse weights that the target cannot store instead of clipping and reporting them.
    seed
        Replaces the recipe's seed.
    threads
        Threads for independent chains; the result does not depend on it.
    out, force, resume
        Run folder; whether to replace a finished one; whether to go on with an interrupted one.
    numbered
        Whether `out` is a name of our own choice, to which a number is added where something has it.
    figures
        Whether to draw the figures that the run can show into the folder.
    """

    target: str = DEFAULT_TARGET
    emulate: bool = False
    via: str | None = None
    calibration_file: Path | None = None
    chip: ChipChoice = None
    calibration: ChipChoice = None
    max_calibration_age_hours: float | None = None
    strict: bool = False
    seed: int | None = None
    threads: int = 1
    out: Path | None = None
    force: bool = False
    resume: bool = False
    numbered: bool = False
    figures: bool = True

    @property
    def access(self) -> Access:
        """How the machine is reached."""
        return Access(via=self.via, calibration_file=self.calibration_file)

    def command(self, recipe: str | os.PathLike[str]) -> str:
        """Return the command that asks for the same program on the same machine; snapshots in memory have no name."""
        words: list[object] = ["run", Path(recipe), "--target", self.target]
        words += ["--emulate"] if self.emulate else []
        options = {
            "--via": self.via,
            "--calix": self.calibration_file,
            "--chip": self.chip,
            "--calibration": self.calibration,
            "--max-calibration-age": self.max_calibration_age_hours,
        }
        for option, value in options.items():
            if value is not None and not isinstance(value, CalibrationSnapshot):
                words += [option, f"{value:g}" if isinstance(value, float) else value]
        return command(*words, *(["--strict"] if self.strict else []))

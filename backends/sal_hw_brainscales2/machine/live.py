"""Running a run file on this computer: a process group of its own, a deadline, and errors that say what to do."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sal_hw.errors import (
    CalibrationError,
    DeviceError,
    InputError,
    IntegrityError,
    Problem,
    SalHwError,
    quote_value,
)
from sal_hw.processes import run_to_deadline
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import write_atomic
from sal_hw_brainscales2.machine.importer import ChipResult, read_result
from sal_hw_brainscales2.machine.program_files import RUN_FILES, run_file
from sal_hw_brainscales2.machine.sdk import FrontEnd
from sal_hw_brainscales2.program import ChipProgram

#: wall-clock seconds allowed for connecting, compiling kernels and calibrating neurons, which alone takes five minutes
#: (pynn-brainscales, CalibHXNeuronCuba); a choice, three times what is usual
START_UP_S = 1200.0
#: wall-clock seconds allowed per second of chip time and per update that is read back; choices
PER_CHIP_SECOND_S, PER_UPDATE_S = 60.0, 0.1
#: seconds that the run file has to end by itself after its deadline
GRACE_S = 10.0

#: characters of the log that are looked at
LOG_TAIL = 20_000

#: what the exit codes of a run file mean
ENDS: dict[int, tuple[type[SalHwError], str]] = {
    2: (InputError, "E809"),
    3: (CalibrationError, "E810"),
    4: (DeviceError, "E802"),
    6: (IntegrityError, "E804"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveRun:
    """A run of a program on the chip.

    Attributes
    ----------
    deadline_s
        Wall-clock limit; None estimates a generous one from the length of the run.
    """

    via: FrontEnd
    program: CompiledProgram
    seed: int
    calibration_file: Path | None = None
    deadline_s: float | None = None

    def __call__(self, updates: int, duration_ms: float | None = None) -> ChipResult:
        """Run `updates` updates, or a program without a learning rule for a model time; return the checked result.

        Raises
        ------
        SalHwError
            E806, E809: the program cannot be run so; E810: calibration; E802: device; E803: hung; E804: bad result.
        """
        text = run_file(self.program, self.via, updates=updates, seed=self.seed, duration_ms=duration_ms)
        folder = Path(tempfile.mkdtemp(prefix="sal-hw-run-"))
        write_atomic(folder / RUN_FILES[self.via], text.encode())
        # after a failure the folder stays: its log is what helps
        execute(
            folder,
            RUN_FILES[self.via],
            calibration_file=self.calibration_file,
            deadline_s=self.deadline_s or estimate_deadline(self.program, updates, duration_ms),
        )
        result = read_result(folder / "result", self.program)
        shutil.rmtree(folder, ignore_errors=True)
        return result


def estimate_deadline(program: CompiledProgram, updates: int, duration_ms: float | None = None) -> float:
    """Return a generous wall-clock limit of a run, in seconds."""
    time_scale = program.part_of(ChipProgram).time_scale
    lasts_ms = duration_ms if program.update_ms is None else updates * program.update_ms
    chip_s = (lasts_ms or 0.0) * 1e-3 / time_scale
    return START_UP_S + PER_CHIP_SECOND_S * chip_s + PER_UPDATE_S * updates


def execute(folder: Path, name: str, *, calibration_file: Path | None, deadline_s: float) -> None:
    """Run a file in its folder and wait for it; all that it started ends with it.

    Raises
    ------
    SalHwError
        If it does not end well; the log stays in the folder.
    """
    command = [sys.executable, name, "--out", "result", "--deadline", f"{deadline_s:g}"]
    if calibration_file is not None:
        command += ["--calibration", str(calibration_file.absolute())]
    begin = time.monotonic()
    log = folder / "run.log"
    code = run_to_deadline(command, folder=folder, log=log, deadline_s=deadline_s + GRACE_S)
    if code == 0:
        return
    if code is None or (code == 4 and time.monotonic() - begin >= deadline_s):
        raise DeviceError(_hung(log, deadline_s))
    raise _failure(code, log)


def _hung(log: Path, deadline_s: float) -> Problem:
    return Problem(
        code="E803",
        field="run",
        value=f"{deadline_s:g} s",
        allowed="an answer of the chip within the deadline, several times the usual duration; the run was ended",
        hint=f"check the connection to the chip and repeat the command; the log is {log}",
    )


def _failure(code: int, log: Path) -> SalHwError:
    """Return the error of an exit code, with the cause and the next command that the run file printed."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    said = {word: _last(lines, f"{word}: ") for word in ("cause", "next")}
    kind, number = ENDS.get(code, (DeviceError, "E802"))
    cause = said["cause"]
    if code not in ENDS or cause is None:
        last = quote_value(lines[-1]) if lines else "nothing"
        cause = f"a run file that ends with a cause; it ended with code {code} and last wrote {last}"
    following = said["next"] or "read the log and repeat the command"
    hint = f"{following}; the log is {log}"
    return kind(Problem(code=number, field="run", value=f"exit code {code}", allowed=cause, hint=hint))


def _last(lines: list[str], mark: str) -> str | None:
    return next((line.removeprefix(mark)[:300] for line in reversed(lines) if line.startswith(mark)), None)

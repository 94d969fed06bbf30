"""Runs of measurement programs, and the vendor's calibrations that they need.

A run file takes the settings of its neurons from a calibration that calix made for its program (`calibrate_sal.py`).
Calibrating a chip takes many programs, so that these calibrations are made here, once for all programs that want the
same of circuits and sensors. Calix takes minutes each time: measurements that set their circuits in many ways, such as
activation functions, take as long as all of these calibrations.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sal_hw.errors import CalibrationError, Problem, quote_path
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import json_bytes, sha256, write_atomic
from sal_hw_brainscales2.machine.calix.settings import render_calibration
from sal_hw_brainscales2.machine.importer import ChipResult
from sal_hw_brainscales2.machine.live import START_UP_S, LiveRun, execute
from sal_hw_brainscales2.machine.program_files import CALIBRATION_FILE, wanted_sensors
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data

#: wall-clock seconds that calix may take: it calibrates neurons up to twice and the sensors; a choice, see START_UP_S
CALIX_S = 3.0 * START_UP_S

#: hexadecimal digits of a hash that name a folder
KEY_LENGTH = 16

#: what a calibration and what tells of it are called
_DATA, _NOTE = "calibration.pbin", "calibration.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchRuns:
    """Runs programs through PyNN, each in a process of its own.

    Attributes
    ----------
    calibration_file
        Calibration for all programs, or a folder with one as ``HASH/calibration.pbin`` each; None makes them.
    deadline_s
        Wall-clock limit of a run and of a calibration; None allows a generous time.
    work
        Where calibrations are kept: ``KEY/result`` as calix leaves them and ``KEY/HASH`` for a program.
    """

    work: Path
    calibration_file: Path | None = None
    deadline_s: float | None = None

    def __call__(self, program: CompiledProgram, *, updates: int, duration_ms: float, seed: int) -> ChipResult:
        """Run a program; see :class:`sal_hw_brainscales2.machine.live.LiveRun`."""
        file = self.calibration_file
        if file is None:
            file = self._calibrated(program, duration_ms)
        elif file.is_dir():
            file = file / program.hash / _DATA
        run = LiveRun(via="pynn", program=program, seed=seed, calibration_file=file, deadline_s=self.deadline_s)
        return run(updates, duration_ms)

    def _calibrated(self, program: CompiledProgram, duration_ms: float) -> Path:
        """Return the file of a calibration for a program; the chip is calibrated if there is none yet."""
        # programs differ, but not always in what they want of the circuits
        wanted = sha256(_calibration_text(program, duration_ms, "").encode())[:KEY_LENGTH]
        folder = self.work / wanted
        if not (folder / "result" / _NOTE).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            text = _calibration_text(program, duration_ms, program.hash)
            write_atomic(folder / CALIBRATION_FILE, text.encode())
            execute(folder, CALIBRATION_FILE, calibration_file=None, deadline_s=self.deadline_s or CALIX_S)
        return _for_program(folder, program)


def _calibration_text(program: CompiledProgram, duration_ms: float, program_hash: str) -> str:
    data = collect_run_data(program, updates=1, seed=0, duration_ms=duration_ms)
    return render_calibration(replace(data, program_hash=program_hash), wanted_sensors(program))


def _for_program(folder: Path, program: CompiledProgram) -> Path:
    """Return a copy of a calibration that tells of a program with the same circuits."""
    own = folder / program.hash
    if (own / _NOTE).is_file():
        return own / _DATA
    try:
        note: dict[str, Any] = json.loads((folder / "result" / _NOTE).read_bytes())
        own.mkdir(exist_ok=True)
        shutil.copyfile(folder / "result" / _DATA, own / _DATA)
        write_atomic(own / _NOTE, json_bytes({**note, "program_hash": program.hash}))
    except (OSError, ValueError, TypeError) as error:
        raise CalibrationError(
            Problem(
                code="E810",
                field="calibration",
                value=quote_path(folder),
                allowed=f"a calibration as {CALIBRATION_FILE} leaves it ({type(error).__name__})",
                hint="delete this folder, and the chip is calibrated again",
            )
        ) from error
    return own / _DATA

"""A job of the neuromorphic platform as one file: it unpacks a program's files, calibrates if need be, and runs."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.storage.files import sha256
from sal_hw_brainscales2.machine.program_files import CALIBRATION_FILE, RUN_FILES
from sal_hw_brainscales2.machine.run_files.template import LINE_LENGTH, literal, render
from sal_hw_brainscales2.machine.sdk import FrontEnd

#: what a calibration and the document that tells of it are called within a job
CALIBRATION, CALIBRATION_NOTE = "calibration.pbin", "calibration.json"


def job_text(folder: Path, front_end: FrontEnd, calibration: Path | None) -> str:
    """Return the job of a program folder; the same files give the same text.

    Parameters
    ----------
    calibration
        What ``calibrate_sal.py`` wrote for this program, with its ``.json`` beside it; None lets the job make one.

    Raises
    ------
    InputError
        E805 if the calibration cannot be read or is of another program.
    """
    run_file = RUN_FILES[front_end]
    parts = {run_file: (folder / run_file).read_bytes()}
    if calibration is None:
        parts[CALIBRATION_FILE] = (folder / CALIBRATION_FILE).read_bytes()
    else:
        parts |= _calibration(folder, calibration)
    names = ", ".join(literal(name) for name in (run_file, CALIBRATION_FILE, CALIBRATION))
    return render("job", NAMES=f"RUN_FILE, CALIBRATION_FILE, CALIBRATION = {names}", FILES=f"FILES = {_embed(parts)}")


def _calibration(folder: Path, calibration: Path) -> dict[str, bytes]:
    """Return a calibration and what tells of it, under the names that a job uses."""
    note = calibration.with_suffix(".json")
    try:
        data, known = calibration.read_bytes(), json.loads(note.read_bytes())
        digest, made_for = known["sha256"][calibration.name], known["program_hash"]
        program = json.loads((folder / "program.json").read_bytes())["hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        words = f"{type(error).__name__}: {error}"
        raise InputError(_problem(calibration, f"a calibration with {note.name} beside it; {words}")) from error
    if digest != sha256(data):
        raise InputError(_problem(calibration, f"the file that {note.name} tells of"))
    if made_for != program:
        raise InputError(_problem(calibration, f"a calibration for this program, {program[:12]}"))
    known["sha256"] = {CALIBRATION: digest}
    return {CALIBRATION: data, CALIBRATION_NOTE: json.dumps(known).encode()}


def _problem(calibration: Path, allowed: str) -> Problem:
    hint = "leave --calibration out: the job then calibrates the chip itself and brings the calibration back"
    return Problem(code="E805", field="calibration", value=quote_value(calibration), allowed=allowed, hint=hint)


def _embed(parts: Mapping[str, bytes]) -> str:
    """Return the Python literal of a dictionary: name to (sha256, lines of base64(zlib()))."""
    width = LINE_LENGTH - len('            "",')
    lines = ["{"]
    for name in sorted(parts):
        packed = base64.b64encode(zlib.compress(parts[name], 9)).decode("ascii")
        lines += [f"    {literal(name)}: (", f'        "{sha256(parts[name])}",', "        (  # base64(zlib())"]
        lines += [f'            "{packed[at : at + width]}",' for at in range(0, len(packed), width)]
        lines += ["        ),", "    ),"]
    return "\n".join([*lines, "}"])

"""sPyNNaker in a process of its own: a folder, a configuration and a home of its own, a deadline, and its errors."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from sal_hw.errors import DeviceError, IntegrityError, Problem, quote_value
from sal_hw.processes import run_to_deadline
from sal_hw.storage.codec import encode
from sal_hw.storage.files import json_bytes, npz_bytes, write_atomic
from sal_hw.storage.reading import read_npz
from sal_hw_spinnaker.spinnaker1.access import BOARD_VERSION, MachineAccess
from sal_hw_spinnaker.spinnaker1.job import Arrays, Job

#: name that sPyNNaker looks its configuration up by, below XDG_CONFIG_HOME and in the home
CONFIGURATION = ".spynnaker.cfg"
#: characters of the log that are looked at
LOG_TAIL = 20_000
#: a file system in memory, and the free bytes of it from which on it is used; a choice
MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 2**30  # noqa: S108 - folders below it are made by tempfile


def execute(job: Job, access: MachineAccess | None, *, deadline_s: float) -> tuple[dict[str, Any], Arrays]:
    """Do a job and return what it found.

    Parameters
    ----------
    access
        The machine; None is a virtual board.
    deadline_s
        Wall-clock limit, seconds.

    Raises
    ------
    DeviceError
        E832 if sPyNNaker fails, E833 if it does not end in time; the folder with its log stays.
    IntegrityError
        E834 if it ends well but leaves no result of this job.
    """
    folder = Path(tempfile.mkdtemp(prefix="sal-hw-spinnaker-"))
    settings = folder / "settings"
    settings.mkdir()
    reports = _reports_folder(folder)
    write_atomic(settings / CONFIGURATION, _configuration(reports, access).encode())
    write_atomic(folder / "job.npz", npz_bytes(job.arrays))
    write_atomic(folder / "job.json", json_bytes(encode(job.network)[0]))
    try:
        _run(folder, access, deadline_s)
        found = _result(folder, job, access)
    finally:
        # it may hold a password
        shutil.rmtree(settings)
        shutil.rmtree(reports, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _reports_folder(folder: Path) -> Path:
    """Make the folder of sPyNNaker's databases: in memory if it can be, since every line of its log is synced."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    return Path(tempfile.mkdtemp(prefix="sal-hw-spinnaker-", dir=MEMORY if in_memory else folder))


def _configuration(reports: Path, access: MachineAccess | None) -> str:
    """Return the whole configuration; every choice that is not made here is sPyNNaker's own."""
    virtual = f"version = {BOARD_VERSION}\nvirtual_board = True\n"
    return (
        f"[Machine]\n{virtual if access is None else access.settings()}"
        f"[Reports]\ndefault_report_file_path = {reports}\nkeep_dataspec_database = True\n"
        f"read_placements_provenance_data = {access is not None}\n"
    )


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's own is read or written."""
    nowhere = str(folder / "home")
    own = {"HOME": nowhere, "XDG_CONFIG_HOME": str(folder / "settings"), "XDG_CONFIG_DIRS": nowhere}
    return {**os.environ, **own, "XDG_CACHE_HOME": nowhere, "MPLCONFIGDIR": nowhere, "PYTHONHASHSEED": "0"}


def _run(folder: Path, access: MachineAccess | None, deadline_s: float) -> None:
    log = folder / "spynnaker.log"
    (folder / "home").mkdir()
    code = run_to_deadline(
        [sys.executable, "-W", "ignore", "-m", "sal_hw_spinnaker.spinnaker1.worker", str(folder)],
        folder=folder / "home",
        log=log,
        deadline_s=deadline_s,
        environment=_environment(folder),
    )
    if code is None:
        raise DeviceError(_hung(log, deadline_s))
    if code != 0:
        raise DeviceError(_failure(log, access, code))


def _hung(log: Path, deadline_s: float) -> Problem:
    return Problem(
        code="E833",
        field="target",
        value=f"{deadline_s:g} s",
        allowed="an end within the deadline, several times the usual duration; the process was ended",
        hint=f"check that the machine answers and repeat the command; the log is {log}",
    )


def _failure(log: Path, access: MachineAccess | None, code: int) -> Problem:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    said = next((line.removeprefix("cause: ") for line in reversed(lines) if line.startswith("cause: ")), None)
    cause = said or (lines[-1] if lines else "nothing was said")
    if access is not None:
        cause = access.without_secrets(cause)
    return Problem(
        code="E832",
        field="target",
        value=f"exit code {code}",
        allowed=f"sPyNNaker to {'map' if access is None else 'run'} the program; {cause[:300]}",
        hint=f"read its log, {log}",
    )


def _result(folder: Path, job: Job, access: MachineAccess | None) -> tuple[dict[str, Any], Arrays]:
    try:
        document: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
        arrays = read_npz((folder / "result.npz").read_bytes())
        agrees = document["mode"] == job.network.mode and document["virtual"] == (access is None)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise IntegrityError(_no_result(f"a readable result; {error}")) from error
    if not agrees:
        raise IntegrityError(_no_result("a result of the way that was asked for, on a virtual board or on a machine"))
    return document, arrays


def _no_result(allowed: str) -> Problem:
    return Problem(code="E834", field="result", value=quote_value("spinnaker1"), allowed=allowed)

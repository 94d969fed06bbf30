"""Runs in the queue of the EBRAINS neuromorphic platform, through its client library (extra ``nmpi``).

Written for hbp-neuromorphic-platform 0.11 (``nmpi.nmpi_user.Client``: ``submit_job``, ``get_job``, ``download_data``).
The client itself reads no token from the environment. It takes one as an argument and then writes it into a file of the
user's home, or asks for a password on the terminal where the token is not valid. Neither is wanted here, so its names
for both are replaced; a release without these names is refused rather than trusted.

What a job needs is a folder, but it is sent as one file that unpacks it (:mod:`sal_hw_brainscales2.machine.job_file`):
of a folder, the client sends files ``*.py`` only, through the Drive of the collab, into one place for all its jobs.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlparse

from sal_hw.contracts.job_queue import Job
from sal_hw.errors import DeviceError, InputError, Problem, SalHwError, quote_value
from sal_hw.program import PROGRAM_SCHEMA
from sal_hw.storage.artifact import read_manifest
from sal_hw.storage.files import writing
from sal_hw_brainscales2.machine.job_file import job_text
from sal_hw_brainscales2.machine.program_files import RUN_FILES
from sal_hw_brainscales2.machine.sdk import FrontEnd, load_queue_client

#: environment variables that a token is taken from; the names are ours, since the client reads none
TOKEN_VARIABLES = ("EBRAINS_AUTH_TOKEN", "NMPI_TOKEN")

#: what the platform calls the chip, and the software that its jobs run with (brainscales2-demos, nmpi_queue_runner)
PLATFORM = "BrainScaleS-2"
SOFTWARE = {"SOFTWARE_VERSION": "experimental"}

#: states of a job that has ended, and of those the ones without results (ebrains-neuromorphic-job-queue-api,
#: data_models.py, JobStatus; ``validated`` and ``mapped`` are not in use)
ENDED = ("finished", "error", "removed")
FAILED = ("error", "removed")

#: seconds between two looks at a job
POLL_S = 10.0

T = TypeVar("T")


class _NoPrompt:
    """Stands where the client would ask for a password."""

    @staticmethod
    def getpass(*_: object) -> NoReturn:
        """Refuse."""
        raise PermissionError("the token is not valid any more")


def submit_job(folder: Path, *, front_end: FrontEnd, collab: str | None, calibration: Path | None = None) -> Job:
    """Send a program to the queue: its run file with a calibration, or with what calibrates the chip for it first.

    Raises
    ------
    InputError
        E811 without a collab; E806 if the program has no run file of the front end; E805 if the calibration cannot be
        read or is of another program.
    DeviceError
        E807 without the client; E811 without a token, or if the queue refuses.
    """
    read_manifest(folder, "program", schema_versions=tuple(range(1, PROGRAM_SCHEMA + 1)), strict=False)
    source = folder / RUN_FILES[front_end]
    if not source.is_file():
        allowed = f"a program that --via {front_end} can run; {folder} has no {source.name}"
        hint = "compile it with sal-hw compile, and see its HOW_TO_RUN.txt"
        problem = Problem(code="E806", field="via", value=quote_value(front_end), allowed=allowed, hint=hint)
        raise InputError(problem)
    if collab is None:
        allowed = "the collab that the run is booked on"
        raise InputError(Problem(code="E811", field="collab", allowed=allowed, hint="add --collab ID"))
    text = job_text(folder, front_end, calibration)
    with _client() as (client, ask), TemporaryDirectory(prefix="sal-hw-") as work:
        job = Path(work, "run.py")
        job.write_text(text, encoding="ascii")
        identity = ask(
            lambda: client.submit_job(
                source=str(job),
                platform=PLATFORM,
                collab_id=collab,
                config=dict(SOFTWARE),
                command="run.py --out result",
                wait=False,
            )
        )
    return Job(identity=str(identity).rstrip("/").rpartition("/")[2], status="submitted")


def attach_job(identity: str, *, wait: bool, out: Path, pause: Callable[[float], None] = time.sleep) -> Job:
    """Look after a job; wait for its end if asked; fetch its results when it has ended.

    Raises
    ------
    DeviceError
        E807 without the client; E811 without a token, if there is no such job, or if it ended with an error.
    """
    number = identity.rstrip("/").rpartition("/")[2]
    if not number.isdecimal():
        allowed = "the number of a job, as sal-hw submit prints it"
        raise InputError(Problem(code="E811", field="attach", value=quote_value(identity), allowed=allowed))
    with _client() as (client, ask):
        job = ask(lambda: client.get_job(int(number), with_log=True))
        while wait and job.get("status") not in ENDED:
            pause(POLL_S)
            job = ask(lambda: client.get_job(int(number), with_log=True))
        status = str(job.get("status"))
        if status in FAILED:
            raise DeviceError(_failed(number, job))
        if status not in ENDED:
            return Job(identity=number, status=status)
        _check_paths(job)
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        files = ask(lambda: client.download_data(job, local_dir=str(out)))
    return Job(identity=number, status=status, finished=True, files=tuple(Path(name) for name in files))


@contextmanager
def _client() -> Iterator[tuple[Any, Callable[[Callable[[], T]], T]]]:
    """Give a client, and what calls it so that the token comes up nowhere: not in output, and not in messages."""
    module = load_queue_client()
    token = _token()
    _keep_token_out_of_files(module)

    def ask(call: Callable[[], T]) -> T:
        try:
            # the client prints to the terminal, which belongs to our own output
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                return call()
        except SalHwError:
            raise
        except Exception as error:  # the client raises plain exceptions
            words = f"{type(error).__name__}: {error}".replace(token, "***")
        raise DeviceError(_refused(words))

    yield ask(lambda: module.Client(token=token)), ask


def _token() -> str:
    for name in TOKEN_VARIABLES:
        found = os.environ.get(name, "").strip()
        if found:
            return found
    raise DeviceError(
        Problem(
            code="E811",
            field="token",
            allowed=f"a token of the platform in the environment variable {' or '.join(TOKEN_VARIABLES)}",
            hint="in an EBRAINS notebook: import clb_nb_utils.oauth, and set it to clb_nb_utils.oauth.get_token()",
        )
    )


def _keep_token_out_of_files(module: ModuleType) -> None:
    if not hasattr(module, "TOKENFILE") or not hasattr(module, "getpass"):
        allowed = "release 0.11 of the client; this one keeps the token in a place that is not known"
        problem = Problem(code="E807", field="submit", allowed=allowed, hint="pip install 'sal-hw[nmpi]'")
        raise DeviceError(problem)
    vars(module).update(TOKENFILE=os.devnull, getpass=_NoPrompt)


def _refused(words: str) -> Problem:
    hint = "check token, collab and quota, and repeat the command"
    return Problem(code="E811", field="queue", value=quote_value(words), allowed="an answer of the queue", hint=hint)


def _failed(number: str, job: dict[str, Any]) -> Problem:
    """Return why a job failed; the run file's own lines are at the end of its log."""
    lines = [line.strip() for line in str(job.get("log") or "").splitlines() if line.strip()]
    said = {
        word: next((line[len(word) + 2 :] for line in reversed(lines) if line.startswith(f"{word}: ")), None)
        for word in ("cause", "next")
    }
    allowed = said["cause"] or f"a job that finishes; the end of its log is {quote_value(lines[-1] if lines else '')}"
    hint = said["next"] or "look at the job on the platform"
    return Problem(code="E811", field="job", value=number, allowed=allowed[:300], hint=hint[:300])


def _check_paths(job: dict[str, Any]) -> None:
    """Refuse files that would land outside of the folder or come from elsewhere than the web, and jobs without any."""
    files = (job.get("output_data") or {}).get("files") or []
    if not files:
        raise DeviceError(_refused("a job that has finished and left no files"))
    for item in files:
        # the platform keeps files without a path, but the client cannot fetch them
        if not item.get("path"):
            raise DeviceError(_refused(f"a result file without a path, from {item.get('url')}"))
        path = PurePosixPath(str(item["path"]))
        if path.is_absolute() or ".." in path.parts or "\\" in str(path):
            raise DeviceError(_refused(f"a result file at {path}"))
        if urlparse(str(item.get("url"))).scheme not in ("http", "https"):
            raise DeviceError(_refused(f"a result file from {item.get('url')}"))

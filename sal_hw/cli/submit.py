"""``sal-hw submit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sal_hw.cli.console import show, show_json, show_next
from sal_hw.cli.options import AsJson, Debug, Via
from sal_hw.errors import InputError, Problem, quote_value

if TYPE_CHECKING:
    from sal_hw.contracts.job_queue import Job, JobQueue


def submit(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that sal-hw compile wrote.", show_default=False)
    ],
    via: Via = None,
    collab: Annotated[
        str | None,
        typer.Option("--collab", metavar="ID", help="Collab that the run is booked on.", show_default=False),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="FILE",
            help="The machine's calibration of this program, as an earlier job left it. Default: the job makes one.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and fetch the results.")] = False,
    attach: Annotated[
        str | None,
        typer.Option("--attach", metavar="JOB", help="Look after an earlier job instead.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Send a compiled program to the queue of its machine; results come into DIR/results.

    Without a calibration the job calibrates the chip first, which takes minutes, and brings that back, too.

    The token is taken from the environment variable EBRAINS_AUTH_TOKEN or NMPI_TOKEN, and kept nowhere.

    Example: sal-hw submit build/chip_alignment --collab my-collab --wait
    """
    del debug
    queue = _queue(folder)
    if attach is None:
        job = queue.submit_job(folder, front_end=via, collab=collab, calibration=calibration)
        if wait:
            job = queue.attach_job(job.identity, wait=True, out=folder / "results")
    else:
        job = queue.attach_job(attach, wait=wait, out=folder / "results")
    _show(job, folder, as_json=as_json)
    return 0


def _queue(folder: Path) -> JobQueue:
    from sal_hw.contracts.job_queue import JobQueue
    from sal_hw.contracts.targets import load_backend, load_target
    from sal_hw.program import PROGRAM_SCHEMA
    from sal_hw.storage.artifact import read_manifest

    versions = tuple(range(1, PROGRAM_SCHEMA + 1))
    name = str(read_manifest(folder, "program", schema_versions=versions, strict=False).get("target"))
    target = load_target(name)
    backend: object = None if target.backend is None else load_backend(target.backend)
    if not isinstance(backend, JobQueue):
        allowed = f"a target whose machine has a queue; {name} has none"
        raise InputError(Problem(code="E811", field="target", value=quote_value(name), allowed=allowed))
    return backend


def _show(job: Job, folder: Path, *, as_json: bool) -> None:
    if as_json:
        files = [str(path) for path in job.files]
        show_json({"status": "ok", "job": job.identity, "job_status": job.status, "files": files})
        return
    show(f"job {job.identity}: {job.status}")
    for path in job.files:
        show(f"file: {path}")
    results = [path.parent for path in job.files if path.name == "result.json"]
    if results:
        show_next("import", results[0], "--program", folder, "--out", Path("runs", folder.name))
    elif not job.finished:
        show_next("submit", folder, "--attach", job.identity, "--wait")

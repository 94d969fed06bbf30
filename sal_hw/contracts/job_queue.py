"""The protocol between commands and the queue of a machine that many share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A run in a machine's queue.

    Attributes
    ----------
    identity, status
        Its number or address, and what the queue says of it.
    finished
        Whether it has ended.
    files
        What it left, once that was fetched.
    """

    identity: str
    status: str
    finished: bool = False
    files: tuple[Path, ...] = ()


@runtime_checkable
class JobQueue(Protocol):
    """A backend whose machine has a queue: an option."""

    def submit_job(
        self, folder: Path, *, front_end: str | None, collab: str | None, calibration: Path | None = None
    ) -> Job:
        """Send a program folder's run file to the queue, with the machine's own calibration if there is one."""

    def attach_job(self, identity: str, *, wait: bool, out: Path) -> Job:
        """Look after a job, wait for its end if asked, and fetch what it left into `out`."""

"""Processes of our own: each with a group of its own, a deadline, and no life beyond that of who started it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Child:
    """A process, and all that it starts, which the operating system ends when this process ends, however it ends.

    The child holds the reading end of a pipe whose writing end is here. When that is closed, which the kernel does even
    after SIGKILL, the kernel sends SIGKILL to the child's group: nothing in the child has to run for it, so that a
    simulator that computes or hangs ends, too. Where the system cannot do this (it is Linux's), the child goes on.

    Parameters
    ----------
    command
        Program and arguments; no shell is used.
    folder
        Its working folder.
    log
        File for what it prints.
    environment
        Of the process; None is that of this one.
    descriptors
        Open files that it inherits.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        theirs, self._lifeline = os.pipe()
        try:
            with log.open("wb") as output:
                self._process = subprocess.Popen(  # noqa: S603 - commands are our own, and no shell
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment,
                    pass_fds=(*descriptors, theirs),
                    start_new_session=True,
                )
            _kill_when_closed(theirs, self._process.pid)
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(theirs)

    def ended(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; return the exit code, None if it does not end in time."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def _kill_when_closed(reading: int, group: int) -> None:
    """Have the kernel kill a process group when the other end of a pipe is closed."""
    if sys.platform != "linux":
        return
    fcntl.fcntl(reading, fcntl.F_SETOWN, -group)
    fcntl.fcntl(reading, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)


def run_to_deadline(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    deadline_s: float,
    environment: Mapping[str, str] | None = None,
) -> int | None:
    """Run a command and wait for it; all that it started ends with it.

    Parameters
    ----------
    deadline_s
        Wall-clock limit, seconds.

    Returns
    -------
    int or None
        Its exit code; None if it was ended at its deadline.
    """
    child = Child(command, folder=folder, log=log, environment=environment)
    try:
        return child.wait(deadline_s)
    finally:
        child.end()

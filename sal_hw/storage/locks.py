"""One writer per folder: a lock that the operating system gives back when its holder dies, however it dies.

On file systems without such locks the library falls back to a file that names its holder; it is stale when no process
of that number runs that began then, or when the machine was started since.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.errors import InputError, Problem, quote_path
from sal_hw.storage.files import utc_now, writing

if TYPE_CHECKING:
    from filelock import BaseFileLock

#: the file of a folder that is locked; it stays, empty, since removing it would let two in
LOCK = ".lock"

#: bytes of a lock file that are read at most
_NOTE_BYTES = 1000


class FolderLock:
    """A lock that is held until it is released or the process ends.

    Parameters
    ----------
    lock
        Acquired.
    file
        What it locks.
    """

    def __init__(self, lock: BaseFileLock, file: Path) -> None:
        self._lock = lock
        self._file = file

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Lock a folder that exists, for writing.

        Raises
        ------
        InputError
            E509 if somebody else writes there; E502 if the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(folder / LOCK, timeout=0, thread_local=False, mode=0o666 & ~_umask())
        with writing(folder):
            try:
                lock.acquire()
            except Timeout as error:
                raise InputError(_busy(folder)) from error
        held = cls(lock, folder / LOCK)
        held._note(json.dumps({"pid": os.getpid(), "since_utc": utc_now()}))
        return held

    def _note(self, text: str) -> None:
        """Say in the file who holds it, unless the file itself is the lock."""
        try:
            _ = self._lock.pid  # type: ignore[attr-defined]
        except AttributeError:
            # a disk that is full does not matter here
            with suppress(OSError):
                self._file.write_text(text)

    def release(self) -> None:
        """Let others write; releasing twice is once."""
        if self._lock.is_locked:
            self._note("")
            self._lock.release()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that exists; see :meth:`FolderLock.take`."""
    lock = FolderLock.take(folder)
    try:
        yield
    finally:
        lock.release()


def _umask() -> int:
    """Return the mask of new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _busy(folder: Path) -> Problem:
    holder = ""
    with suppress(OSError, ValueError, TypeError, KeyError), (folder / LOCK).open("rb") as file:
        note = json.loads(file.read(_NOTE_BYTES))
        holder = f" (process {int(note['pid'])}, since {str(note['since_utc'])[:20]})"
    return Problem(
        code="E509",
        field="output",
        value=quote_path(folder),
        allowed=f"a folder that nobody else writes at the moment; another process does{holder}",
        hint="wait for its end, or name another folder with --out",
    )

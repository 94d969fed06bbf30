"""Standard output that is closed, full, or read by nobody any more: the command goes on, and its files are kept."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Patient(io.RawIOBase):
    """Writes to a descriptor, which it does not own, until that fails, and drops everything from then on."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        while self.failure is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select((), (self._descriptor,), ())
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


class StandardStreams:
    """Puts patient streams in place of the process's standard output and standard error."""

    def __init__(self) -> None:
        _occupy_closed()
        self._raw = _Patient(1), _Patient(2)
        sys.stdout, sys.stderr = (
            _text(raw, stream) for raw, stream in zip(self._raw, (sys.stdout, sys.stderr), strict=True)
        )

    def lost(self) -> str | None:
        """Return why some of the output could not be written; None if it was, or if its reader had seen enough."""
        sys.stdout.flush()
        failure = self._raw[0].failure
        if failure is None or failure.errno == errno.EPIPE:
            return None
        return failure.strerror or str(failure)


def _occupy_closed() -> None:
    """Open nothing in the place of closed standard streams, so that no file of ours gets their descriptors."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _text(raw: _Patient, replaced: TextIO | None) -> TextIO:
    encoding = getattr(replaced, "encoding", None) or "utf-8"
    buffered = io.BufferedWriter(raw)
    # what a terminal cannot show is no reason to end
    return io.TextIOWrapper(
        buffered, encoding=encoding, errors="backslashreplace", line_buffering=raw.isatty() or raw.fileno() == 2
    )

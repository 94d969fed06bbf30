"""Bytes of files that somebody else made, and the errors about them."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from sal_hw.errors import InputError, Problem, quote_path
from sal_hw.storage.reading import open_regular

#: bytes of one unpacked file of any set; the largest is that of 73 257 colour images
MAX_FILE_BYTES = 2**30


def refused(code: str, path: Path, allowed: str, hint: str | None = None) -> InputError:
    """Return the error about a file of images or labels."""
    return InputError(Problem(code=code, field="experiment.data", value=quote_path(path), allowed=allowed, hint=hint))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if its name ends in ``.gz``.

    Raises
    ------
    InputError
        E421 if it is not there, E422 if it cannot be read, E423 if it is cut short or too large.
    """
    try:
        with open_regular(path) as stream:
            if path.suffix != ".gz":
                data = stream.read(MAX_FILE_BYTES + 1)
            else:
                with gzip.GzipFile(fileobj=stream) as unpacked:
                    data = unpacked.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise refused("E421", path, "a file of the set that is there", "get the whole set") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise refused("E423", path, f"a whole file: {error}"[:200], "get it again") from error
    except (OSError, ValueError) as error:
        raise refused("E422", path, f"a file that can be read: {error}"[:200], "check its permissions") from error
    if len(data) > MAX_FILE_BYTES:
        raise refused("E423", path, f"at most {MAX_FILE_BYTES} bytes")
    return data

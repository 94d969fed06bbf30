"""Writing files so that nothing half-written ever stands under a final name."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

#: names of files that are being written; their length stays below what file systems allow
_TEMPORARY = re.compile(r"\..*\.[a-z0-9_]{8}\.tmp", re.DOTALL)
_STEM_LENGTH = 60


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into errors a user understands.

    Raises
    ------
    InputError
        E503 if the disk is full, E502 for any other refusal.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        problem = Problem(
            code="E503" if full else "E502",
            field="output",
            value=quote_path(path),
            allowed="a disk with free space" if full else f"a place that can be written ({error.strerror or error})",
            hint="free some space or choose another disk with --out" if full else "choose another folder with --out",
        )
        raise InputError(problem) from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write a whole file or nothing: temporary name in the same folder, flush, fsync, rename.

    The file has the permissions that the user's umask gives to new files.
    """
    with writing(path):
        temporary = path.with_name(f".{path.name[:_STEM_LENGTH]}.{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(path.parent)


def is_temporary(name: str) -> bool:
    """Whether a file of this name was being written when its writer ended."""
    return _TEMPORARY.fullmatch(name.rpartition("/")[2]) is not None


def utc_now() -> str:
    """Return the present time, UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def beside(path: Path, ending: str) -> Path:
    """Return the path of a file beside another one, with its name and an ending.

    Raises
    ------
    InputError
        E502 if the other one has no name: it is the working folder, or the root of all.
    """
    if not path.name:
        allowed = "a file or folder with a name of its own, not the folder that it would lie in"
        value, hint = quote_path(path), "add a name to it"
        raise InputError(Problem(code="E502", field="output", value=value, allowed=allowed, hint=hint))
    return path.with_name(path.name + ending)


def json_bytes(document: object) -> bytes:
    """Return readable JSON: sorted keys, two spaces, no NaN, a final newline."""
    return (json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an ``.npz`` file of the arrays; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    # not ascontiguousarray: that gives single numbers a dimension
    ordered = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    if any(each.dtype.hasobject for each in ordered.values()):
        raise ValueError("an array of objects is no plain data")
    # without allow_pickle, which numpy before 2.2 takes for one more array
    save: Callable[..., None] = np.savez
    save(buffer, **ordered)
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    """Return the hexadecimal sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()

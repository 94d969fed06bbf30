"""Arrays in a file with a checksum of its own, for files that no manifest lists yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sal_hw.errors import IntegrityError, Problem, quote_path
from sal_hw.storage.files import npz_bytes, sha256
from sal_hw.storage.reading import BROKEN, read_npz, read_regular

#: stands between the arrays and the hexadecimal sha256 of all before it
_MARK = b"\nsha256:"


def seal_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an ``.npz`` file of the arrays with the checksum of its bytes at the end."""
    data = npz_bytes(arrays)
    return data + _MARK + sha256(data).encode()


def unseal_arrays(path: Path, hint: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file of :func:`seal_arrays`.

    Raises
    ------
    IntegrityError
        E504 if a byte was changed or is missing.
    """
    try:
        data, _, seal = read_regular(path).rpartition(_MARK)
        if seal.decode() != sha256(data):
            raise ValueError("the sha256 differs")
        return read_npz(data)
    except BROKEN as error:
        allowed = f"the bytes that were written; {error}"
        problem = Problem(code="E504", field="checkpoint", value=quote_path(path), allowed=allowed, hint=hint)
        raise IntegrityError(problem) from error

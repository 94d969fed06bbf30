"""Reads arrays from ``.npy`` and ``.npz`` files that somebody else may have made.

Nothing is unpickled, and the header is checked before memory is taken: neither a wrong shape nor a compressed
bomb gets that far.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.fields import MAX_SEED
from sal_hw.spec.findings import closest, did_you_mean, listed
from sal_hw.storage.reading import BROKEN, Header, open_regular, read_header

#: numbers in one file; a dense projection may not be larger either
MAX_VALUES = 2**28

_CHUNK = 2**20
_SUFFIXES = (".npy", ".npz")
_HOW_TO_SAVE = "save it with numpy.save or numpy.savez as float64"


class ArrayFileError(ValueError):
    """A file of numbers cannot be used.

    Attributes
    ----------
    code, allowed, hint
        As in :class:`sal_hw.errors.Problem`.
    """

    def __init__(self, code: str, allowed: str, hint: str | None = None) -> None:
        super().__init__(allowed)
        self.code = code
        self.allowed = allowed
        self.hint = hint


def locate(file: str, folder: Path) -> Path:
    """Return the real path of a file below `folder`.

    Raises
    ------
    ArrayFileError
        If the name leads out of the folder (E402), if no regular file is there (E401), or if it has another
        suffix (E403).
    """
    name = Path(file)
    words = "a relative path below the recipe's folder"
    if "\0" in file or name.is_absolute() or ".." in name.parts or "\\" in file or name.drive:
        raise ArrayFileError("E402", words, "copy the file next to the recipe")
    if name.suffix not in _SUFFIXES:
        raise ArrayFileError("E403", "a .npy or .npz file", _HOW_TO_SAVE)
    try:
        real, root = (folder / name).resolve(strict=True), folder.resolve(strict=True)
        regular = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError) as error:
        raise ArrayFileError("E401", f"an existing file below {folder}", _similar(folder / name)) from error
    if not real.is_relative_to(root):
        raise ArrayFileError("E402", f"{words}; this is a link that leaves it", "copy the file next to the recipe")
    if not regular:
        raise ArrayFileError("E401", "a regular file, not a folder or device")
    return real


def _similar(path: Path) -> str | None:
    try:
        names = [item.name for item in path.parent.iterdir() if item.suffix in _SUFFIXES]
    except OSError:
        return None
    best = closest(path.name, names)
    return f'did you mean "{best}"?' if best else None


@contextmanager
def _open_array(path: Path, key: str | None) -> Iterator[IO[bytes]]:
    """Open the stream of one array; whatever is wrong with the container is one kind of error."""
    try:
        if path.suffix == ".npy":
            if key is not None:
                raise ArrayFileError("E403", "an .npz file, since a key is given", "leave the key out for an .npy file")
            with open_regular(path) as stream:
                yield stream
            return
        archive = _archive(path, path.stat().st_mtime_ns, path.stat().st_size)
        with archive.open(_member(archive, key)) as stream:
            yield stream
    except ArrayFileError:
        raise
    except PermissionError as error:
        raise ArrayFileError("E401", "a file that can be read", "check its permissions") from error
    except BROKEN as error:
        raise ArrayFileError("E403", f"a valid {path.suffix} file: {error}"[:200], _HOW_TO_SAVE) from error


@lru_cache(maxsize=1)
def _archive(path: Path, _changed_ns: int, _size: int) -> zipfile.ZipFile:
    """Return an archive, opened once for all of its arrays: its directory is as long as there are arrays."""
    return zipfile.ZipFile(path)


def _member(archive: zipfile.ZipFile, key: str | None) -> str:
    if key is not None and f"{key}.npy" in archive.NameToInfo:
        return f"{key}.npy"
    keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    if key is None and len(keys) == 1:
        return f"{keys[0]}.npy"
    if key is None:
        raise ArrayFileError("E403", f"a key that names one of its arrays: {listed(keys)}", "add key: NAME")
    raise ArrayFileError("E403", f"the key of an array in the file: {listed(keys)}", did_you_mean(key, keys))


def _check_header(header: Header, shape: Sequence[int | None] | None) -> None:
    kind, dtype = header.dtype.kind, header.dtype
    if dtype.hasobject:
        raise ArrayFileError("E403", "numbers; pickled objects are never read", _HOW_TO_SAVE)
    if kind not in "iuf" or (kind == "f" and dtype.itemsize not in (4, 8)):
        words = f"an array of float64, float32 or whole numbers; this is {dtype.name}"
        raise ArrayFileError("E404", words, "convert it with array.astype(float) before saving")
    if prod(header.shape) > MAX_VALUES or any(length < 0 or length > MAX_SEED for length in header.shape):
        raise ArrayFileError("E405", f"at most {MAX_VALUES} numbers")
    if shape is not None and not fits(header.shape, shape):
        raise ArrayFileError(
            "E405", f"an array of shape {_words(shape)}; this has {header.shape}", turned(header.shape, shape)
        )


def _words(shape: Sequence[int | None]) -> str:
    inner = ", ".join("n" if length is None else str(length) for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """Whether a shape is the wanted one, where None stands for any length."""
    return len(shape) == len(wanted) and all(
        other is None or one == other for one, other in zip(shape, wanted, strict=True)
    )


def turned(shape: Sequence[int], wanted: Sequence[int | None]) -> str | None:
    """Return the hint for a table that only has to be transposed."""
    if len(shape) == len(wanted) == 2 and fits(shape[::-1], wanted):
        return "it looks transposed: rows are pre, columns are post; use its transpose (.T)"
    return None


def inspect_array(path: Path, key: str | None, shape: Sequence[int | None] | None) -> Header:
    """Return the header of an array after checking its type and shape.

    Raises
    ------
    ArrayFileError
        If the array cannot be used (E401, E403, E404, E405).
    """
    with _open_array(path, key) as stream:
        header = read_header(stream)
        _check_header(header, shape)
    return header


def read_array(path: Path, key: str | None, shape: Sequence[int | None] | None) -> NDArray[Any]:
    """Return an array of finite numbers in its own type.

    Raises
    ------
    ArrayFileError
        As :func:`inspect_array`, or if a number is not finite (E406).
    """
    with _open_array(path, key) as stream:
        header = read_header(stream)
        _check_header(header, shape)
        raw = _read_exactly(stream, header.nbytes)
    values = np.frombuffer(raw, dtype=header.dtype).reshape(header.shape, order="F" if header.fortran_order else "C")
    _check_finite(values)
    return values


def _read_exactly(stream: IO[bytes], size: int) -> bytearray:
    """Read in pieces, so that a header that promises more than the file holds takes no memory."""
    raw = bytearray()
    while len(raw) < size:
        piece = stream.read(min(_CHUNK, size - len(raw)))
        if not piece:
            raise ArrayFileError("E403", f"{size} bytes of numbers, as its header says; there are {len(raw)}")
        raw += piece
    if stream.read(1):
        raise ArrayFileError("E403", f"{size} bytes of numbers, as its header says; there are more")
    return raw


def _check_finite(values: NDArray[Any]) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        first = tuple(int(index) for index in np.argwhere(~finite)[0])
        words = f"finite numbers; the one at {list(first)} is {values[first]}"
        raise ArrayFileError("E406", words, f"{int((~finite).sum())} of {values.size} numbers are not finite")

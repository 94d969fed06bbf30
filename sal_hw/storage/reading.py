"""Reading files that somebody else may have made: regular ones only, of bounded size, and nothing is believed.

Whatever is wrong with one ends in one of the exceptions of :data:`BROKEN`, before memory is taken for what it promises.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import math
import os
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

#: bytes of one file that are read at most, and of a JSON document, whose objects take twenty times as much memory
MAX_BYTES = 2**32
MAX_JSON_BYTES = 2**26

#: bytes that a compressed file may always unpack to, and how many times its own size beyond that
ALWAYS_UNPACKED, MAX_RATIO = 2**28, 32

#: what reading a damaged or foreign file can end in
BROKEN = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,  # also of what an archive uses and zipfile cannot read, and of deep nesting
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 10_000
#: types of numbers and texts in an array: no objects, and no records
_PLAIN_TYPE = re.compile(r"[<>|=]?[biufcSUO]\d*")
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Header:
    """What an ``.npy`` stream says about its array before any number is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file; pipes and devices, which might never end, are refused.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no regular file, or the name cannot be one.
    """
    # a named pipe would otherwise wait for a writer
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is a folder, device or pipe, not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], *, limit: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises
    ------
    OSError, ValueError
        As :func:`open_regular`, and if it is larger.
    """
    with open_regular(path) as stream:
        if os.fstat(stream.fileno()).st_size > limit:
            raise ValueError(f"it has more than {limit} bytes")
        return stream.read(limit)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal sha256 of a regular file, which may be larger than the memory."""
    hasher = hashlib.sha256()
    with open_regular(path) as stream:
        while piece := stream.read(_CHUNK):
            hasher.update(piece)
    return hasher.hexdigest()


def parse_json(data: bytes) -> Any:
    """Return a JSON document; numbers that are not finite, and nesting beyond any use, are refused.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number of JSON")
    return number


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises
    ------
    OSError, ValueError
        If there is none.
    """
    found = parse_json(read_regular(path, limit=MAX_JSON_BYTES))
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")
    return found


def unpacked_limit(packed: int) -> int:
    """Return how many bytes a compressed file of so many bytes may unpack to."""
    return max(ALWAYS_UNPACKED, MAX_RATIO * packed)


def read_npz(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file, after checking every header against the size of its member.

    Raises
    ------
    Exception
        One of :data:`BROKEN` if it is none, is encrypted, unpacks to far more than it is, or holds objects.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        names = {member.filename.removesuffix(".npy") for member in members}
        if len(names) < len(members):
            raise ValueError("two arrays have one name")
        if sum(member.file_size for member in members) > unpacked_limit(len(data)):
            raise ValueError(f"it unpacks to more than {unpacked_limit(len(data))} bytes")
        return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    # zipfile raises RuntimeError for an encrypted one
    with archive.open(member) as stream:
        header = read_header(stream)
        if header.dtype.hasobject or not header.dtype.itemsize:
            raise ValueError(f"{member.filename} holds no numbers or texts")
        if header.nbytes != member.file_size - stream.tell():
            raise ValueError(f"{member.filename} has not as many numbers as its header says")
        raw = bytearray(stream.read())
    order: Any = "F" if header.fortran_order else "C"
    return np.ndarray(header.shape, header.dtype, buffer=raw, order=order)


def read_header(stream: IO[bytes]) -> Header:
    """Return the header of an ``.npy`` stream, which then stands at the first number.

    Numpy's own reader is not used: it repairs headers, with warnings, and takes types that are made of others.

    Raises
    ------
    ValueError
        If it is none of version 1 or 2 of the format.
    """
    start = stream.read(8)
    if start[:6] != _MAGIC or start[6:] not in (b"\1\0", b"\2\0"):
        raise ValueError("it does not begin as version 1 or 2 of the .npy format does")
    size_format = "<H" if start[6] == 1 else "<I"
    (length,) = struct.unpack(size_format, stream.read(struct.calcsize(size_format)))
    if length > _MAX_HEADER_BYTES:
        raise ValueError("its header is too long")
    try:
        found = ast.literal_eval(stream.read(length).decode("latin1").strip())
        shape, descr, fortran = found["shape"], found["descr"], found["fortran_order"]
    except (SyntaxError, MemoryError, *BROKEN) as error:
        raise ValueError("its header cannot be read") from error
    whole = isinstance(shape, tuple) and all(type(each) is int and each >= 0 for each in shape)
    if not whole or len(found) != 3 or type(fortran) is not bool:
        raise ValueError("its header cannot be read")
    if not isinstance(descr, str) or not _PLAIN_TYPE.fullmatch(descr):
        raise ValueError("it holds no plain numbers or texts")
    return Header(shape, np.dtype(descr), fortran)

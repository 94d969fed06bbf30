"""SVHN's cropped digits: a file of MATLAB 5 with images and labels, of which 10 is the digit 0."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.storage.reading import BROKEN
from sal_hw_deep.data.files import MAX_FILE_BYTES, read_bytes, refused
from sal_hw_deep.data.idx import Bytes

_HOW = "get it again"


def read_svhn(path: Path) -> tuple[Bytes, Bytes]:
    """Return the images, shape (n, 3, 32, 32), and labels of a file.

    Raises
    ------
    InputError
        E422 if it cannot be read, E423 if it is cut short, E424 if it is no such file, E426 for a label beyond
        1 .. 10.
    """
    from scipy.io import loadmat, whosmat

    data = read_bytes(path)
    if not data.startswith(b"MATLAB 5.0 MAT-file"):
        raise refused("E424", path, "a file of MATLAB 5, which begins with these words")
    try:
        # shapes are looked at before any number is unpacked
        shapes: dict[str, tuple[tuple[int, ...], str]] = {
            name: (shape, kind) for name, shape, kind in whosmat(_stream(data))
        }
    except BROKEN as error:
        raise refused("E423", path, f"a whole file of MATLAB: {error}"[:200], _HOW) from error
    images, labels = shapes.get("X", ((), "")), shapes.get("y", ((), ""))
    if images[0][:3] != (32, 32, 3) or len(images[0]) != 4 or images[1] != "uint8":
        raise refused("E424", path, f"an array X of shape (32, 32, 3, images) and type uint8, not {images}"[:200])
    if len(labels[0]) != 2 or labels[1] not in ("uint8", "double"):
        raise refused("E424", path, f"an array y of shape (images, 1), not {labels}"[:200])
    if 3072 * images[0][3] > MAX_FILE_BYTES or max(labels[0]) > MAX_FILE_BYTES:
        raise refused("E423", path, f"at most {MAX_FILE_BYTES} bytes")
    try:
        found: dict[str, Any] = loadmat(_stream(data), variable_names=["X", "y"])
        pixels, digits = np.asarray(found["X"]), np.asarray(found["y"]).ravel()
    except BROKEN as error:
        raise refused("E423", path, f"a whole file of MATLAB: {error}"[:200], _HOW) from error
    wrong = digits[~np.isin(digits, np.arange(1, 11))]
    if wrong.size:
        raise refused("E426", path, f"labels 1 .. 10, where 10 is the digit 0; one is {wrong[0]}")
    return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), (digits % 10).astype(np.uint8)


def _stream(data: bytes) -> Any:
    """Return what scipy reads from; its stubs know of names of files only."""
    return io.BytesIO(data)

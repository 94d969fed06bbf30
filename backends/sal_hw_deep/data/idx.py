"""MNIST's format: a magic number, the lengths of all axes, and bytes."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw_deep.data.files import read_bytes, refused

Bytes: TypeAlias = NDArray[np.uint8]


def read_idx(path: Path, axes: int) -> Bytes:
    """Return an array of bytes with so many axes.

    Raises
    ------
    InputError
        E422 if it cannot be read, E423 if it has fewer or more bytes than it says, E424 if it is no such file.
    """
    data = read_bytes(path)
    magic = bytes((0, 0, 8, axes))
    if data[:4] != magic:
        words = f"a file of bytes with {axes} axes, which begins with {magic.hex()}; this begins with {data[:4].hex()}"
        raise refused("E424", path, words)
    begin = 4 + 4 * axes
    if len(data) < begin:
        raise refused("E423", path, f"at least {begin} bytes; there are {len(data)}", "get it again")
    shape = struct.unpack(f">{axes}I", data[4:begin])
    if math.prod(shape) != len(data) - begin:
        words = f"{math.prod(shape)} values, as its header says; there are {len(data) - begin}"
        raise refused("E423", path, words, "get it again")
    return np.frombuffer(data, np.uint8, offset=begin).reshape(shape)

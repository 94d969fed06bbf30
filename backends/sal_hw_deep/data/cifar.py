"""CIFAR-10 in both of its versions: records of a label and 3072 bytes, or pickles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw_deep.data.files import read_bytes, refused
from sal_hw_deep.data.idx import Bytes
from sal_hw_deep.data.pickled import read_pickle

_PIXELS = 3 * 32 * 32
TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)


def read_cifar(folder: Path, names: Sequence[str]) -> tuple[Bytes, Bytes]:
    """Return the images, shape (n, 3, 32, 32), and labels of some files of a folder, in whichever version it has."""
    binary = folder.name.endswith("-bin")
    parts = [_read_records(folder / f"{name}.bin") if binary else _read_batch(folder / name) for name in names]
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _read_records(path: Path) -> tuple[Bytes, Bytes]:
    data = read_bytes(path)
    if not data or len(data) % (1 + _PIXELS):
        words = f"records of {1 + _PIXELS} bytes; there are {len(data)} bytes"
        raise refused("E423", path, words, "get it again")
    table = np.frombuffer(data, np.uint8).reshape(-1, 1 + _PIXELS)
    return table[:, 1:].reshape(-1, 3, 32, 32), table[:, 0]


def _read_batch(path: Path) -> tuple[Bytes, Bytes]:
    found = read_pickle(path)
    images, labels = found.get(b"data"), found.get(b"labels")
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] != _PIXELS:
        raise refused("E424", path, f"an entry data of {_PIXELS} bytes per image")
    if not isinstance(labels, list) or not all(_is_byte(label) for label in labels):
        raise refused("E424", path, "an entry labels with a list of whole numbers below 256")
    return images.reshape(-1, 3, 32, 32), np.array(labels, np.uint8)


def _is_byte(label: Any) -> bool:
    return type(label) is int and 0 <= label <= 255

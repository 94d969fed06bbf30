"""Sets of images, written as their authors lay them out, small enough for tests."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
from scipy.io import savemat


def idx_bytes(values: np.ndarray) -> bytes:
    return bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def write_idx(folder: Path, images: int = 12, *, packed: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(images)
    folder.mkdir(parents=True)
    arrays = {}
    for stem in ("train", "t10k"):
        arrays[f"{stem}-images-idx3-ubyte"] = rng.integers(0, 256, (images, 28, 28), dtype=np.uint8)
        arrays[f"{stem}-labels-idx1-ubyte"] = rng.integers(0, 10, images, dtype=np.uint8)
    for name, values in arrays.items():
        data = idx_bytes(values)
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)
    return arrays


def write_cifar_binary(folder: Path, images: int = 3) -> np.ndarray:
    rng = np.random.default_rng(images)
    folder.mkdir(parents=True)
    table = rng.integers(0, 256, (6 * images, 3073), dtype=np.uint8)
    table[:, 0] %= 10
    for index, name in enumerate((*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")):
        (folder / f"{name}.bin").write_bytes(table[index * images : (index + 1) * images].tobytes())
    return table


def write_cifar_pickled(folder: Path, table: np.ndarray) -> None:
    folder.mkdir(parents=True)
    images = len(table) // 6
    for index, name in enumerate((*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")):
        part = table[index * images : (index + 1) * images]
        content = {b"data": np.ascontiguousarray(part[:, 1:]), b"labels": part[:, 0].tolist(), b"batch_label": b"x"}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def write_svhn(folder: Path, labels: tuple[int, ...] = (1, 10, 9, 2)) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3, len(labels)), dtype=np.uint8)
    for part in ("train", "test"):
        column = np.array(labels, np.uint8)[:, None]
        savemat(folder / f"{part}_32x32.mat", {"X": pixels, "y": column}, do_compression=True)
    return pixels

"""A file of HDF5 that holds everything itself: looked through before anything of it is believed.

HDF5 can have data lie in other files, of any name, and can promise any amount of it.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from typing import Any

from sal_hw.storage.reading import unpacked_limit

#: filters of the HDF5 library itself, and h5py's; any other would be loaded as a plugin
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}
#: groups within groups; graphs within graphs need three levels each
_DEEPEST = 60
#: bytes of texts that are looked at in one piece
_PIECE = 2**26


def check_sealed(file: Any, size: int, most_numbers: int) -> None:
    """Look through an open HDF5 file before its content is read.

    Parameters
    ----------
    file
        A ``h5py.File``.
    size
        Its size in bytes.
    most_numbers
        Numbers that it may hold.

    Raises
    ------
    ValueError
        If it reads anything outside of itself, has one object in two places, needs a plugin, holds other things than
        numbers and texts, or unpacks to far more than it is.
    """
    numbers = unpacked = 0
    for name, item in _datasets(file):
        _check_storage(name, item)
        numbers += item.size
        unpacked += item.size * item.dtype.itemsize
        if numbers > most_numbers:
            raise ValueError(f"it holds {numbers} numbers")
        if unpacked > unpacked_limit(size):
            raise ValueError(f"it unpacks to more than {unpacked_limit(size)} bytes")
        if item.dtype.kind == "O":
            unpacked += _text_bytes(item, size, unpacked_limit(size) - unpacked)


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield all datasets of a file that is a tree: every object in one place, with a name that is no link."""
    h5py: Any = importlib.import_module("h5py")
    seen: set[int] = set()
    waiting = [(file["/"], 0)]
    while waiting:
        group, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ValueError("groups are nested too deep")
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name!r:.60} is a link, which may lead out of the file")
            item = group[name]
            place = h5py.h5o.get_info(item.id).addr
            if place in seen:
                raise ValueError(f"{name!r:.60} is in two places")
            seen.add(place)
            if isinstance(item, h5py.Group):
                waiting.append((item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                yield name, item
            else:
                raise ValueError(f"{name!r:.60} is neither a group nor a dataset")


def _check_storage(name: str, item: Any) -> None:
    h5py: Any = importlib.import_module("h5py")
    if item.is_virtual or item.external:
        raise ValueError(f"the data of {name!r:.60} lies outside of the file")
    made = item.id.get_create_plist()
    if any(made.get_filter(number)[0] not in _FILTERS for number in range(made.get_nfilters())):
        raise ValueError(f"{name!r:.60} is packed in a way that needs a plugin")
    text = h5py.check_string_dtype(item.dtype) is not None
    if item.shape is None or not (item.dtype.kind in "biufcS" or text):
        raise ValueError(f"{name!r:.60} holds neither numbers nor texts")


def _text_bytes(item: Any, size: int, limit: int) -> int:
    """Return how many bytes texts of any length have in all, without having many of them at a time."""
    if not item.shape:
        return len(item[()])
    if item.size > size:
        raise ValueError(f"it names {item.size} texts, and has {size} bytes")
    row = math.prod(item.shape[1:])
    rows = max(1, _PIECE // max(1, size * row))
    if row * size > limit and row * size > _PIECE:
        raise ValueError(f"{row} texts in a row are too many")
    total = 0
    for start in range(0, item.shape[0], rows):
        total += sum(len(text) for text in item[start : start + rows].flat)
        if total > limit:
            raise ValueError("its texts are too long")
    return total

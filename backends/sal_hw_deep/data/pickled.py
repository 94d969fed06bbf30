"""A reader of pickles that runs nothing: arrays, bytes, texts, numbers, dicts and lists are all that comes out."""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.reading import BROKEN
from sal_hw_deep.data.files import read_bytes, refused


class _Inert:
    """Stands for numpy's array and type: keeps what they would be made of, and does nothing."""

    def __init__(self, *made_of: Any) -> None:
        self.made_of = made_of
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep what would be restored."""
        self.state = state


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Return the bytes that protocol 2 writes as a text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the codec {encoding!r}"[:60])
    return text.encode("latin1")


#: the only names that a pickle may mention, and what it gets for them
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Inert,
    ("numpy._core.multiarray", "_reconstruct"): _Inert,
    ("numpy", "ndarray"): _Inert,
    ("numpy", "dtype"): _Inert,
    ("_codecs", "encode"): _encoded,
}


class _PlainUnpickler(pickle.Unpickler):
    """Looks no name up."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for an allowed name."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to call {module}.{name}"[:120])
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:  # noqa: ARG002 - the base class has it
        """Refuse references to what lies elsewhere."""
        raise pickle.UnpicklingError("it refers to something outside of the file")


def read_pickle(path: Path) -> dict[bytes, Any]:
    """Return the dict of a pickle, with arrays where it holds arrays of bytes.

    Raises
    ------
    InputError
        E422 if it cannot be read, E423 if it is cut short, E424 if it holds anything but a dict of plain data, E427 if
        it wants to call something.
    """
    data = read_bytes(path)
    try:
        found = _PlainUnpickler(io.BytesIO(data), encoding="bytes").load()
        if not isinstance(found, dict):
            raise TypeError(f"it holds a {type(found).__name__}")
        return {key: _plain(value) for key, value in found.items()}
    except pickle.UnpicklingError as error:
        if "truncated" in str(error):
            raise refused("E423", path, f"a whole pickle: {error}", "get it again") from error
        words = f"a pickle of arrays, bytes, dicts and lists; {error}. Nothing of it was run"
        raise refused("E427", path, words, "use the binary version, cifar-10-batches-bin") from error
    except EOFError as error:
        raise refused("E423", path, "a whole pickle; it ends too early", "get it again") from error
    except (RecursionError, MemoryError, *BROKEN) as error:
        raise refused("E424", path, f"a pickle of a dict with images and labels: {error}"[:200]) from error


def _plain(value: Any) -> Any:
    return _array(value) if isinstance(value, _Inert) else value


def _array(stand_in: _Inert) -> NDArray[np.uint8]:
    """Build the array of bytes that a stand-in tells of."""
    _, shape, kind, fortran, raw = stand_in.state
    if not isinstance(kind, _Inert) or kind.made_of[0] not in ("u1", b"u1") or not isinstance(raw, bytes):
        raise ValueError("an array is not one of bytes")
    if math.prod(shape) != len(raw):
        raise ValueError(f"an array of shape {shape} has {len(raw)} bytes")
    return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran else "C")

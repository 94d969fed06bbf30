"""Plain data as JSON and arrays: how specifications, programs and results are written, read and hashed.

An object is a tree of frozen dataclasses, tuples, mappings, numbers and arrays. Arrays are kept apart from the JSON
document and named by their path, so that a document stays readable and arrays stay exact.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Array = NDArray[Any]

_ARRAY_KEY = "$array"


def encode(value: object) -> tuple[Any, dict[str, Array]]:
    """Return `value` as JSON data and its arrays by path.

    Raises
    ------
    TypeError
        If something in the tree is not plain data.
    ValueError
        If a number is not finite; JSON has no such number.
    """
    arrays: dict[str, Array] = {}
    return _encode(value, "", arrays), arrays


def _encode(value: object, path: str, arrays: dict[str, Array]) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {_ARRAY_KEY: path}
    if isinstance(value, (float, np.floating, np.integer)):
        return _encode_number(value, path)
    if is_dataclass(value) and not isinstance(value, type):
        items: Mapping[str, object] = {item.name: getattr(value, item.name) for item in fields(value)}
    elif isinstance(value, Mapping):
        items = value
    elif isinstance(value, (tuple, list)):
        return [_encode(item, f"{path}.{index}" if path else str(index), arrays) for index, item in enumerate(value)]
    else:
        raise TypeError(f"{path or 'value'}: {type(value).__name__} is not plain data")
    return {key: _encode(item, f"{path}.{key}" if path else str(key), arrays) for key, item in items.items()}


def _encode_number(value: float | np.floating[Any] | np.integer[Any], path: str) -> float | int:
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"{path or 'value'}: {number} cannot be written as JSON")
    return number


def decode(cls: type[T], document: object, arrays: Mapping[str, Array]) -> T:
    """Rebuild an object of the dataclass `cls` from :func:`encode`'s output.

    Raises
    ------
    pydantic.ValidationError
        If the data does not fit the class.
    KeyError
        If an array is missing.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(cls).validate_python(with_arrays(document, arrays), by_name=True, by_alias=False)


def with_arrays(document: Any, arrays: Mapping[str, Array]) -> Any:
    """Return a document of :func:`encode` with its arrays in their places."""
    if isinstance(document, dict):
        if _ARRAY_KEY in document:
            return arrays[document[_ARRAY_KEY]]
        return {key: with_arrays(item, arrays) for key, item in document.items()}
    if isinstance(document, list):
        return [with_arrays(item, arrays) for item in document]
    return document


def canonical_json(document: object) -> str:
    """Return JSON text that is the same for equal data: sorted keys, no spaces, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: object) -> str:
    """Return the sha256 of plain data: of its canonical JSON, and of each array's type, shape and bytes."""
    document, arrays = encode(value)
    hasher = hashlib.sha256(canonical_json(document).encode())
    for path in sorted(arrays):
        array = np.ascontiguousarray(arrays[path])
        hasher.update(f"\0{path}\0{array.dtype.str}\0{array.shape}\0".encode())
        hasher.update(array.tobytes())
    return hasher.hexdigest()


def frozen(array: Array) -> Array:
    """Return a contiguous read-only copy, so that plain data stays as it was hashed."""
    copy = np.array(array, order="C", copy=True)
    copy.setflags(write=False)
    return copy

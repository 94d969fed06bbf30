"""Specifications as JSON data for manifests, and back.

Small arrays stand in the document as nested lists; of larger ones, the document holds checksum, shape and
type, and the arrays are handed over separately.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from sal_hw.codec import Array, decode, digest, encode
from sal_hw.errors import IntegrityError, Problem, quote_value

__all__ = ["array_digest", "digest", "from_document", "to_document"]

T = TypeVar("T")

#: numbers up to which an array stands in the document
MAX_LISTED = 64

_CODEC_KEY = "$array"
_REFERENCE_KEYS = {"sha256", "shape", "dtype"}


def array_digest(array: Array) -> str:
    """Return the sha256 of an array's type, shape and numbers."""
    contiguous = np.ascontiguousarray(array)
    head = f"{contiguous.dtype.str}\0{array.shape}\0".encode()
    return hashlib.sha256(head + contiguous.tobytes()).hexdigest()


def to_document(spec: object) -> tuple[Any, dict[str, Array]]:
    """Return a specification as JSON data.

    Returns
    -------
    document
        Plain data; equal specifications give equal documents.
    arrays
        The arrays that the document only refers to, by their sha256.

    Raises
    ------
    TypeError
        If something in the tree is not plain data.
    ValueError
        If a number is not finite.
    """
    document, by_path = encode(spec)
    arrays: dict[str, Array] = {}
    return _refer(document, by_path, arrays), arrays


def _refer(document: Any, by_path: Mapping[str, Array], arrays: dict[str, Array]) -> Any:
    if isinstance(document, list):
        return [_refer(item, by_path, arrays) for item in document]
    if not isinstance(document, dict):
        return document
    if _CODEC_KEY not in document:
        return {key: _refer(item, by_path, arrays) for key, item in document.items()}
    array = by_path[document[_CODEC_KEY]]
    if not np.isfinite(array).all():
        raise ValueError(f"{document[_CODEC_KEY]}: a number that is not finite cannot be written")
    if 0 < array.size <= MAX_LISTED and array.dtype == np.float64:
        return array.tolist()
    key = array_digest(array)
    arrays[key] = array
    return {"sha256": key, "shape": list(array.shape), "dtype": array.dtype.str}


def from_document(cls: type[T], document: object, arrays: Mapping[str, Array]) -> T:
    """Rebuild an object of the class `cls` from :func:`to_document`'s output.

    Raises
    ------
    IntegrityError
        If an array is missing, or if it is not the one the document was written with (E504).
    pydantic.ValidationError
        If the data does not fit the class.
    """
    return decode(cls, _insert(document, arrays), {})


def _insert(document: object, arrays: Mapping[str, Array]) -> object:
    if isinstance(document, list):
        return [_insert(item, arrays) for item in document]
    if not isinstance(document, dict):
        return document
    if set(document) != _REFERENCE_KEYS:
        return {key: _insert(item, arrays) for key, item in document.items()}
    key = document["sha256"]
    array = arrays.get(key)
    if array is None or array_digest(array) != key:
        allowed = "the array that the document was written with"
        allowed += "; it is missing" if array is None else "; its numbers differ"
        raise IntegrityError(Problem(code="E504", field="", allowed=allowed, value=quote_value(str(key))))
    return array

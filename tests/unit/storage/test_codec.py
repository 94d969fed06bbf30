"""Plain data survives the way through JSON and arrays, and its digest tells every difference."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from sal_hw.storage.codec import canonical_json, decode, digest, encode, frozen
from sal_hw.storage.document import document


@document
class Part:
    """A number and an array."""

    delay_ms: float
    weights: NDArray[np.float64]


@document
class Whole:
    """Parts and names."""

    name: str
    parts: tuple[Part, ...]
    seeds: dict[str, int]


WHOLE = Whole(
    name="pair",
    parts=(Part(delay_ms=0.1, weights=np.array([1.0, -2.0])), Part(delay_ms=2.0, weights=np.zeros((0, 3)))),
    seeds={"b": 2, "a": 1},
)


def test_a_tree_is_encoded_with_its_arrays_by_path() -> None:
    written, arrays = encode(WHOLE)
    assert written == {
        "name": "pair",
        "parts": [
            {"delay_ms": 0.1, "weights": {"$array": "parts.0.weights"}},
            {"delay_ms": 2.0, "weights": {"$array": "parts.1.weights"}},
        ],
        "seeds": {"b": 2, "a": 1},
    }
    assert arrays["parts.0.weights"] is WHOLE.parts[0].weights


def test_what_was_encoded_is_decoded() -> None:
    written, arrays = encode(WHOLE)
    found = decode(Whole, json.loads(json.dumps(written)), arrays)
    assert (found.name, found.seeds, found.parts[0].delay_ms) == ("pair", {"a": 1, "b": 2}, 0.1)
    np.testing.assert_array_equal(found.parts[1].weights, np.zeros((0, 3)), strict=True)
    assert digest(found) == digest(WHOLE)


def test_a_missing_array_and_a_wrong_document_are_refused() -> None:
    written, arrays = encode(WHOLE)
    with pytest.raises(KeyError, match=r"parts\.1\.weights"):
        decode(Whole, written, {"parts.0.weights": arrays["parts.0.weights"]})
    with pytest.raises(ValidationError, match="extra"):
        decode(Whole, written | {"extra": 1}, arrays)


@pytest.mark.parametrize("number", [np.float64(0.1), np.float32(0.5), np.int32(3)])
def test_numpy_numbers_are_python_numbers(number: np.generic) -> None:
    written, _ = encode({"number": number})
    assert type(written["number"]) in (int, float)
    assert written["number"] == number.item()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float64("-inf")])
def test_numbers_that_json_does_not_have_are_refused_by_their_path(number: float) -> None:
    with pytest.raises(ValueError, match=r"parts\.1\.x: "):
        encode({"parts": [{"x": 0.0}, {"x": number}]})


def test_what_is_no_plain_data_is_refused_by_its_path() -> None:
    with pytest.raises(TypeError, match=r"parts\.0: set is not plain data"):
        encode({"parts": [{1, 2}]})


def test_equal_data_has_one_text() -> None:
    text = canonical_json({"b": [1, 2.5], "a": "µ"})
    assert text == r'{"a":"\u00b5","b":[1,2.5]}'
    assert canonical_json({"a": "µ", "b": [1, 2.5]}) == text
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


def test_a_digest_depends_on_values_types_shapes_and_places() -> None:
    array = np.arange(6, dtype=np.float64)
    values = [
        {"a": array},
        {"b": array},
        {"a": array + 1.0},
        {"a": array.astype(np.float32)},
        {"a": array.reshape(2, 3)},
        {"a": array, "b": 1},
        {"a": list(range(6))},
    ]
    assert len({digest(value) for value in values}) == len(values)
    # how an array lies in memory is none of it
    assert digest({"a": np.asfortranarray(array.reshape(2, 3))}) == digest({"a": array.reshape(2, 3)})


def test_frozen_copies_cannot_be_changed() -> None:
    array = np.zeros((2, 3)).T
    copy = frozen(array)
    array[:] = 1.0
    assert copy.flags.c_contiguous
    assert not copy.any()
    with pytest.raises(ValueError, match="read-only"):
        copy[0, 0] = 1.0

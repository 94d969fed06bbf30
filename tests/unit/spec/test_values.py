"""Where numbers come from: which source a value stands for, and what is no source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sal_hw.spec.values import Beta, Constant, FromFile, Normal, Table, TableSource, Uniform, ValueSource

SOURCE: TypeAdapter[Any] = TypeAdapter(ValueSource)
TABLE: TypeAdapter[Any] = TypeAdapter(TableSource)


@pytest.mark.parametrize(
    ("raw", "kind", "unit"),
    [
        (3, Constant, "1"),
        (0.5, Constant, "1"),
        ("0.5 mV", Constant, "mV"),
        ("2 uV", Constant, "mV"),
        ({"value": 0.5, "unit": "mV"}, Constant, "mV"),
        ([1, 2.5], Table, "1"),
        ([[1, 2], [3, 4]], Table, "1"),
        ({"values": [1, 2], "unit": "mV"}, Table, "mV"),
        (np.zeros((2, 3)), Table, "1"),
        ({"file": "w.npy"}, FromFile, "1"),
        ({"file": "w.npz", "key": "w", "unit": "mV"}, FromFile, "mV"),
        ({"distribution": "normal"}, Normal, "1"),
        ({"distribution": "uniform", "low": 0, "high": 1}, Uniform, "1"),
        ({"distribution": "beta", "alpha": 1, "beta": 2, "unit": "mV"}, Beta, "mV"),
        (Normal(std=2.0), Normal, "1"),
    ],
)
def test_a_value_stands_for_one_source(raw: object, kind: type, unit: str) -> None:
    found = SOURCE.validate_python(raw)
    assert type(found) is kind
    assert found.unit == unit


def test_numbers_with_a_unit_are_converted() -> None:
    assert SOURCE.validate_python("2 uV").value == 0.002
    assert SOURCE.validate_python("-3 mV").value == -3.0


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("0.5", "unit_missing"),
        ("0.5 ms", "unit_dimension"),
        ("much", "unit_syntax"),
        ({"distribution": "gauss"}, "choose_distribution"),
        ({"std": 1.0}, "choose_distribution"),
        ({"distribution": "normal", "alpha": 1.0}, "unexpected_keyword_argument"),
        ([[1, 2], [3]], "table"),
        (["1", "2"], "table"),
        ([True, False], "table"),
        ([[[1.0]]], "table"),
        ([1.0, float("nan")], "table_finite"),
        (np.array(["1"]), "table"),
        ({"distribution": "normal", "std": -1.0}, "greater_than_equal"),
        (float("inf"), "finite_number"),
    ],
)
def test_what_is_no_source_is_refused(raw: object, error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SOURCE.validate_python(raw)
    assert error in {item["type"] for item in caught.value.errors()}


def test_tables_are_copies_that_cannot_be_changed() -> None:
    given = np.arange(4, dtype=np.int32)
    table = SOURCE.validate_python(given)
    given[0] = 9
    assert table.values.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert table.values.dtype == np.float64
    assert not table.values.flags.writeable


def test_given_numbers_cannot_be_generated() -> None:
    assert type(TABLE.validate_python([[1.0, 0]])) is Table
    assert type(TABLE.validate_python({"file": "spikes.npy"})) is FromFile
    for raw in (3.0, {"distribution": "normal"}):
        with pytest.raises(ValidationError):
            TABLE.validate_python(raw)

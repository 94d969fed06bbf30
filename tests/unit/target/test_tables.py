"""Every kind of table has an ideal number within its range, and its unit in its name."""

from __future__ import annotations

import pytest

from sal_hw.target.tables import TABLES, TableKind


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES)
def test_the_ideal_number_is_legal(kind: TableKind) -> None:
    # the slope of an activation function and its rows have no ideal number
    if kind.name != "activation_slope_lsb":
        assert kind.lowest <= kind.nominal <= kind.highest
    assert kind.meaning


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES)
def test_the_unit_is_part_of_the_name(kind: TableKind) -> None:
    assert kind.name.endswith("_lsb") == (kind.unit == "LSB")
    if kind.name.endswith("_ratio"):
        assert (kind.unit, kind.nominal) == ("1", 1)

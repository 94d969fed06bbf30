"""A snapshot's digest tells every difference that its version knows of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.target.snapshot import CalibrationSnapshot, Curve, ParameterTable

TABLE = ParameterTable(
    name="tau_mem_ratio", site="neuron", unit="1", measured=np.array([1.0, 1.1]), ok=np.array([True, False])
)
SNAPSHOT = CalibrationSnapshot(
    chip_id="synthetic-7", target="made-up", taken_at="2026-01-01T00:00:00Z", origin="drawn", tables=(TABLE,)
)
CURVE = Curve(
    name="activation",
    x_name="leak",
    x_unit="LSB",
    y_name="activity",
    y_unit="1",
    x=np.array([0.0, 1.0]),
    y=np.zeros((2, 1)),
    instances=np.array([3]),
)


def test_tables_are_found_by_their_name() -> None:
    assert SNAPSHOT.table("tau_mem_ratio") is TABLE
    assert SNAPSHOT.table("usable") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"chip_id": "synthetic-8"},
        {"taken_at": "2026-01-01T00:00:01Z"},
        {"parent": "0" * 64},
        {"tables": (replace(TABLE, ok=np.array([True, True])),)},
        {"tables": (replace(TABLE, measured=np.array([1.0, 1.1000000000000003])),)},
        {"tables": (replace(TABLE, sigma=np.array([0.1, 0.1])),)},
    ],
    ids=min,
)
def test_equal_snapshots_have_one_digest_and_others_another(changed: dict[str, object]) -> None:
    for version in (1, 2):
        one = replace(SNAPSHOT, schema_version=version)
        assert one.hash == replace(one).hash
        assert one.hash != replace(one, **changed).hash  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "later",
    [
        {"conditions": (("temperature", "20 C"),)},
        {"curves": (CURVE,)},
        {"finished_at": "2026-01-02T00:00:00Z"},
        {"tables": (replace(TABLE, after=np.zeros(2)),)},
    ],
    ids=min,
)
def test_what_version_1_does_not_know_is_not_in_its_digest(later: dict[str, object]) -> None:
    first = replace(SNAPSHOT, schema_version=1)
    assert first.hash == replace(first, **later).hash  # type: ignore[arg-type]
    assert SNAPSHOT.hash != replace(SNAPSHOT, **later).hash  # type: ignore[arg-type]

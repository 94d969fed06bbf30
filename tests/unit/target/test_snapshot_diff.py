"""Comparing snapshots: injected drift is found, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.errors import CalibrationError
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.snapshot_diff import compare_snapshots
from sal_hw_brainscales2.emulation.model import draw_chip


def _measured(truth: CalibrationSnapshot, seed: int, sigma: float = 0.02) -> CalibrationSnapshot:
    """Return the truth with independent errors of known size."""
    rng = np.random.default_rng(seed)

    def measured(table: ParameterTable) -> ParameterTable:
        if table.name == "usable":
            return table
        noise = sigma * rng.standard_normal(table.measured.shape)
        values = np.maximum(table.measured + noise, 0.05 if table.unit == "1" else -250.0)
        return replace(table, measured=values, sigma=np.full(table.measured.shape, sigma))

    return replace(truth, tables=tuple(measured(table) for table in truth.tables))


@pytest.fixture(scope="module")
def truth() -> CalibrationSnapshot:
    return draw_chip(3, columns=16, rows=12)


def test_two_measurements_of_the_same_chip_show_no_drift(truth: CalibrationSnapshot) -> None:
    changes = compare_snapshots(_measured(truth, 1), _measured(truth, 2))
    assert not any(change.drifted for change in changes)
    tau = next(change for change in changes if change.name == "tau_mem_ratio")
    # two independent errors of 0.02 add to 0.028; known from 32 numbers to 13 %
    assert tau.rms == pytest.approx(0.02 * np.sqrt(2.0), rel=0.4)
    assert tau.explained == pytest.approx(0.02 * np.sqrt(2.0))


def test_only_what_drifted_is_called_drifted(truth: CalibrationSnapshot) -> None:
    rng = np.random.default_rng(5)
    moved = tuple(
        replace(table, measured=table.measured + 1.0 * rng.standard_normal(table.measured.shape))
        if table.name == "v_threshold_offset_lsb"
        else table
        for table in truth.tables
    )
    changes = compare_snapshots(_measured(truth, 1), _measured(replace(truth, tables=moved), 2))
    assert [change.name for change in changes if change.drifted] == ["v_threshold_offset_lsb"]


def test_single_instances_that_moved_are_counted(truth: CalibrationSnapshot) -> None:
    def moved(table: ParameterTable) -> ParameterTable:
        values = table.measured.copy()
        values[:3] += 0.5
        return replace(table, measured=values) if table.name == "v_leak_offset_lsb" else table

    later = _measured(replace(truth, tables=tuple(moved(table) for table in truth.tables)), 2)
    changes = {change.name: change for change in compare_snapshots(_measured(truth, 1), later)}
    # 0.5 are 18 standard errors of 0.028; of 32 and 384 normal numbers none is beyond 5
    assert changes["v_leak_offset_lsb"].far == 3
    assert not changes["v_leak_offset_lsb"].drifted
    assert [name for name, change in changes.items() if change.far] == ["v_leak_offset_lsb"]
    assert changes["usable"].far is None


def test_without_errors_any_change_counts(truth: CalibrationSnapshot) -> None:
    later = tuple(
        replace(table, measured=table.measured + np.float64(1e-3)) if table.name == "v_leak_offset_lsb" else table
        for table in truth.tables
    )
    changes = {change.name: change for change in compare_snapshots(truth, replace(truth, tables=later))}
    assert changes["v_leak_offset_lsb"].drifted
    assert changes["v_leak_offset_lsb"].explained is None
    assert changes["v_leak_offset_lsb"].mean == pytest.approx(1e-3)
    assert not changes["v_reset_offset_lsb"].drifted


def test_masks_are_compared(truth: CalibrationSnapshot) -> None:
    def masked(table: ParameterTable) -> ParameterTable:
        ok = table.ok.copy()
        ok[:3] = False
        return replace(table, ok=ok) if table.name == "tau_mem_ratio" else table

    later = replace(truth, tables=tuple(masked(table) for table in truth.tables))
    found = {change.name: change for change in compare_snapshots(truth, later)}["tau_mem_ratio"]
    assert (found.newly_masked, found.newly_good, found.compared) == (3, 0, 29)
    back = {change.name: change for change in compare_snapshots(later, truth)}["tau_mem_ratio"]
    assert (back.newly_masked, back.newly_good) == (0, 3)


def test_two_chips_are_not_compared(truth: CalibrationSnapshot) -> None:
    with pytest.raises(CalibrationError) as caught:
        compare_snapshots(truth, draw_chip(4, columns=16, rows=12))
    assert (caught.value.code, caught.value.exit_code) == ("E709", 3)
    assert "synthetic-3" in caught.value.problems[0].allowed

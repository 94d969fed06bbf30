"""The quality gate and the age of a snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from sal_hw.errors import CalibrationError
from sal_hw.target.quality import age_problem, check_quality, yields
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.model import draw_chip


@pytest.fixture
def snapshot() -> CalibrationSnapshot:
    """Sixteen circuits: of the membrane time constants 4 were not measured and 3 failed."""
    chip = draw_chip(1, columns=8, rows=4)
    why = np.zeros(16, dtype=np.uint8)
    why[:4], why[4:7] = 1, 2
    tables = tuple(
        replace(table, ok=why == 0, why=why, reasons=("ok", "not measured", "the fit failed"))
        if table.name == "tau_mem_ratio"
        else table
        for table in chip.tables
    )
    return replace(chip, tables=tables, taken_at="2026-01-31T12:00:00Z")


def test_the_yield_is_of_what_was_to_be_measured(snapshot: CalibrationSnapshot) -> None:
    assert yields(snapshot)["tau_mem_ratio"] == pytest.approx(9 / 12)
    assert yields(snapshot)["v_leak_offset_lsb"] == 1.0


def test_below_the_yield_it_is_refused_with_numbers_and_reasons(snapshot: CalibrationSnapshot) -> None:
    check_quality(snapshot, min_yield=0.75)
    with pytest.raises(CalibrationError) as caught:
        check_quality(snapshot, min_yield=0.9)
    assert (caught.value.code, caught.value.exit_code) == ("E707", 3)
    (problem,) = caught.value.problems
    assert problem.field == "tables.tau_mem_ratio"
    assert problem.value == "9 of 12 good (75.0%)"
    assert "3 the fit failed" in problem.allowed
    check_quality(snapshot, min_yield=0.9, min_yields={"tau_mem_ratio": 0.7})


@pytest.mark.parametrize(("hours", "refused"), [(24.0, True), (72.0, False)])
def test_age(snapshot: CalibrationSnapshot, hours: float, refused: bool) -> None:
    now = datetime(2026, 2, 2, 12, tzinfo=timezone.utc)
    problem = age_problem(snapshot, now=now, max_age_hours=hours)
    assert (problem is not None) == refused
    if problem is not None:
        assert problem.code == "E708"
        assert "48 hours ago" in (problem.value or "")


def test_a_share_for_a_table_that_does_not_exist_is_not_ignored(snapshot: CalibrationSnapshot) -> None:
    with pytest.raises(KeyError, match="tau_men_ratio"):
        check_quality(snapshot, min_yield=0.5, min_yields={"tau_men_ratio": 1.0})

"""Details of a snapshot that do not hold are refused: curves, residuals, reasons and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import CalibrationError
from sal_hw.target.snapshot import CalibrationSnapshot, Curve
from sal_hw.target.snapshot_checks import check_tables
from sal_hw_brainscales2.emulation.model import draw_chip

#: two hemispheres of eight columns
NEURONS = 16

CURVE = Curve(
    name="activation",
    x_name="bias",
    x_unit="log-odds",
    y_name="activity",
    y_unit="1",
    x=np.linspace(-1.0, 1.0, 5),
    y=np.zeros((5, 2)),
    fitted=np.zeros((5, 2)),
    instances=np.array([0, NEURONS - 1]),
)


@pytest.fixture(scope="module")
def chip() -> CalibrationSnapshot:
    return draw_chip(7, columns=8, rows=4)


def _curve(**changes: Any) -> Callable[[CalibrationSnapshot], CalibrationSnapshot]:
    return lambda chip: replace(chip, curves=(replace(CURVE, **changes),))


def _table(**changes: Any) -> Callable[[CalibrationSnapshot], CalibrationSnapshot]:
    def change(chip: CalibrationSnapshot) -> CalibrationSnapshot:
        tables = (replace(table, **changes) if table.name == "tau_mem_ratio" else table for table in chip.tables)
        return replace(chip, tables=tuple(tables))

    return change


def test_what_holds_is_taken(chip: CalibrationSnapshot) -> None:
    check_tables(_curve()(chip))
    check_tables(_curve(fitted=None)(chip))
    check_tables(_table(why=np.zeros(NEURONS, np.uint8), reasons=("ok", "the fit failed"))(chip))
    check_tables(replace(chip, conditions=(("instrument", "emulated chip"),), software=(("numpy", "2.0"),)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_curve(x=np.zeros(4)), "curves.activation.y"),
        (_curve(x=np.zeros((5, 1))), "curves.activation.x"),
        (_curve(x=np.full(5, np.inf)), "curves.activation.x"),
        (_curve(y=np.full((5, 2), np.nan)), "curves.activation.y"),
        (_curve(y=np.full((5, 2), "1")), "curves.activation.y"),
        (_curve(fitted=np.zeros((5, 3))), "curves.activation.fitted"),
        (_curve(instances=np.array([0, NEURONS])), "curves.activation.instances"),
        (_curve(instances=np.array([-1, 0])), "curves.activation.instances"),
        (_curve(instances=np.zeros((1, 2), np.int64)), "curves.activation.instances"),
        (_curve(y_unit=""), "curves"),
        (_curve(name="\x1b[2J"), "curves"),
        (lambda chip: replace(chip, curves=(CURVE, CURVE)), "curves.activation"),
        (_table(residual=np.full(NEURONS, "1")), "tables.tau_mem_ratio.residual"),
        (_table(residual=np.full(NEURONS, np.nan)), "tables.tau_mem_ratio.residual"),
        (_table(after=np.zeros(3)), "tables.tau_mem_ratio.after"),
        (_table(why=np.zeros(NEURONS, np.uint8), reasons=("fine",)), "tables.tau_mem_ratio.reasons"),
        (_table(why=np.zeros(NEURONS, np.uint8), reasons=("ok", "\x1b[2J")), "tables.tau_mem_ratio.reasons"),
        (_table(why=np.full(NEURONS, 2, np.uint8), reasons=("ok", "a")), "tables.tau_mem_ratio.why"),
        (_table(why=np.zeros(NEURONS, np.int64), reasons=("ok",)), "tables.tau_mem_ratio.why"),
        (_table(why=np.ones(NEURONS, np.uint8), reasons=("ok", "a")), "tables.tau_mem_ratio.why"),
        (lambda chip: replace(chip, conditions=(("seed", "1\n2"),)), "conditions"),
        (lambda chip: replace(chip, software=(("nu\x00mpy", "2.0"),)), "software"),
        (lambda chip: replace(chip, finished_at="yesterday"), "finished_at"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_name(
    chip: CalibrationSnapshot, change: Callable[[CalibrationSnapshot], CalibrationSnapshot], field: str
) -> None:
    with pytest.raises(CalibrationError) as caught:
        check_tables(change(chip))
    assert (caught.value.code, caught.value.exit_code) == ("E703", 3)
    assert field in [problem.field for problem in caught.value.problems]

"""The examples of docs/calibration.md and docs/snapshot.md run with numpy and json alone; the format is told whole."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.target.snapshot import CalibrationSnapshot, Curve, ParameterTable
from sal_hw.target.snapshot_io import write_snapshot
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_calibration.measured import Measured, table_of

PAGES = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("calibration.md", ["synthetic-7 1970-01-01T00:00:00Z", "'the fit failed': 1"]),
        ("snapshot.md", ["balance_ratio [1]: 1 .. 1, 1 of 24 not ok", "    the fit failed: [[0, 0, 0]] ..."]),
    ],
)
def test_the_documented_way_to_read_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str, told: list[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(), re.S)
    assert not re.search(r"sal_hw", code)
    chip = draw_chip(7, columns=4, rows=3)
    value = np.ones((2, 3, 4))
    value[0, 0, 0] = np.nan
    where = np.nonzero(np.ones(value.shape, dtype=np.bool_))
    balance = table_of(
        "balance_ratio", Measured(value=value.ravel(), sigma=np.zeros(24)), where, value.shape, source="a test"
    )
    tables = tuple(balance if table.name == "balance_ratio" else table for table in chip.tables)
    write_snapshot(tmp_path / "chip7.snapshot", replace(chip, tables=tables))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {})  # noqa: S102 - our own text
    out = capsys.readouterr().out
    for words in told:
        assert words in out


def test_every_field_and_table_of_the_format_is_told() -> None:
    text = (PAGES / "snapshot.md").read_text()
    for owner in (CalibrationSnapshot, ParameterTable, Curve):
        missing = [field.name for field in fields(owner) if not re.search(rf"`(\w+\.)*{field.name}`", text)]
        assert not missing, owner.__name__
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (\S+) \| (\S+) \.\. (\S+) \|", text, re.M)
    told = {name: (site, unit, *map(float, numbers)) for name, site, unit, *numbers in rows}
    assert told == {
        kind.name: (kind.site, kind.unit, kind.nominal, kind.lowest, kind.highest) for kind in TABLES.values()
    }

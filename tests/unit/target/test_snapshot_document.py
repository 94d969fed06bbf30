"""The example of docs/calibration.md runs with numpy and json alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.target.snapshot_io import write_snapshot
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_emulator.chip_model import draw_chip

PAGE = Path(__file__).parents[3] / "docs" / "calibration.md"


def test_the_documented_way_to_read_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
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
    assert "synthetic-7 1970-01-01T00:00:00Z" in out
    assert "'the fit failed': 1" in out

"""Snapshots of older versions keep opening, and new details survive the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import CalibrationError
from sal_hw.target.snapshot import CalibrationSnapshot, Curve
from sal_hw.target.snapshot_io import read_snapshot, write_snapshot
from sal_hw_brainscales2.emulation.model import draw_chip

GOLDEN = Path(__file__).parents[2] / "golden" / "snapshot_v1"

#: digest of the snapshot when version 1 was the present one
FIRST_HASH = "fb74f05caf8815b9282eddb54fd3e37e27734644e344092f1c64b88ddb72aae1"


def test_a_snapshot_of_version_1_opens_with_its_hash(tmp_path: Path) -> None:
    snapshot = read_snapshot(GOLDEN)
    assert snapshot.schema_version == 1
    assert snapshot.hash == FIRST_HASH
    tau = snapshot.table("tau_mem_ratio")
    assert tau is not None
    np.testing.assert_array_equal(tau.measured, _drawn().table("tau_mem_ratio").measured)
    write_snapshot(tmp_path / "again", snapshot)
    assert read_snapshot(tmp_path / "again").schema_version == 2


def _drawn() -> CalibrationSnapshot:
    return draw_chip(7, hemispheres=2, columns=4, rows=3)


def _detailed() -> CalibrationSnapshot:
    chip = _drawn()
    why = np.zeros(8, dtype=np.uint8)
    why[2] = 1
    tables = tuple(
        replace(
            table,
            ok=why == 0,
            sigma=np.full(8, 0.1),
            residual=np.full(8, 0.2),
            after=np.ones(8),
            why=why,
            reasons=("ok", "it is broken"),
        )
        if table.name == "tau_mem_ratio"
        else table
        for table in chip.tables
    )
    curve = Curve(
        name="activation",
        x_name="bias",
        x_unit="log-odds",
        y_name="activity",
        y_unit="1",
        x=np.linspace(-1.0, 1.0, 3),
        y=np.zeros((3, 2)),
        instances=np.array([1, 5]),
    )
    return replace(
        chip,
        tables=tables,
        curves=(curve,),
        finished_at="2026-01-31T12:00:00Z",
        conditions=(("seed", "1"),),
        software=(("numpy", "2.0"),),
    )


def test_details_survive_the_disk(tmp_path: Path) -> None:
    written = _detailed()
    write_snapshot(tmp_path / "chip", written)
    found = read_snapshot(tmp_path / "chip")
    assert found.hash == written.hash
    assert found.conditions == (("seed", "1"),)
    assert found.finished_at == "2026-01-31T12:00:00Z"
    tau = found.table("tau_mem_ratio")
    assert tau is not None
    assert tau.reasons == ("ok", "it is broken")
    assert tau.why is not None
    assert tau.why.tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    (curve,) = found.curves
    assert curve.fitted is None
    assert curve.instances.tolist() == [1, 5]


@pytest.mark.parametrize("detail", ["sigma", "residual", "after", "why", "reasons", "curves", "conditions", "software"])
def test_every_detail_is_part_of_the_hash(detail: str) -> None:
    written = _detailed()
    tau = written.table("tau_mem_ratio")
    assert tau is not None
    if detail in ("curves", "conditions", "software"):
        other = replace(written, **{detail: ()})
    else:
        changed = replace(tau, **{detail: () if detail == "reasons" else None})
        other = replace(written, tables=tuple(changed if table is tau else table for table in written.tables))
    assert other.hash != written.hash


def test_reasons_must_hold(tmp_path: Path) -> None:
    written = _detailed()
    tau = written.table("tau_mem_ratio")
    assert tau is not None
    wrong = replace(tau, ok=np.ones(8, dtype=np.bool_))
    tables = tuple(wrong if table is tau else table for table in written.tables)
    with pytest.raises(CalibrationError) as caught:
        write_snapshot(tmp_path / "chip", replace(written, tables=tables))
    assert caught.value.problems[0].field == "tables.tau_mem_ratio.why"


def test_any_single_flipped_bit_is_refused(tmp_path: Path) -> None:
    """Every 29th bit (of the arrays every 397th), so that all parts of all files are met."""
    from sal_hw.errors import SalHwError

    folder = tmp_path / "chip"
    write_snapshot(folder, _detailed())
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for bit in range(0, 8 * len(data), 397 if path.suffix == ".npz" else 29):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << (bit % 8)
            path.write_bytes(bytes(flipped))
            with pytest.raises(SalHwError):
                read_snapshot(folder)
        path.write_bytes(data)

"""The report of a snapshot: one page that stands alone, says what is wrong, and is the same for the same snapshot."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from sal_hw.plots import snapshot_figures as figures
from sal_hw.report.snapshot import report_snapshot
from sal_hw.target.description import CircuitGrid
from sal_hw.target.snapshot import CalibrationSnapshot, Curve, ParameterTable
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.target import brainscales2_target

TARGET = brainscales2_target.description
GRID = CircuitGrid(block="hemisphere", blocks=2, rows=256, columns=256)
STAGES = ("membranes", "windows")
NEURONS, FAILED = 512, 40

#: few tables, so that pages are quickly made
SHOWN = ("v_leak_offset_lsb", "tau_mem_ratio", "usable", "amplitude_causal_ratio", "amplitude_anticausal_ratio")
SHOWN += ("tau_causal_ratio", "tau_anticausal_ratio")


def _measured(table: ParameterTable) -> ParameterTable:
    """Let 40 fits of a time constant fail, and the others leave a tenth of the deviation."""
    if table.name != "tau_mem_ratio":
        return table
    why = np.zeros(NEURONS, dtype=np.uint8)
    why[3 : 3 + FAILED] = 1
    after = 1.0 + 0.1 * (table.measured - 1.0)
    return replace(table, ok=why == 0, why=why, reasons=("ok", "the fit <failed>"), after=after)


@pytest.fixture(scope="module")
def snapshot() -> CalibrationSnapshot:
    chip = draw_chip(7, rows=4)
    x = np.linspace(-2.0, 2.0, 9)
    curve = Curve(
        name="activation",
        x_name="bias",
        x_unit="log-odds",
        y_name="activity",
        y_unit="1",
        x=x,
        y=np.stack([1.0 / (1.0 + np.exp(-x)), 1.0 / (1.0 + np.exp(-2.0 * x))], axis=1),
        fitted=np.stack([1.0 / (1.0 + np.exp(-x))] * 2, axis=1),
        instances=np.array([3, 300]),
    )
    return replace(
        chip,
        origin="measured",
        tables=tuple(_measured(table) for table in chip.tables if table.name in SHOWN),
        curves=(curve,),
        conditions=(("neurons", "all"), ("seed", "5"), ("stages", "membranes windows")),
        software=(("numpy", "<2.0>"),),
    )


@pytest.fixture(scope="module")
def page(snapshot: CalibrationSnapshot) -> str:
    return report_snapshot(snapshot, TARGET, min_yield=0.95, all_stages=STAGES)


def test_the_page_stands_alone_and_is_small(page: str) -> None:
    assert len(page.encode()) < 3e6
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == page.count("<img") == 5
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    # nothing is fetched
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_the_verdict_comes_first_with_its_numbers(page: str, snapshot: CalibrationSnapshot) -> None:
    # 472 of 512 are 92.2 %, below 95 %
    assert page.index("below quality") < page.index("<h2>")
    assert "smallest yield 92.19% (tau_mem_ratio)" in page
    assert "472 of 512" in page
    below = replace(snapshot, tables=tuple(t for t in snapshot.tables if t.name == "tau_mem_ratio"), curves=())
    assert 'class="verdict good">good<' in report_snapshot(below, TARGET, min_yield=0.9)


def test_a_snapshot_of_nothing_is_not_called_good(snapshot: CalibrationSnapshot) -> None:
    empty = report_snapshot(replace(snapshot, tables=(), curves=()), TARGET, min_yield=0.9)
    assert 'class="verdict bad">nothing was measured<' in empty


def test_masked_instances_are_listed_with_their_reason_and_text_is_escaped(page: str) -> None:
    row = re.search(r"<tr><td>tau_mem_ratio</td><td>([^<]*)</td><td[^>]*>(\d+)</td><td>([^<]*)</td>", page)
    assert row is not None
    assert row.groups() == ("the fit &lt;failed&gt;", "40", "3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; and 28 more")
    assert "&lt;2.0&gt;" in page


def test_equal_snapshots_give_equal_pages(page: str, snapshot: CalibrationSnapshot) -> None:
    assert report_snapshot(snapshot, TARGET, min_yield=0.95, all_stages=STAGES) == page


_BEGIN = "sal-hw calibrate --target brainscales2 --synthetic 7 --seed 5"


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({}, f"{_BEGIN} -o SNAPSHOT"),
        ({"stages": "membranes"}, f"{_BEGIN} --stage membranes -o SNAPSHOT"),
        ({"neurons": "0-3,9"}, f"{_BEGIN} --only-neurons 0-3,9 -o SNAPSHOT"),
        ({"--spread": "a=1 --spread b=2"}, f"{_BEGIN} --spread a=1 --spread b=2 -o SNAPSHOT"),
        ({"given": "f" * 64}, f"{_BEGIN} --given GIVEN -o SNAPSHOT"),
        ({"given": "none"}, f"{_BEGIN} -o SNAPSHOT"),
        ({"parent": "f" * 64}, f"{_BEGIN} --parent PARENT -o SNAPSHOT"),
    ],
)
def test_the_command_repeats_what_was_done(
    snapshot: CalibrationSnapshot, changes: dict[str, str], command: str
) -> None:
    conditions = dict(snapshot.conditions) | {name: text for name, text in changes.items() if name != "parent"}
    small = replace(snapshot, tables=(), curves=(), conditions=tuple(conditions.items()), parent=changes.get("parent"))
    assert f"<code>{command}</code>" in report_snapshot(small, TARGET, min_yield=0.9, all_stages=STAGES)


def test_the_command_of_a_drawn_chip_has_its_spreads(snapshot: CalibrationSnapshot) -> None:
    drawn = replace(snapshot, tables=(), curves=(), origin="drawn", conditions=(("--spread", "tau_mem=0.2"),))
    command = "sal-hw snapshot draw --seed 7 --spread tau_mem=0.2 -o SNAPSHOT"
    assert f"<code>{command}</code>" in report_snapshot(drawn, TARGET, min_yield=0.9)


def test_histograms_show_what_is_there_before_and_after(snapshot: CalibrationSnapshot) -> None:
    figure = figures.paint_histograms(snapshot)
    assert figure is not None
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == "tau mem"]
    counts = [patch.get_height() for patch in axes.patches]
    # two histograms of the 472 good ones in the same 30 bins; the second one is ten times narrower
    assert (sum(counts[:30]), sum(counts[30:])) == (NEURONS - FAILED, NEURONS - FAILED)
    assert np.count_nonzero(counts[30:]) < np.count_nonzero(counts[:30])
    assert "40 not ok" in axes.get_xlabel()


def test_chip_maps_leave_failed_circuits_white(snapshot: CalibrationSnapshot) -> None:
    figure = figures.paint_chip_maps(snapshot, GRID)
    assert figure is not None
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("tau_mem_ratio")]
    picture = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert picture.shape == (2, 256)
    assert np.flatnonzero(np.isnan(picture)).tolist() == list(range(3, 3 + FAILED))
    table = snapshot.table("tau_mem_ratio")
    assert table is not None
    assert picture[1, 44] == table.measured[256 + 44]


def test_the_window_band_holds_the_middle_80_percent(snapshot: CalibrationSnapshot) -> None:
    figure = figures.paint_windows(snapshot, 10.0)
    assert figure is not None
    causal = figure.axes[0].collections[0].get_paths()[0].vertices
    amplitude = snapshot.table("amplitude_causal_ratio")
    assert amplitude is not None
    # at delay 0 a window is its amplitude; the picture takes every other synapse of 2048
    low, high = np.quantile(amplitude.measured[amplitude.ok], (0.1, 0.9))
    edge = causal[np.isclose(causal[:, 0], 0.0), 1]
    # a quantile of 2048 lognormal numbers of width 0.4 is known to 2 %
    assert (edge.min(), edge.max()) == (pytest.approx(low, rel=0.06), pytest.approx(high, rel=0.06))


def test_a_curve_shows_its_residuals(snapshot: CalibrationSnapshot) -> None:
    (curve,) = snapshot.curves
    figure = figures.paint_curve(curve)
    first, second = figure.axes[1].lines
    assert curve.fitted is not None
    np.testing.assert_array_equal(first.get_ydata(), np.zeros(9))
    np.testing.assert_allclose(second.get_ydata(), curve.y[:, 1] - curve.fitted[:, 1])


def test_without_tables_there_is_no_picture(snapshot: CalibrationSnapshot) -> None:
    empty = replace(snapshot, tables=())
    assert figures.paint_histograms(empty) is None
    assert figures.paint_chip_maps(empty, GRID) is None
    assert figures.paint_sensor_maps(empty, GRID) is None

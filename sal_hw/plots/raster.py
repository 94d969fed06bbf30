"""The ``raster`` figure: the first second of recorded spikes, with the rate of each neuron beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WINDOW_MS = 1000.0


def tabulate(result: RunResult) -> FigureTable | None:
    """Return the spikes of the first second, and of each neuron its rate in all that was recorded.

    Each neuron has at least one row; that of a neuron without a spike in the window has no time.
    """
    recorded = {name: spikes for name, spikes in result.spikes.items() if len(spikes.time_ms)}
    if not recorded:
        return None
    begin_ms = min(float(spikes.time_ms.min()) for spikes in recorded.values())
    length_s = (max(float(spikes.time_ms.max()) for spikes in recorded.values()) - begin_ms) * 1e-3
    tables = {}
    for name, spikes in recorded.items():
        counts = np.bincount(spikes.neuron)
        shown = spikes.time_ms < begin_ms + WINDOW_MS
        silent = np.setdiff1d(np.arange(len(counts)), spikes.neuron[shown])
        neuron = np.concatenate([spikes.neuron[shown].astype(np.int64), silent])
        time_s = np.concatenate([spikes.time_ms[shown] * 1e-3, np.full(len(silent), np.nan)])
        # a single spike has no rate
        rate_hz = counts[neuron] / length_s if length_s > 0.0 else np.full(len(neuron), np.nan)
        tables[name] = FigureTable.of(time_s=time_s, neuron=neuron, rate_hz=rate_hz)
    return FigureTable.stack(tables, by="population")


def paint(table: FigureTable) -> Figure:
    """Draw one row per run: spikes on the left, rates on the right."""
    pieces = {run: piece for (run,), piece in table.groups("run")}
    figure = style.new_figure(height=max(style.HEIGHT, 2.6 * len(pieces)))
    rows = figure.subplots(len(pieces), 2, squeeze=False, sharey="row", sharex="col", width_ratios=(4, 1))
    populations = list(dict.fromkeys(table["population"].tolist()))
    for (left, right), (run, piece) in zip(rows, pieces.items(), strict=True):
        last = left is rows[-1][0]
        style.prepare(left, title=style.plain(run), x="model time (s)" if last else "", y="neuron")
        style.prepare(right, x="rate (Hz)" if last else "")
        _paint_run(left, right, piece, populations)
    look: style.Look = {"marker": "|", "linestyle": "none", "markersize": 9, "markeredgewidth": 2}
    entries = [
        style.line(name, color=style.colour(index, len(populations)), **look) for index, name in enumerate(populations)
    ]
    style.legend(figure, entries)
    return figure


def _paint_run(left: Axes, right: Axes, piece: FigureTable, populations: list[str]) -> None:
    offset, ticks = 0, []
    for (population,), part in piece.groups("population"):
        shade = style.colour(populations.index(population), len(populations))
        size = int(part["neuron"].max()) + 1
        rows = part["neuron"] + offset
        height = float(np.clip(150.0 / max(1, len(set(piece["neuron"].tolist()))), 1.5, 12.0))
        left.plot(part["time_s"], rows, "|", color=shade, markersize=height, markeredgewidth=0.9)
        neurons, first = np.unique(rows, return_index=True)
        right.barh(neurons, part["rate_hz"][first], height=0.8, color=shade)
        ticks += [(offset + index, index) for index in range(size)]
        offset += size
    left.set_ylim(-0.6, offset - 0.4)
    step = 1 + (len(ticks) - 1) // 16
    left.set_yticks([row for row, _ in ticks[::step]], [str(index) for _, index in ticks[::step]])
    right.locator_params(axis="x", nbins=3)
    left.margins(x=0.01)


KIND = Kind(
    name="raster",
    title="Raster",
    description="The first second of recorded spikes, with the rate of each neuron.",
    needs="recorded spikes",
    source="add {kind: spikes, population: NAME} to probes and store the run in a folder (--out)",
    tabulate=tabulate,
    paint=paint,
    order=70,
)

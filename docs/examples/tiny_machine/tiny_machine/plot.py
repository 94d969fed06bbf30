"""The ``largest-weights`` figure: the largest weight of each projection, beside what the machine stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT_MV = 1.0


def tabulate(result: RunResult) -> FigureTable | None:
    """Return the largest magnitude per projection at the end; None for runs of other machines."""
    if result.target != "tiny" or not result.weights:
        return None
    largest = [float(np.abs(weights).max()) for weights in result.weights.values()]
    return FigureTable.of(projection=list(result.weights), largest_mv=largest)


def paint(table: FigureTable) -> Figure:
    """Draw one group of bars per projection, and in it one bar per run."""
    figure = style.new_figure()
    axes = figure.subplots()
    style.prepare(axes, y="largest weight (mV)")
    runs = list(table.groups("run"))
    entries = []
    for index, ((run,), piece) in enumerate(runs):
        shade, places = style.colour(index, len(runs)), np.arange(len(piece)) + 0.8 * index / len(runs)
        axes.bar(places, piece["largest_mv"], width=0.8 / len(runs), align="edge", color=shade)
        entries.append(style.line(style.plain(run), color=shade, linewidth=6))
    axes.axhline(LIMIT_MV, color=style.REFERENCE, linestyle="--")
    axes.set_xticks(np.arange(len(runs[0][1])) + 0.4, runs[0][1]["projection"].tolist())
    style.legend(figure, entries, [style.line("what the machine stores", color=style.REFERENCE, linestyle="--")])
    return figure


KIND = Kind(
    name="largest-weights",
    title="Largest weights",
    description="The largest weight of each projection, beside what the machine stores.",
    needs="weights of a program for tiny",
    source="run an experiment with --target tiny",
    tabulate=tabulate,
    paint=paint,
)

"""The ``spike-timing`` and ``difference-function`` figures: when two neurons spike relative to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def tabulate_timing(result: RunResult) -> FigureTable | None:
    """Return the distribution of spike-timing differences of every pair."""
    return _tabulate(result, "timing.", "probability")


def tabulate_difference(result: RunResult) -> FigureTable | None:
    """Return the difference function of every pair."""
    return _tabulate(result, "difference.", "difference")


def _tabulate(result: RunResult, prefix: str, column: str) -> FigureTable | None:
    tables = {
        name.removeprefix(prefix): FigureTable.of(**{"time_difference_steps": trace.at, column: trace.values})
        for name, trace in result.traces.items()
        # a rule may be called "timing", and weight rules record <rule>.difference
        if name.startswith(prefix) and trace.axis == "step"
    }
    return FigureTable.stack(tables, by="pair") if tables else None


def paint_timing(table: FigureTable) -> Figure:
    """Draw the distributions, earlier spikes of the second neuron on the left."""

    def draw(axes: Axes, piece: FigureTable, look: style.Look) -> None:
        at, values = piece["time_difference_steps"], piece["probability"]
        for side in (at < 0, at > 0):
            axes.plot(at[side], values[side], **look)

    figure, axes = _paint(table, draw)
    axes.axvline(0.0, color=style.REFERENCE, linewidth=1.0, linestyle="--")
    axes.set_ylim(bottom=0.0)
    style.prepare(
        axes,
        title="Spike-timing difference of a reciprocal pair",
        x="spike of the second neuron after one of the first (steps)",
        y="probability per step",
    )
    return figure


def paint_difference(table: FigureTable) -> Figure:
    """Draw the difference functions; dots are drawn where they change their sign."""

    def draw(axes: Axes, piece: FigureTable, look: style.Look) -> None:
        at, values = piece["time_difference_steps"], piece["difference"]
        axes.plot(at, values, **look)
        change = np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
        if change.size and np.abs(values).max() > 0.0:
            axes.plot(at[change] + 0.5, np.zeros(change.size), "o", markersize=5, color=look["color"])

    figure, axes = _paint(table, draw)
    axes.axhline(0.0, color=style.REFERENCE, linewidth=1.0, linestyle="--")
    style.prepare(
        axes,
        title="Difference function of slightly different weights",
        x="time between the spikes, t (steps)",
        y="p(t) - p(-t), per step",
    )
    return figure


def _paint(table: FigureTable, draw: Callable[[Axes, FigureTable, style.Look], None]) -> tuple[Figure, Axes]:
    figure = style.new_figure()
    axes = figure.subplots()
    pieces = list(table.groups("run", "pair"))
    several = len(set(table["run"].tolist())) > 1
    entries = []
    for index, ((run, pair), piece) in enumerate(pieces):
        look: style.Look = {"color": style.colour(index, len(pieces)), "linewidth": 1.4}
        draw(axes, piece, look)
        entries.append(style.line(f"{run}, {pair}" if several else pair, **look))
    axes.margins(x=0.01)
    style.legend(figure, entries)
    return figure, axes


KIND_TIMING = Kind(
    name="spike-timing",
    title="Spike timing",
    description="Distribution of the spike-timing difference of reciprocal pairs.",
    needs="a trace timing.<pair>",
    source="run a spike_timing study",
    tabulate=tabulate_timing,
    paint=paint_timing,
    order=90,
)

KIND_DIFFERENCE = Kind(
    name="difference-function",
    title="Difference function",
    description="How the timing of spikes depends on their order where reciprocal weights differ slightly.",
    needs="a trace difference.<pair>",
    source="run a weight_perturbation study",
    tabulate=tabulate_difference,
    paint=paint_difference,
    order=100,
)

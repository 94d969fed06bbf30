"""The ``membrane`` figure: potentials of a few neurons in the first half second that was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW_MS = 500.0
#: of larger populations the first neurons are shown
MOST_NEURONS = 4

_PREFIX = "membrane."


def tabulate(result: RunResult) -> FigureTable | None:
    """Return the recorded potentials of the first neurons of each population, in the first half second."""
    tables = {}
    for name, trace in result.traces.items():
        if not name.startswith(_PREFIX) or not len(trace.at):
            continue
        shown = trace.at < trace.at[0] + WINDOW_MS
        neurons = min(MOST_NEURONS, trace.values.shape[1])
        samples = int(np.count_nonzero(shown))
        tables[name.removeprefix(_PREFIX)] = FigureTable.of(
            neuron=np.repeat(np.arange(neurons), samples),
            time_ms=np.tile(trace.at[shown], neurons),
            membrane_mv=trace.values[shown, :neurons].T.ravel(),
        )
    return FigureTable.stack(tables, by="population") if tables else None


def paint(table: FigureTable) -> Figure:
    """Draw one panel per population, one line per neuron and run."""
    populations = [(name, piece) for (name,), piece in table.groups("population")]
    figure = style.new_figure(width=7.6, height=max(3.4, 2.4 * len(populations)))
    panels = figure.subplots(len(populations), 1, sharex=True, squeeze=False)[:, 0]
    lines: list[tuple[str, ...]] = [key for key, _ in table.groups("run", "neuron")]
    several = len({run for run, _ in lines}) > 1
    for axes, (population, part) in zip(panels, populations, strict=True):
        for key, piece in part.groups("run", "neuron"):
            shade = style.colour(lines.index(key), len(lines))
            axes.plot(piece["time_ms"], piece["membrane_mv"], color=shade, linewidth=1.0)
        last = axes is panels[-1]
        style.prepare(axes, title=style.plain(population), x="model time (ms)" if last else "", y="membrane (mV)")
        axes.margins(x=0.01)
    entries = [
        style.line(f"{run}, neuron {neuron}" if several else f"neuron {neuron}", color=style.colour(index, len(lines)))
        for index, (run, neuron) in enumerate(lines)
    ]
    style.legend(figure, entries)
    return figure


KIND = Kind(
    name="membrane",
    title="Membrane",
    description="Potentials of a few neurons in the first half second that was recorded.",
    needs="the trace membrane.<population>",
    source="add {kind: membrane, population: NAME, every: 0.1 ms} to probes of an align experiment; a chip cannot "
    "record membranes and learn at once",
    tabulate=tabulate,
    paint=paint,
    order=80,
)

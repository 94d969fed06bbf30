"""The ``distribution`` figure: wanted and sampled probability of every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.experiment.metrics import smoothed_frequencies
from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: more states than these are not named below the axis
_NAMED_STATES = 32


def tabulate(result: RunResult) -> FigureTable | None:
    """Return all states of the last validation, the most likely first."""
    counted, wanted = result.traces.get("state_counts"), result.traces.get("state_target")
    if counted is None or wanted is None:
        return None
    counts, target = counted.values[-1], wanted.values[-1]
    sampled = smoothed_frequencies(counts)
    order = np.argsort(-target, kind="stable")
    neurons = max(1, (len(target) - 1).bit_length())
    ratio = np.divide(sampled, target, out=np.full(len(target), np.nan), where=target > 0.0)
    return FigureTable.of(
        rank=np.arange(1, len(target) + 1),
        state=np.array([format(number, f"0{neurons}b") for number in order]),
        target=target[order],
        count=counts[order],
        sampled=sampled[order],
        ratio=ratio[order],
    )


def paint(table: FigureTable) -> Figure:
    """Draw the probabilities, and below their ratio."""
    figure = style.new_figure(height=4.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    entries: list[style.Entry] = []
    notes: list[style.Entry] = []
    pieces = {run: piece for (run,), piece in table.groups("run")}
    same_target = len({piece["target"].tobytes() for piece in pieces.values()}) == 1
    for index, (run, piece) in enumerate(pieces.items()):
        shade = style.colour(index, len(pieces))
        _paint_run(upper, lower, piece, shade)
        entries.append(style.line(run, color=shade, marker="o", linestyle="none", markersize=4))
        if not same_target:
            entries.append(_paint_target(upper, piece, f"target of {run}", shade))
    if same_target:
        notes.append(_paint_target(upper, next(iter(pieces.values())), "target", "black"))
    if (table["count"] == 0).any():
        hollow: style.Look = {
            "marker": "v",
            "color": style.REFERENCE,
            "linestyle": "none",
            "fillstyle": "none",
        }
        notes.append(style.line("never seen (drawn as half a count)", markersize=5, **hollow))
    lower.axhline(1.0, color="black", linewidth=1.0)
    style.prepare(upper, title="States in the last validation", y="probability")
    style.prepare(lower, x="state, by falling target probability", y="sampled / target")
    style.log_axis(upper, np.concatenate([table["target"], table["sampled"]]))
    style.log_axis(lower, table["ratio"])
    upper.margins(x=0.015)
    _name_states(lower, list(pieces.values()), same_target=same_target)
    style.legend(figure, entries, notes)
    return figure


def _paint_run(upper: Axes, lower: Axes, piece: FigureTable, shade: str) -> None:
    for seen, marker, fill in ((True, "o", "full"), (False, "v", "none")):
        part = piece.where((piece["count"] > 0) == seen)
        look: style.Look = {"color": shade, "marker": marker, "linestyle": "none", "fillstyle": fill}
        upper.plot(part["rank"], part["sampled"], markersize=3.2, **look)
        lower.plot(part["rank"], style.shown(part["ratio"]), markersize=3.2, **look)


def _paint_target(axes: Axes, piece: FigureTable, name: str, shade: str) -> style.Entry:
    look: style.Look = {"color": shade, "linewidth": 1.2, "drawstyle": "steps-mid"}
    axes.plot(piece["rank"], style.shown(piece["target"]), **look)
    return style.line(name, **look)


def _name_states(axes: Axes, pieces: list[FigureTable], *, same_target: bool) -> None:
    first = pieces[0]
    if not same_target or len(first) > _NAMED_STATES:
        return
    axes.set_xticks(first["rank"], first["state"].tolist(), rotation=90, fontsize=7.5, family="monospace")
    axes.set_xlabel("state (first neuron left), by falling target probability")


KIND = Kind(
    name="distribution",
    title="Distribution",
    description="Target and sampled probability of every state at the end.",
    needs="the traces state_counts and state_target",
    source="run a train_distribution or sample experiment",
    tabulate=tabulate,
    paint=paint,
    order=60,
)

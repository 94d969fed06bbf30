"""The ``alignment`` and ``phase-plane`` figures: how reciprocal weights meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.lookup import (
    AXIS_LABELS,
    axis_name,
    axis_values,
    find_reciprocal,
    rules_with,
    side_names,
    single_path,
)
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def tabulate(result: RunResult) -> FigureTable | None:
    """Return angle and norm ratio per rule, or both weights of single reciprocal pairs."""
    return _angles(result) or tabulate_pair(result)


def _angles(result: RunResult) -> FigureTable | None:
    tables = {}
    for rule in rules_with(result, "angle"):
        angle = result.traces[f"{rule}.angle"]
        ratio = result.traces[f"{rule}.norm_ratio"].values
        columns = {axis_name(angle): axis_values(angle), "angle_deg": angle.values, "norm_ratio": ratio}
        tables[rule] = FigureTable.of(**columns)
    return FigureTable.stack(tables, by="rule") if tables else None


def tabulate_pair(result: RunResult) -> FigureTable | None:
    """Return both weights of every single reciprocal pair of synapses, with mean and difference."""
    tables = {}
    for pair in find_reciprocal(result):
        path = single_path(result, pair)
        if path is None:
            continue
        one, two = path[0].values, path[1].values
        columns = {
            "forward": np.array(pair.forward),
            "backward": np.array(pair.backward),
            axis_name(path[0]): axis_values(path[0]),
            "weight_forward": one,
            "weight_backward": two,
            "mean": (one + two) / 2.0,
            "difference": np.abs(one - two),
        }
        tables[pair.rule] = FigureTable.of(**columns)
    return FigureTable.stack(tables, by="rule") if tables else None


def paint(table: FigureTable) -> Figure:
    """Draw the alignment of one or several runs."""
    return _paint_angles(table) if "angle_deg" in table else _paint_weights(table)


def _series(table: FigureTable) -> Iterator[tuple[str, FigureTable]]:
    """Yield one piece per run and rule, named by what differs."""
    several_rules = len(set(table["rule"].tolist())) > 1
    for (run, rule), piece in table.groups("run", "rule"):
        yield f"{run}, {rule}" if several_rules else run, piece


def _axis(table: FigureTable) -> str:
    return next(name for name in AXIS_LABELS if name in table)


def _paint_angles(table: FigureTable) -> Figure:
    figure = style.new_figure()
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    axis, entries, pieces = _axis(table), [], list(_series(table))
    for index, (name, piece) in enumerate(pieces):
        look: style.Look = {"color": style.colour(index, len(pieces)), "linewidth": 1.4}
        upper.plot(piece[axis], piece["angle_deg"], **look)
        lower.plot(piece[axis], piece["norm_ratio"], **look)
        entries.append(style.line(name, **look))
    chance: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    upper.axhline(90.0, **chance)
    lower.axhline(1.0, **chance)
    style.prepare(upper, title="Alignment of reciprocal weights", y="angle between\n$W^T$ and $B$ (degrees)")
    style.prepare(lower, x=AXIS_LABELS[axis], y="norm ratio\n$|B| / |W|$")
    upper.set_ylim(bottom=0.0)
    upper.margins(x=0.01)
    style.legend(figure, entries, [style.line("chance (90 degrees); equal norms", **chance)])
    return figure


def _paint_weights(table: FigureTable) -> Figure:
    figure = style.new_figure(height=4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    style.legend(figure, *weights_into(upper, lower, table))
    return figure


def weights_into(upper: Axes, lower: Axes, table: FigureTable) -> tuple[list[style.Entry], list[style.Entry]]:
    """Draw weights and their difference into two axes; return the legend's runs and notes."""
    pieces = list(_series(table))
    single = len(pieces) == 1
    entries = [] if single else _paint_many(upper, lower, pieces)
    notes = _paint_one(upper, lower, pieces[0][1]) if single else _explain_many(table)
    title = "Weights of a reciprocal pair"
    style.prepare(upper, title=f"{title}, {style.plain(pieces[0][0])}" if single else title, y="weight")
    style.prepare(lower, x=AXIS_LABELS[_axis(table)], y="|difference|")
    style.log_axis(lower, table["difference"])
    upper.margins(x=0.01)
    return entries, notes


def _paint_one(upper: Axes, lower: Axes, piece: FigureTable) -> list[style.Entry]:
    x = piece[_axis(piece)]
    names = side_names(piece["forward"].tolist(), piece["backward"].tolist())
    entries = []
    for index, (name, column) in enumerate(zip(names, ("weight_forward", "weight_backward"), strict=True)):
        look: style.Look = {"color": style.COLOURS[index], "linewidth": 1.3}
        upper.plot(x, piece[column], **look)
        upper.axhline(piece[column][0], linestyle=":", linewidth=1.1, color=style.COLOURS[index])
        entries.append(style.line(name, **look))
    mean: style.Look = {"color": "black", "linestyle": "--", "linewidth": 1.1}
    upper.plot(x, piece["mean"], **mean)
    lower.plot(x, style.shown(piece["difference"]), color=style.COLOURS[2], linewidth=1.1)
    entries.append(style.line("mean", **mean))
    entries.append(style.line("start", color=style.REFERENCE, linestyle=":", linewidth=1.1))
    return entries + _mark_decay(lower, piece, "black")


def _paint_many(upper: Axes, lower: Axes, pieces: list[tuple[str, FigureTable]]) -> list[style.Entry]:
    entries = []
    for index, (name, piece) in enumerate(pieces):
        x, shade = piece[_axis(piece)], style.colour(index, len(pieces))
        upper.plot(x, piece["weight_forward"], color=shade, linewidth=1.1)
        upper.plot(x, piece["weight_backward"], color=shade, linewidth=1.1, linestyle="--")
        lower.plot(x, style.shown(piece["difference"]), color=shade, linewidth=1.1)
        _mark_decay(lower, piece, shade)
        entries.append(style.line(name, color=shade, linewidth=1.4))
    return entries


def _explain_many(table: FigureTable) -> list[style.Entry]:
    forward, backward = side_names(table["forward"].tolist(), table["backward"].tolist())
    grey = style.REFERENCE
    return [
        style.line(forward, color=grey),
        style.line(backward, color=grey, linestyle="--"),
        style.line("1/e of the start", color=grey, linestyle=":", marker="o", markersize=4),
    ]


def _mark_decay(axes: Axes, piece: FigureTable, shade: str) -> list[style.Entry]:
    """Mark where the difference first falls to 1/e of its start."""
    axis, difference = _axis(piece), piece["difference"]
    if not len(difference) or difference[0] <= 0.0:
        return []
    level = difference[0] / np.e
    axes.axhline(level, color=style.REFERENCE, linestyle=":", linewidth=1.0)
    fallen = np.flatnonzero(difference <= level)
    if not fallen.size:
        return []
    at = piece[axis][fallen[0]]
    axes.plot([at], [level], marker="o", markersize=5, color=shade, linestyle="none", zorder=5)
    where = f"update {at}" if axis == "update" else f"{at:.3g} s"
    return [style.line(f"1/e at {where}", color=shade, marker="o", markersize=5, linestyle=":")]


def paint_plane(table: FigureTable) -> Figure:
    """Draw the path of reciprocal pairs in the plane of both weights."""
    figure = style.new_figure(width=4.6, height=4.6)
    style.legend(figure, *plane_into(figure.subplots(), table))
    return figure


def plane_into(axes: Axes, table: FigureTable) -> tuple[list[style.Entry], list[style.Entry]]:
    """Draw paths in the plane of both weights into axes; return the legend's runs and notes."""
    entries, pieces = [], list(_series(table))
    for index, (name, piece) in enumerate(pieces):
        shade = style.colour(index, len(pieces))
        forward, backward = piece["weight_forward"], piece["weight_backward"]
        # paths of several runs lie upon each other where the sum of both weights is kept
        width = max(0.8, 2.4 - 0.8 * index) if len(pieces) > 1 else 1.2
        axes.plot(forward, backward, color=shade, linewidth=width)
        axes.plot(forward[0], backward[0], "o", color=shade, fillstyle="none")
        axes.plot(forward[-1], backward[-1], "s", color=shade)
        entries.append(style.line(name, color=shade))
    diagonal: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    both = np.concatenate([table["weight_forward"], table["weight_backward"]])
    limits = style.limits(both, margin=0.06)
    axes.plot(limits, limits, **diagonal, zorder=1)
    axes.set(xlim=limits, ylim=limits)
    axes.set_box_aspect(1.0)
    one, other = map(style.plain, side_names(table["forward"].tolist(), table["backward"].tolist()))
    style.prepare(axes, title="Path of a reciprocal pair", x=f"weight, {one}", y=f"weight, {other}")
    mark: style.Look = {"color": style.REFERENCE, "linestyle": "none"}
    start = style.line("path start", marker="o", fillstyle="none", **mark)
    end = style.line("path end", marker="s", **mark)
    return entries, [start, end, style.line("equal", **diagonal)]


KIND = Kind(
    name="alignment",
    title="Alignment",
    description="Weights of a reciprocal pair and their difference, or the alignment angle.",
    needs="the trace <rule>.angle, or both weights of a reciprocal pair (weight.<projection>)",
    source="run an align experiment",
    tabulate=tabulate,
    paint=paint,
    order=10,
)

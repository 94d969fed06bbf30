"""The ``weights`` figure: forward against backward weights, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.lookup import find_reciprocal, side_names
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v", "X")
_WEIGHTS = ("forward_start", "backward_start", "forward_end", "backward_end")


def tabulate(result: RunResult) -> FigureTable | None:
    """Return the weights of all reciprocal pairs of synapses, at the start and at the end."""
    tables = {}
    for pair in find_reciprocal(result):
        pre, post = pair.places(result.weights)
        forward_start, backward_start = pair.values(result.weights_initial)
        forward_end, backward_end = pair.values(result.weights)
        table = FigureTable.of(
            projection_forward=np.array(pair.forward),
            projection_backward=np.array(pair.backward),
            pre_backward=pre,
            post_backward=post,
            forward_start=forward_start,
            backward_start=backward_start,
            forward_end=forward_end,
            backward_end=backward_end,
        )
        exists = np.any([table[name] != 0.0 for name in _WEIGHTS], axis=0)
        if np.count_nonzero(exists) > 1:
            tables[pair.rule] = table.where(exists)
    return FigureTable.stack(tables, by="rule") if tables else None


def paint(table: FigureTable) -> Figure:
    """Draw one panel before and one after, with the line of equal weights."""
    figure = style.new_figure(width=7.2, height=4.2)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    limits = style.limits(np.concatenate([table[name] for name in _WEIGHTS]), margin=0.05)
    one, other = side_names(table["projection_forward"].tolist(), table["projection_backward"].tolist())
    diagonal: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    for axes, title in zip(panels, ("Before", "After"), strict=True):
        axes.plot(limits, limits, **diagonal, zorder=1)
        style.prepare(axes, title=title, x=f"weight, {style.plain(one)}")
        axes.set(xlim=limits, ylim=limits)
        axes.set_box_aspect(1.0)
    panels[0].set_ylabel(f"weight, {style.plain(other)}", fontsize=style.LABEL_SIZE)
    style.legend(figure, _points(table, panels), [style.line("equal weights", **diagonal)])
    return figure


def _points(table: FigureTable, panels: Sequence[Axes]) -> list[style.Entry]:
    several_rules = len(set(table["rule"].tolist())) > 1
    size = 4.5 if len(table) < 300 else 2.0
    entries = []
    pieces = list(table.groups("run", "rule"))
    for index, ((run, rule), piece) in enumerate(pieces):
        look: style.Look = {"color": style.colour(index, len(pieces)), "linestyle": "none", "alpha": 0.8}
        # only the first is filled, so that points of several runs at one place can all be seen
        look |= {"marker": _MARKERS[index % len(_MARKERS)], "fillstyle": "none" if index else "full"}
        for axes, when in zip(panels, ("start", "end"), strict=True):
            axes.plot(piece[f"forward_{when}"], piece[f"backward_{when}"], markersize=size, **look)
        entries.append(style.line(f"{run}, {rule}" if several_rules else run, markersize=5, **look))
    return entries


KIND = Kind(
    name="weights",
    title="Weights",
    description="Forward against backward weights, before and after.",
    needs="a rule that aligns more than one reciprocal pair of synapses",
    source="run an align or train_distribution experiment; for a single pair see phase-plane",
    tabulate=tabulate,
    paint=paint,
    order=30,
)

"""The ``psp-shapes`` figure: PSPs, where SAL comes to rest with each, and how far that is from equal weights."""

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

_PREFIX = "deviation."


def tabulate(result: RunResult) -> FigureTable | None:
    """Return three sets of points per shape, told apart by the column ``panel``.

    ``psp``: PSP over the steps since the spike. ``nullcline``: weight onto the second neuron over the one onto the
    first, with the most unequal biases. ``deviation``: mean deviation from equal weights over the difference of biases.
    """
    names = [name.removeprefix(_PREFIX) for name in result.traces if name.startswith(_PREFIX)]
    if not names or "psp_shapes.weights" not in result.traces:
        return None
    tables = [
        FigureTable.of(shape=np.array(name), panel=np.array(panel), x=x, y=y)
        for name in names
        for panel, (x, y) in _panels(result, name).items()
    ]
    return FigureTable({key: np.concatenate([table[key] for table in tables]) for key in ("shape", "panel", "x", "y")})


def _panels(result: RunResult, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    psp, lines, deviation = (result.traces[f"{prefix}{name}"] for prefix in ("psp.", "nullcline.", _PREFIX))
    weights, biases = (result.traces[f"psp_shapes.{what}"].values for what in ("weights", "biases"))
    return {
        "psp": (psp.at.astype(np.float64), psp.values),
        "nullcline": (weights, lines.values[-1, 0]),
        "deviation": ((biases[:, None] - biases[None, :]).ravel(), deviation.values.ravel()),
    }


def paint(table: FigureTable) -> Figure:
    """Draw three panels: the PSPs, their nullclines, and the deviations."""
    figure = style.new_figure(width=10.5, height=4.0)
    panels = figure.subplots(1, 3)
    pieces = list(table.groups("run", "shape"))
    several = len(set(table["run"].tolist())) > 1
    entries = []
    for index, ((run, shape), piece) in enumerate(pieces):
        look: style.Look = {"color": style.colour(index, len(pieces)), "linewidth": 1.4}
        # later lines are thinner, so that those that lie upon each other can all be seen
        look["linewidth"] = max(1.2, 3.0 - 0.6 * index)
        _paint_shape(panels, piece, look)
        entries.append(style.line(f"{run}, {shape}" if several else shape, **look))
    diagonal: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    ends = style.limits(table["x"][table["panel"] == "nullcline"], margin=0.0)
    panels[1].plot(ends, ends, **diagonal, zorder=1)
    panels[1].set_box_aspect(1.0)
    style.prepare(panels[0], title="PSPs", x="time since the spike (steps)", y="PSP (of the weight)")
    title = "Nullclines, most unequal biases"
    style.prepare(panels[1], title=title, x="$W_{12}$ (log odds)", y="$W_{21}$ (log odds)")
    label = "mean $|W_{21} - W_{12}| / |W_{21} + W_{12}|$"
    style.prepare(panels[2], title="Distance from equal weights", x="bias difference (log odds)", y=label)
    style.legend(figure, entries, [style.line("equal weights", **diagonal)])
    return figure


def _paint_shape(panels: np.ndarray, piece: FigureTable, look: style.Look) -> None:
    for axes, panel in zip(panels, ("psp", "nullcline", "deviation"), strict=True):
        chosen = piece.where(piece["panel"] == panel)
        if panel == "deviation":
            _paint_deviation(axes, chosen, look)
        else:
            axes.plot(chosen["x"], chosen["y"], **look)


def _paint_deviation(axes: Axes, chosen: FigureTable, look: style.Look) -> None:
    order = np.argsort(chosen["x"], kind="stable")
    axes.plot(chosen["x"][order], chosen["y"][order], "o", markersize=3, alpha=0.6, color=look["color"])


KIND = Kind(
    name="psp-shapes",
    title="PSP shapes",
    description="PSPs, the weights at which SAL comes to rest with each, and their distance from equal weights.",
    needs="a trace deviation.<shape>",
    source="run a psp_shapes study",
    tabulate=tabulate,
    paint=paint,
    order=110,
)

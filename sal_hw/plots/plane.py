"""The ``phase-plane`` figure: the path of a reciprocal pair in the plane of its weights, or the drift all over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import alignment, style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

_LABEL_21 = "weight onto the second neuron\n$W_{21}$ (log odds)"
_LABEL_12 = "weight onto the first neuron\n$W_{12}$ (log odds)"
#: most arrows along an axis, and most panels side by side
_ARROWS, _COLUMNS = 17, 4


def tabulate(result: RunResult) -> FigureTable | None:
    """Return the drift of both weights on their grid, or else the path of single reciprocal pairs."""
    drift_21, drift_12 = (result.traces.get(f"plane.drift_{name}") for name in ("21", "12"))
    if drift_21 is None or drift_12 is None:
        return alignment.tabulate_pair(result)
    weights = np.asarray(drift_21.at, dtype=np.float64)
    rows, columns = np.indices(drift_21.values.shape)
    line_21, line_12 = (result.traces[f"plane.nullcline_{name}"].values for name in ("21", "12"))
    return FigureTable.of(
        weight_12=weights[rows.ravel()],
        weight_21=weights[columns.ravel()],
        drift_21=drift_21.values.ravel(),
        drift_12=drift_12.values.ravel(),
        nullcline_of_21=line_21[rows.ravel()],
        nullcline_of_12=line_12[rows.ravel()],
    )


def paint(table: FigureTable) -> Figure:
    """Draw drifts with their nullclines, one panel per run, or all paths in one plane."""
    if "drift_21" not in table:
        return alignment.paint_plane(table)
    pieces = list(table.groups("run"))
    columns = min(len(pieces), _COLUMNS)
    rows = -(-len(pieces) // columns)
    figure = style.new_figure(width=1.6 + 4.0 * columns, height=0.6 + 4.3 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in panels.ravel()[len(pieces) :]:
        axes.remove()
    bound = float(np.abs(table["drift_21"]).max()) or 1.0
    for index, ((run,), piece) in enumerate(pieces):
        axes = panels.flat[index]
        mesh = _paint_drift(axes, piece, bound)
        title = "Drift of a reciprocal pair" if len(pieces) == 1 else style.plain(run)
        style.prepare(axes, title=title, x=_LABEL_21, y=_LABEL_12 if index % columns == 0 else "")
        axes.grid(visible=False)
        axes.set_box_aspect(1.0)
    # drifts are means of the window over spike pairs, so they have no unit
    bar = figure.colorbar(mesh, ax=list(panels.ravel()[: len(pieces)]), shrink=0.8)
    bar.ax.set_xlabel("drift of\n$W_{21}$", fontsize=style.LABEL_SIZE)
    style.legend(figure, _explain())
    return figure


_DIAGONAL: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
_LINE_21: style.Look = {"color": "black", "linewidth": 2.2}
_LINE_12: style.Look = {"color": style.COLOURS[2], "linewidth": 1.2, "linestyle": (0, (4, 3))}


def _explain() -> list[style.Entry]:
    return [
        style.line("no drift of W_21", **_LINE_21),
        style.line("no drift of W_12", **_LINE_12),
        style.line("equal weights", **_DIAGONAL),
    ]


def _paint_drift(axes: Axes, piece: FigureTable, bound: float) -> QuadMesh:
    weights = np.unique(piece["weight_12"])
    shape = (weights.size, weights.size)
    drift_21, drift_12 = piece["drift_21"].reshape(shape), piece["drift_12"].reshape(shape)
    # purple and orange differ for every kind of colour vision
    mesh = axes.pcolormesh(weights, weights, drift_21, cmap="PuOr", vmin=-bound, vmax=bound, shading="nearest")
    kept = slice(None, None, -(-weights.size // _ARROWS))
    arrows: style.Look = {"angles": "xy", "pivot": "mid", "width": 0.004, "color": "black", "alpha": 0.6}
    axes.quiver(weights[kept], weights[kept], drift_21[kept, kept], drift_12[kept, kept], **arrows)
    rows = piece["nullcline_of_21"].reshape(shape)[:, 0], piece["nullcline_of_12"].reshape(shape)[:, 0]
    axes.plot(weights, weights, **_DIAGONAL)
    axes.plot(rows[0], weights, **_LINE_21)
    axes.plot(rows[1], weights, **_LINE_12)
    return mesh


KIND = Kind(
    name="phase-plane",
    title="Phase plane",
    description="The path of a reciprocal pair in the plane of its two weights, or the drift everywhere in it.",
    needs="both weights of one reciprocal pair of synapses (weight.<projection> or weights.<projection>)",
    source="run an align experiment or a phase_plane study; within one population, also add "
    "{kind: weights, projection: NAME} to probes",
    tabulate=tabulate,
    paint=paint,
    order=20,
)

"""The ``layer-angles`` and ``layer-weights`` figures: how the feedback weights of layers, or of methods, align."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult, Trace, is_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ANGLE, _PAIRS = "layer_angle.", "layer_pairs."
_LINES = ("-", "--", ":", "-.")
#: column name and label of each axis that layers are followed over
_AXES = {"epoch": "epoch", "ms": "time_s", "update": "update", "step": "step", "index": "index"}
_LABELS = {"epoch": "epochs", "time_s": "model time (s)", "update": "updates", "step": "steps", "index": "index"}
_WEIGHTS = ("weight_forward", "feedback_start", "feedback_end")


def tabulate_angles(result: RunResult) -> FigureTable | None:
    """Return the alignment angle of each layer, or of each method, over the run."""
    traces = _traces(result, _ANGLE)
    tables = {}
    for name, trace in traces.items():
        at = np.asarray(trace.at, dtype=np.float64) * (1e-3 if is_time(trace.axis) else 1.0)
        tables[name] = FigureTable.of(**{_AXES[trace.axis]: at, "angle_deg": trace.values})
    return FigureTable.stack(tables, by="layer") if tables else None


def tabulate_weights(result: RunResult) -> FigureTable | None:
    """Return the recorded sample of reciprocal weights of each layer, or of each method."""
    tables = {}
    for name, trace in _traces(result, _PAIRS).items():
        columns = dict(zip(_WEIGHTS, trace.values.T, strict=True))
        tables[name] = FigureTable.of(synapse=trace.at, **columns)
    return FigureTable.stack(tables, by="layer") if tables else None


def _traces(result: RunResult, prefix: str) -> dict[str, Trace]:
    return {name.removeprefix(prefix): trace for name, trace in result.traces.items() if name.startswith(prefix)}


def paint_angles(table: FigureTable) -> Figure:
    """Draw all angles into one panel: a colour per layer, a line style per run."""
    figure = style.new_figure()
    axes = figure.subplots()
    axis = next(name for name in _LABELS if name in table)
    layers, runs = (list(dict.fromkeys(table[name].tolist())) for name in ("layer", "run"))
    entries = []
    for (run, layer), piece in table.groups("run", "layer"):
        look: style.Look = {
            "color": style.colour(layers.index(layer), len(layers)),
            "linestyle": _LINES[runs.index(run) % len(_LINES)],
            "linewidth": 1.4,
        }
        axes.plot(piece[axis], piece["angle_deg"], **look)
        entries.append(style.line(_named(run, layer, runs), **look))
    chance: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    axes.axhline(90.0, **chance)
    title = "Alignment of feedback with forward weights"
    style.prepare(axes, title=title, x=_LABELS[axis], y="angle between $W^T$ and $B$ (degrees)")
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.01)
    style.legend(figure, entries, [style.line("chance (90 degrees)", **chance)])
    return figure


def paint_weights(table: FigureTable) -> Figure:
    """Draw feedback against forward weights, one panel per layer, with the start in grey."""
    layers = list(dict.fromkeys(table["layer"].tolist()))
    runs = list(dict.fromkeys(table["run"].tolist()))
    columns = min(3, len(layers))
    rows = -(-len(layers) // columns)
    figure = style.new_figure(width=1.0 + 2.6 * columns, height=0.8 + 2.6 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, layer in zip(panels, layers, strict=False):
        _paint_layer(axes, table.where(table["layer"] == layer), runs)
        style.prepare(axes, title=style.plain(_shown(layer)), x="forward weight $W$", y="feedback weight $B$")
    for axes in panels[len(layers) :]:
        axes.remove()
    dots: style.Look = {"linestyle": "none", "marker": "o", "markersize": 4}
    entries = [style.line(run, color=style.colour(index, len(runs)), **dots) for index, run in enumerate(runs)]
    notes = [
        style.line("start", color="#bbbbbb", **dots),
        style.line("equal weights", color=style.REFERENCE, linestyle="--", linewidth=1.0),
    ]
    style.legend(figure, entries, notes)
    return figure


def _paint_layer(axes: Axes, table: FigureTable, runs: list[str]) -> None:
    size = 3.0 if len(table) < 300 else 1.5
    for (run,), piece in table.groups("run"):
        look: style.Look = {"linestyle": "none", "marker": "o", "markersize": size, "markeredgewidth": 0.0}
        axes.plot(piece["weight_forward"], piece["feedback_start"], color="#bbbbbb", alpha=0.35, zorder=1, **look)
        shade = style.colour(runs.index(run), len(runs))
        axes.plot(piece["weight_forward"], piece["feedback_end"], color=shade, alpha=0.6, zorder=2, **look)
    limit = 1.05 * max(float(np.abs(table["weight_forward"]).max()), 1e-12)
    axes.plot((-limit, limit), (-limit, limit), color=style.REFERENCE, linestyle="--", linewidth=1.0, zorder=3)
    axes.set_box_aspect(1.0)


def _named(run: str, layer: str, runs: list[str]) -> str:
    return _shown(layer) if len(runs) == 1 else f"{run}, {_shown(layer)}"


def _shown(layer: str) -> str:
    """Return the name of a layer or a method in words."""
    return layer.upper() if layer in ("sal", "rdd", "stdwi") else layer.replace("_", " ")


KIND_ANGLES = Kind(
    name="layer-angles",
    title="Alignment of layers",
    description="Angle between forward and feedback weights, per layer or per method.",
    needs="a trace layer_angle.<layer>",
    source="run a symmetrize_layers or weight_transport study",
    tabulate=tabulate_angles,
    paint=paint_angles,
    order=120,
)

KIND_WEIGHTS = Kind(
    name="layer-weights",
    title="Weights of layers",
    description="Feedback against forward weights at the start and at the end, per layer or per method.",
    needs="a trace layer_pairs.<layer>",
    source="run a symmetrize_layers or weight_transport study",
    tabulate=tabulate_weights,
    paint=paint_weights,
    order=130,
)

"""The ``asymmetry`` and ``dkl`` figures: one number over the run, on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.experiment.metrics import asymmetry_variance
from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.lookup import AXIS_LABELS, axis_name, axis_values, find_reciprocal
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult, Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def tabulate_asymmetry(result: RunResult) -> FigureTable | None:
    """Return Var(W_ij - W_ji) over the run, as recorded or from followed recurrent weights."""
    trace = result.traces.get("asymmetry") or _asymmetry_of_weights(result)
    if trace is None or not np.isfinite(trace.values).any():
        return None
    return FigureTable.of(**{axis_name(trace): axis_values(trace), "asymmetry": trace.values})


def _asymmetry_of_weights(result: RunResult) -> Trace | None:
    for pair in find_reciprocal(result):
        weights = result.traces.get(f"weights.{pair.backward}")
        if pair.forward == pair.backward and weights is not None:
            values = np.array([asymmetry_variance(matrix) for matrix in weights.values])
            return Trace(at=weights.at, values=values, axis=weights.axis)
    return None


def tabulate_dkl(result: RunResult) -> FigureTable | None:
    """Return DKL over the run and the DKL that a perfect sampler would show."""
    trace = result.traces.get("dkl")
    if trace is None:
        return None
    floor = result.metrics.get("dkl_sampling_floor")
    known = float(floor) if isinstance(floor, (int, float)) else np.nan
    columns = {axis_name(trace): axis_values(trace), "dkl_nat": trace.values}
    return FigureTable.of(**columns, sampling_floor_nat=known)


def paint_asymmetry(table: FigureTable) -> Figure:
    """Draw the asymmetry of one or several runs."""
    return _paint(table, "asymmetry", "Asymmetry of recurrent weights", "Var($W_{ij} - W_{ji}$)")


def paint_dkl(table: FigureTable) -> Figure:
    """Draw DKL of one or several runs."""
    return _paint(table, "dkl_nat", "Distance to the target distribution", "DKL(target || sampled) (nats)")


def _paint(table: FigureTable, column: str, title: str, label: str) -> Figure:
    figure = style.new_figure()
    axes = figure.subplots()
    axis = next(name for name in AXIS_LABELS if name in table)
    entries, notes = [], []
    pieces = list(table.groups("run"))
    for index, ((run,), piece) in enumerate(pieces):
        look: style.Look = {"color": style.colour(index, len(pieces)), "linewidth": 1.4}
        marker = "o" if len(piece) <= 40 else ""
        axes.plot(piece[axis], style.shown(piece[column]), marker=marker, markersize=3, **look)
        entries.append(style.line(run, marker=marker, markersize=3, **look))
    visible = table[column]
    if "sampling_floor_nat" in table:
        dashed: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
        floors = np.unique(table["sampling_floor_nat"][np.isfinite(table["sampling_floor_nat"])])
        for floor in floors:
            axes.axhline(floor, **dashed)
        visible = np.concatenate([visible, floors])
        if floors.size:
            notes.append(style.line("perfect sampler", **dashed))
    style.prepare(axes, title=title, x=AXIS_LABELS[axis], y=label)
    style.log_axis(axes, visible)
    axes.margins(x=0.02)
    style.legend(figure, entries, notes)
    return figure


KIND_ASYMMETRY = Kind(
    name="asymmetry",
    title="Asymmetry",
    description="Variance of W_ij - W_ji of recurrent weights over the run.",
    needs="the trace asymmetry, or weights.<projection> of a recurrent projection that a rule aligns",
    source="run a train_distribution experiment, or add {kind: weights, projection: NAME} to probes",
    tabulate=tabulate_asymmetry,
    paint=paint_asymmetry,
    order=40,
)

KIND_DKL = Kind(
    name="dkl",
    title="DKL",
    description="Distance between target and sampled distribution over the run.",
    needs="the trace dkl",
    source="run a train_distribution or sample experiment",
    tabulate=tabulate_dkl,
    paint=paint_dkl,
    order=50,
)

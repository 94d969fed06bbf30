"""The ``dale`` figure: SAL between excitatory neurons whose inhibition takes the way over interneurons."""

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

_REST: style.Look = {"color": "black", "linewidth": 2.2}
_EQUAL: style.Look = {"color": style.COLOURS[2], "linewidth": 1.4, "linestyle": (0, (4, 3))}
_DIAGONAL: style.Look = {"color": style.REFERENCE, "linestyle": ":", "linewidth": 1.2}
_DALE: style.Look = {"color": style.COLOURS[0], "marker": "o", "markersize": 4, "linewidth": 1.4}
_DIRECT: style.Look = {"color": style.COLOURS[1], "marker": "s", "markersize": 4, "linewidth": 1.4, "linestyle": "--"}


def tabulate(result: RunResult) -> FigureTable | None:
    """Return drifts and the weights at which they vanish (panel ``drift``), and rates (panel ``rates``)."""
    if "dale.drift_21" not in result.traces:
        return None
    names = ("rates", "drift_21", "drift_error", "rest_21", "equal_effective_21")
    rates, drift, error, rest, equal = (result.traces[f"dale.{name}"] for name in names)
    weights = drift.at
    rows, columns = (index.ravel() for index in np.indices(drift.values.shape))
    # two panels of different content share columns: unused cells are NaN
    return FigureTable.of(
        panel=np.repeat(["drift", "rates"], [rows.size, rates.at.size]),
        weight_21=np.concatenate([weights[columns], rates.at]),
        weight_12=np.concatenate([weights[rows], np.full(rates.at.size, np.nan)]),
        drift_21=_padded(drift.values.ravel(), rates.at.size),
        drift_error=_padded(error.values.ravel(), rates.at.size),
        rest_21=_padded(rest.values[rows], rates.at.size),
        equal_effective_21=_padded(equal.values[rows], rates.at.size),
        rate_dale=np.concatenate([np.full(rows.size, np.nan), rates.values[:, 0]]),
        rate_direct=np.concatenate([np.full(rows.size, np.nan), rates.values[:, 1]]),
    )


def _padded(values: np.ndarray, more: int) -> np.ndarray:
    return np.concatenate([values, np.full(more, np.nan)])


def paint(table: FigureTable) -> Figure:
    """Draw the drift over the grid and the rates, one row per run."""
    pieces = list(table.groups("run"))
    figure = style.new_figure(width=9.6, height=0.6 + 3.9 * len(pieces))
    panels = figure.subplots(len(pieces), 2, squeeze=False, width_ratios=(1.2, 1.0))
    for (plane, rates), ((run,), piece) in zip(panels, pieces, strict=True):
        several = f", {style.plain(run)}" if len(pieces) > 1 else ""
        _paint_drift(figure, plane, piece.where(piece["panel"] == "drift"), several)
        _paint_rates(rates, piece.where(piece["panel"] == "rates"), several)
    entries = [
        style.line("no drift (measured)", **_REST),
        style.line("equal effective weights", **_EQUAL),
        style.line("equal direct weights", **_DIAGONAL),
        style.line("rate with interneuron", **_DALE),
        style.line("rate with one weight instead", **_DIRECT),
    ]
    style.legend(figure, entries)
    return figure


def _paint_drift(figure: Figure, axes: Axes, piece: FigureTable, several: str) -> None:
    weights = np.unique(piece["weight_21"])
    drift = piece["drift_21"].reshape(weights.size, weights.size)
    bound = float(np.abs(drift).max()) or 1.0
    # purple and orange differ for every kind of colour vision
    mesh = axes.pcolormesh(weights, weights, drift, cmap="PuOr", vmin=-bound, vmax=bound, shading="nearest")
    for column, look in (("equal_effective_21", _EQUAL), ("rest_21", _REST)):
        axes.plot(piece[column].reshape(drift.shape)[:, 0], weights, **look)
    axes.plot(weights, weights, **_DIAGONAL)
    axes.set(xlim=(weights[0], weights[-1]), ylim=(weights[0], weights[-1]))
    axes.set_box_aspect(1.0)
    title, x, y = f"Drift of $W_{{21}}${several}", "$W_{21}$, e1 to e2 (log odds)", "$W_{12}$, e2 to e1 (log odds)"
    style.prepare(axes, title=title, x=x, y=y)
    axes.grid(visible=False)
    bar = figure.colorbar(mesh, ax=axes, shrink=0.8)
    bar.ax.set_xlabel("per\n" + r"$\tau_{ref}$", fontsize=style.LABEL_SIZE)


def _paint_rates(axes: Axes, piece: FigureTable, several: str) -> None:
    axes.plot(piece["weight_21"], piece["rate_dale"], **_DALE)
    axes.plot(piece["weight_21"], piece["rate_direct"], **_DIRECT)
    title, x = f"Rate of e2{several}", "$W_{21}$, e1 to e2 (log odds)"
    style.prepare(axes, title=title, x=x, y=r"spikes per $\tau_{ref}$")


KIND = Kind(
    name="dale",
    title="Dale's law",
    description="Drift of the weights between excitatory neurons with interneurons, and their rates.",
    needs="the traces dale.drift_21 and dale.rates",
    source="run a dale_network study",
    tabulate=tabulate,
    paint=paint,
    order=140,
)

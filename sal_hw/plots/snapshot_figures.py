"""Pictures of a calibration snapshot: histograms, chip maps, sensor maps, windows and activation functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sal_hw.plots import style
from sal_hw.target.description import CircuitGrid
from sal_hw.target.snapshot import CalibrationSnapshot, Curve, ParameterTable
from sal_hw.target.tables import TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: tables of neurons that no histogram or map makes sense of
_NOT_SHOWN = ("activation_row_exc", "activation_row_inh", "potential_trial_lsb")

_PER_ROW = 3
_MAP_HEIGHT = 0.95

#: what a map shows of a synapse table: blocks of this many rows and columns are averaged to keep the picture small
_BLOCK = 2


def shown_tables(snapshot: CalibrationSnapshot, site: str) -> list[ParameterTable]:
    """Return the tables of neurons or synapses of which something was measured and that pictures show."""
    return [
        table for table in snapshot.tables if table.site == site and table.name not in _NOT_SHOWN and table.ok.any()
    ]


def paint_histograms(snapshot: CalibrationSnapshot) -> Figure | None:
    """Draw how each neuron parameter is spread before correction and, where it was measured again, after it."""
    tables = [table for table in shown_tables(snapshot, "neuron") if table.name != "usable"]
    if not tables:
        return None
    rows = -(-len(tables) // _PER_ROW)
    figure = style.new_figure(width=9.6, height=2.1 * rows)
    panels = figure.subplots(rows, _PER_ROW, squeeze=False).ravel()
    for axes, table in zip(panels, tables, strict=False):
        _histogram(axes, table)
    for axes in panels[len(tables) :]:
        axes.set_visible(False)
    entries = [
        style.line("as it is", color=style.COLOURS[1], linewidth=5),
        style.line("corrected", color=style.COLOURS[0], linewidth=5),
        style.line("target", color=style.REFERENCE, linestyle="--"),
    ]
    style.legend(figure, entries)
    return figure


def _histogram(axes: Axes, table: ParameterTable) -> None:
    values = table.measured[table.ok].astype(np.float64)
    parts = [values] if table.after is None else [values, table.after[table.ok].astype(np.float64)]
    low, high = min(part.min() for part in parts), max(part.max() for part in parts)
    edges = np.linspace(low, high if high > low else low + 1.0, 31)
    for part, colour in zip(parts, (style.COLOURS[1], style.COLOURS[0]), strict=False):
        axes.hist(part, bins=edges.tolist(), color=colour, alpha=0.6)
    aim = TABLES[table.name].nominal
    if low <= aim <= high:
        axes.axvline(aim, color=style.REFERENCE, linestyle="--", linewidth=1.0)
    unit = "ratio" if table.unit == "1" else table.unit
    title = table.name.removesuffix("_lsb").removesuffix("_ratio").replace("_", " ")
    style.prepare(axes, title=title, x=f"{unit}, {int((~table.ok).sum())} not ok", y="neurons")


def paint_chip_maps(snapshot: CalibrationSnapshot, grid: CircuitGrid) -> Figure | None:
    """Draw each neuron table over the chip: blocks over columns; what is not ok is white."""
    tables = shown_tables(snapshot, "neuron")
    if not tables:
        return None
    figure = style.new_figure(width=9.6, height=_MAP_HEIGHT * len(tables))
    for axes, table in zip(figure.subplots(len(tables), 1, squeeze=False, sharex=True)[:, 0], tables, strict=True):
        picture = np.where(table.ok, table.measured, np.nan).reshape(-1, grid.columns)
        image = axes.imshow(picture, aspect="auto", interpolation="nearest", cmap="cividis")
        figure.colorbar(image, ax=axes, pad=0.01).ax.tick_params(labelsize=6.5)
        axes.set_title(f"{table.name} [{table.unit}]", loc="left", fontsize=8.0)
        axes.set_yticks(range(len(picture)))
        axes.tick_params(labelsize=6.5)
    figure.supxlabel("column", fontsize=style.LABEL_SIZE)
    figure.supylabel(grid.block, fontsize=style.LABEL_SIZE)
    return figure


def paint_sensor_maps(snapshot: CalibrationSnapshot, grid: CircuitGrid) -> Figure | None:
    """Draw each synapse table over rows and columns of each block; what is not ok is white."""
    tables = shown_tables(snapshot, "synapse")
    if not tables:
        return None
    blocks = tables[0].measured.shape[0]
    figure = style.new_figure(width=9.6, height=2.2 * -(-len(tables) * blocks // 4))
    panels = figure.subplots(-(-len(tables) * blocks // 4), 4, squeeze=False).ravel()
    used = 0
    for table in tables:
        low, high = np.quantile(table.measured[table.ok], (0.02, 0.98))
        for block in range(blocks):
            axes = panels[used]
            picture = np.where(table.ok[block], table.measured[block], np.nan)
            image = axes.imshow(
                _coarse(picture),
                origin="lower",
                cmap="cividis",
                vmin=low,
                vmax=high,
                extent=(-0.5, picture.shape[1] - 0.5, -0.5, picture.shape[0] - 0.5),
            )
            figure.colorbar(image, ax=axes, shrink=0.7).ax.tick_params(labelsize=6.0)
            axes.set_title(f"{table.name.removesuffix('_ratio')}, {block}", fontsize=7.5, loc="left")
            axes.tick_params(labelsize=6.5)
            used += 1
    for axes in panels[used:]:
        axes.set_visible(False)
    figure.supxlabel("column", fontsize=style.LABEL_SIZE)
    figure.supylabel(f"row, and {grid.block} after the name", fontsize=style.LABEL_SIZE)
    return figure


def _coarse(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average blocks; a block with something that is not ok stays white, so that nothing bad is hidden."""
    rows, columns = (size // _BLOCK * _BLOCK for size in picture.shape)
    if not rows or not columns:
        return picture
    blocks = picture[:rows, :columns].reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)))


def paint_windows(snapshot: CalibrationSnapshot, tau_ms: float) -> Figure | None:
    """Draw the measured STDP windows of both branches, with a 10-90 % band, against the requested one.

    Parameters
    ----------
    tau_ms
        Requested time constant, for the scale of the delay.
    """
    names = [(f"amplitude_{branch}_ratio", f"tau_{branch}_ratio") for branch in ("causal", "anticausal")]
    tables = [(snapshot.table(amplitude), snapshot.table(tau)) for amplitude, tau in names]
    if any(amplitude is None or tau is None for amplitude, tau in tables):
        return None
    figure = style.new_figure()
    axes = figure.subplots()
    delay = np.linspace(0.0, 5.0 * tau_ms, 60)
    # the band is that of some thousand synapses, evenly spread over the chip
    for (amplitude, tau), sign, colour in zip(tables, (1.0, -1.0), style.COLOURS, strict=False):
        if amplitude is None or tau is None:
            continue
        good = np.flatnonzero((amplitude.ok & tau.ok).ravel())
        some = good[:: max(1, len(good) // 4000)]
        a, t = amplitude.measured.ravel()[some, None], tau.measured.ravel()[some, None] * tau_ms
        low, middle, high = np.quantile(a * np.exp(-delay / t), (0.1, 0.5, 0.9), axis=0)
        axes.fill_between(sign * delay, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(sign * delay, middle, color=colour)
        axes.plot(sign * delay, np.exp(-delay / tau_ms), color=style.REFERENCE, linestyle="--", linewidth=1.0)
    style.prepare(axes, title="STDP windows of all sensors", x="t_post - t_pre [ms]", y="reading per pair / target")
    entries = [
        style.line("causal: median, 10-90 %", color=style.COLOURS[0]),
        style.line("anti-causal", color=style.COLOURS[1]),
        style.line("requested", color=style.REFERENCE, linestyle="--"),
    ]
    style.legend(figure, entries)
    return figure


def paint_curve(curve: Curve) -> Figure:
    """Draw observations of some instances with their fits, and the residuals below."""
    figure = style.new_figure(height=5.0)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for index in range(curve.y.shape[1]):
        colour = style.colour(index, curve.y.shape[1])
        top.plot(curve.x, curve.y[:, index], linestyle="none", marker=".", markersize=4, color=colour)
        if curve.fitted is not None:
            top.plot(curve.x, curve.fitted[:, index], color=colour, linewidth=0.8)
            bottom.plot(curve.x, curve.y[:, index] - curve.fitted[:, index], color=colour, linewidth=0.8)
    unit = "" if curve.y_unit == "1" else f" [{curve.y_unit}]"
    style.prepare(top, title=f"{curve.name} of {curve.y.shape[1]} instances, with fits", y=f"{curve.y_name}{unit}")
    style.prepare(bottom, x=f"{curve.x_name} [{curve.x_unit}]", y="residual")
    return figure

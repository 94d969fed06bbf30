"""The ``sweep-curves`` and ``sweep-levels`` figures: many runs of one recipe side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVE, _METRIC = "sweep_trace.", "sweep_metric."

#: what the quantities of known names are, with their unit; others are shown by their names
_LABELS = {
    "dkl": "DKL(target || sampled)\n(nats)",
    "dkl_final": "DKL(target || sampled)\n(nats)",
    "asymmetry": "Var($W_{ij} - W_{ji}$)",
    "asymmetry_final": "Var($W_{ij} - W_{ji}$)",
    "asymmetry_initial": "Var($W_{ij} - W_{ji}$) at the start",
    "angle_final": "angle of nominal\nweights (degrees)",
    "effective_angle_final": "angle of effective\ncouplings (degrees)",
    "effective_angle_initial": "angle of effective couplings\nat the start (degrees)",
    "effective_angle_error_final": "its standard error\n(degrees)",
}
#: quantities that span decades
_LOGARITHMIC = ("dkl", "asymmetry")


def tabulate_curves(result: RunResult) -> FigureTable | None:
    """Return every followed trace of every member, with the member's level and variant."""
    return _tabulate(result, _CURVE)


def tabulate_levels(result: RunResult) -> FigureTable | None:
    """Return every kept metric of every member, with the member's level and variant."""
    return _tabulate(result, _METRIC)


def _tabulate(result: RunResult, prefix: str) -> FigureTable | None:
    traces = {name.removeprefix(prefix): item for name, item in result.traces.items() if name.startswith(prefix)}
    if not traces or "sweep.level" not in result.traces:
        return None
    level, variant = (result.traces[f"sweep.{name}"].values for name in ("level", "variant"))
    names = np.array([str(result.metrics.get(f"variant_{int(number)}", int(number))) for number in variant])
    tables = {}
    for name, trace in traces.items():
        samples = len(trace.at) if prefix == _CURVE else 1
        columns = {
            "member": np.tile(result.traces["sweep.level"].at, samples),
            "level": np.tile(level, samples),
            "variant": np.tile(names, samples),
            "value": trace.values.ravel(),
        }
        if prefix == _CURVE:
            columns["update"] = np.repeat(trace.at, len(level))
        tables[name] = FigureTable.of(**columns)
    quantity = str(result.metrics.get("level", "level"))
    return FigureTable.stack({quantity: FigureTable.stack(tables, by="quantity")}, by="level_name")


def paint_curves(table: FigureTable) -> Figure:
    """Draw each trace over the updates: a panel per quantity and variant, thin lines per member, their median thick."""
    levels = np.unique(table["level"])

    def draw(axes: Axes, piece: FigureTable) -> None:
        for index, level in enumerate(levels):
            shade = style.colour(index, len(levels))
            some = piece.where(piece["level"] == level)
            if not len(some):
                continue
            updates = np.unique(some["update"])
            values = np.stack([part["value"] for _, part in some.groups("run", "member")])
            for member in values if len(values) > 1 else ():
                axes.plot(updates, style.shown(member), color=shade, linewidth=0.6, alpha=0.5)
            axes.plot(updates, style.shown(np.median(values, axis=0)), color=shade, linewidth=1.8)

    figure = _paint_panels(table, draw, x="updates")
    name = style.plain(str(table["level_name"][0]).replace("_", " "))
    entries = [
        style.line(f"{name} {level:g}", color=style.colour(index, len(levels)), linewidth=1.8)
        for index, level in enumerate(levels)
    ]
    style.legend(figure, entries, [style.line("single runs", color=style.REFERENCE, linewidth=0.6)])
    return figure


def _paint_panels(table: FigureTable, draw: Callable[[Axes, FigureTable], None], *, x: str) -> Figure:
    quantities, variants = (list(dict.fromkeys(table[key].tolist())) for key in ("quantity", "variant"))
    figure = style.new_figure(width=1.6 + 3.6 * len(variants), height=0.8 + 2.4 * len(quantities))
    panels = figure.subplots(len(quantities), len(variants), sharex=True, sharey="row", squeeze=False)
    for row, quantity in enumerate(quantities):
        of_quantity = table.where(table["quantity"] == quantity)
        for column, variant in enumerate(variants):
            axes = panels[row, column]
            draw(axes, of_quantity.where(of_quantity["variant"] == variant))
            title = style.plain(variant.replace("_", " ")) if row == 0 else ""
            below = x if row == len(quantities) - 1 else ""
            style.prepare(axes, title=title, x=below, y=_label(quantity) if column == 0 else "")
            axes.margins(x=0.02)
        if quantity.startswith(_LOGARITHMIC):
            style.log_axis(panels[row, 0], of_quantity["value"])
    return figure


def _label(quantity: str) -> str:
    return _LABELS.get(quantity, style.plain(quantity.replace("_", " ")))


def paint_levels(table: FigureTable) -> Figure:
    """Draw each metric over the levels, a line per variant: means of the members with their standard errors."""
    shown = table.where(~np.char.endswith(table["quantity"].astype(str), "_error_final"))
    quantities, variants = (list(dict.fromkeys(shown[key].tolist())) for key in ("quantity", "variant"))
    figure = style.new_figure(width=style.WIDTH, height=0.8 + 2.3 * len(quantities))
    panels = figure.subplots(len(quantities), 1, sharex=True, squeeze=False)[:, 0]
    looks: list[style.Look] = [
        {"color": style.colour(index, len(variants)), "marker": "os^vD"[index % 5], "linewidth": 1.4, "markersize": 4}
        for index in range(len(variants))
    ]
    name = style.plain(str(shown["level_name"][0]).replace("_", " "))
    for axes, quantity in zip(panels, quantities, strict=True):
        of_quantity = shown.where(shown["quantity"] == quantity)
        for variant, look in zip(variants, looks, strict=True):
            piece = of_quantity.where(of_quantity["variant"] == variant)
            _paint_means(axes, piece, look, logarithmic=quantity.startswith(_LOGARITHMIC))
        style.prepare(axes, x=name if axes is panels[-1] else "", y=_label(quantity))
        if quantity.startswith(_LOGARITHMIC):
            style.log_axis(axes, of_quantity["value"])
        elif "angle" in quantity:
            axes.axhline(90.0, color=style.REFERENCE, linestyle="--", linewidth=1.0)
            axes.set_ylim(bottom=0.0)
    panels[0].set_title(_levels_title(shown), loc="left", fontsize=10.5)
    entries = [style.line(variant.replace("_", " "), **look) for variant, look in zip(variants, looks, strict=True)]
    chance = style.line("chance", color=style.REFERENCE, linestyle="--", linewidth=1.0)
    style.legend(figure, entries, [chance] if any("angle" in quantity for quantity in quantities) else [])
    return figure


def _levels_title(shown: FigureTable) -> str:
    """Say what is drawn, and that a logarithmic axis leaves out zeros if there are any."""
    on_log_axis = np.array([str(quantity).startswith(_LOGARITHMIC) for quantity in shown["quantity"]])
    missing = "; zeros are not shown" if (shown["value"][on_log_axis] == 0.0).any() else ""
    return f"Means of all runs and their standard errors{missing}"


def _paint_means(axes: Axes, piece: FigureTable, look: style.Look, *, logarithmic: bool) -> None:
    known = piece.where(np.isfinite(piece["value"]))
    levels = np.unique(known["level"])
    groups = [known["value"][known["level"] == level] for level in levels]
    means = np.array([float(values.mean()) for values in groups])
    errors = np.array([values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else 0.0 for values in groups])
    if logarithmic:
        means = style.shown(means)
    axes.errorbar(levels, means, yerr=errors, capsize=3, **look)


KIND_CURVES = Kind(
    name="sweep-curves",
    title="Runs of a set",
    description="What each run of a set followed over its updates, coloured by level.",
    needs="a trace sweep_trace.<name>",
    source="run a sweep study with follow",
    tabulate=tabulate_curves,
    paint=paint_curves,
    order=150,
)

KIND_LEVELS = Kind(
    name="sweep-levels",
    title="Levels of a set",
    description="Metrics of the runs of a set against the level, per variant.",
    needs="a trace sweep_metric.<name>",
    source="run a sweep study with metrics",
    tabulate=tabulate_levels,
    paint=paint_levels,
    order=160,
)

"""The ``microcircuit-loss`` and ``microcircuit-weights`` figures: what networks with different feedback learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOSS, _NUDGED = "microcircuit_loss.", "microcircuit_loss_nudged."
_SIGNS, _PAIRS = "microcircuit_signs.", "microcircuit_pairs."
_FREE, _AS_PUBLISHED = "free-running", "nudged by the target"
#: colours stay with a rule, whichever others there are
_RULES = ("sal", "bp", "fa")
_LINES = ("-", "--", ":", "-.")
_QUARTILES = (0.25, 0.5, 0.75)
_SUMMARY = ("lower_quartile", "median", "upper_quartile")
_PAIR = ("forward_start", "feedback_start", "forward_end", "feedback_end")


def tabulate_loss(result: RunResult) -> FigureTable | None:
    """Return median and quartiles of the loss over networks, per rule, validation and epoch."""
    tables = []
    for prefix, validation in ((_LOSS, _FREE), (_NUDGED, _AS_PUBLISHED)):
        for rule, trace in _traces(result, prefix).items():
            columns = dict(zip(_SUMMARY, np.quantile(trace.values, _QUARTILES, axis=1), strict=True))
            tables.append(FigureTable.of(rule=rule, validation=validation, epoch=trace.at, **columns))
    return _joined(tables)


def tabulate_weights(result: RunResult) -> FigureTable | None:
    """Return the reciprocal weights of each rule, and below them how many have the right sign after each epoch.

    Rows of weights have NaN for epoch and share, and the other way round, so that the figure is one table.
    """
    tables = []
    for rule, trace in _traces(result, _PAIRS).items():
        weights = dict(zip(_PAIR, trace.values.T, strict=True))
        tables.append(FigureTable.of(rule=rule, epoch=np.nan, share_right_sign=np.nan, **weights))
    for rule, trace in _traces(result, _SIGNS).items():
        shares = {"epoch": trace.at.astype(np.float64), "share_right_sign": trace.values.mean(axis=1)}
        tables.append(FigureTable.of(rule=rule, **shares, **dict.fromkeys(_PAIR, np.nan)))
    return _joined(tables)


def _traces(result: RunResult, prefix: str) -> dict[str, Trace]:
    """Return the traces by rule, in the order of the colours."""
    found = {name.removeprefix(prefix): trace for name, trace in result.traces.items() if name.startswith(prefix)}
    return {rule: found[rule] for rule in sorted(found, key=_place)}


def _joined(tables: list[FigureTable]) -> FigureTable | None:
    """Return the rows of all tables, which have the same columns."""
    if not tables:
        return None
    return FigureTable({name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns})


def paint_loss(table: FigureTable) -> Figure:
    """Draw the medians with a band between the quartiles: a colour per rule, dashes where validation was nudged."""
    figure = style.new_figure()
    axes = figure.subplots()
    several = len(set(table["run"].tolist())) > 1
    both = len(set(table["validation"].tolist())) > 1
    groups = list(table.groups("run", "rule", "validation"))
    entries = []
    for index, ((run, rule, validation), piece) in enumerate(groups):
        shade = style.colour(index, len(groups)) if several else _shade(rule)
        look: style.Look = {"color": shade, "linewidth": 1.4, "linestyle": "-" if validation == _FREE else "--"}
        axes.plot(piece["epoch"], style.shown(piece["median"]), **look)
        low, high = (style.shown(piece[name]) for name in ("lower_quartile", "upper_quartile"))
        axes.fill_between(piece["epoch"], low, high, color=shade, alpha=0.2, linewidth=0.0)
        name = f"{rule.upper()}, {validation}" if both else rule.upper()
        entries.append(style.line(f"{run}, {name}" if several else name, **look))
    style.log_axis(axes, np.concatenate([table[name] for name in _SUMMARY]))
    # potentials have no unit here
    style.prepare(axes, title="Loss, median and quartiles over networks", x="epochs", y="validation loss (squared)")
    axes.margins(x=0.01)
    style.legend(figure, entries)
    return figure


def paint_weights(table: FigureTable) -> Figure:
    """Draw the share of right signs over the epochs, then feedback against forward weights, one panel per rule."""
    rules, runs = (list(dict.fromkeys(table[name].tolist())) for name in ("rule", "run"))
    figure = style.new_figure(width=1.0 + 2.6 * (len(rules) + 1), height=3.6)
    signs, *panels = figure.subplots(1, len(rules) + 1, squeeze=False)[0]
    of_epochs = ~np.isnan(table["epoch"])
    for (run, rule), piece in table.where(of_epochs).groups("run", "rule"):
        look = {"linestyle": _LINES[runs.index(run) % len(_LINES)], "color": _shade(rule), "linewidth": 1.4}
        signs.plot(piece["epoch"], piece["share_right_sign"], **look)
    signs.set_ylim(0.0, 1.05)
    style.prepare(signs, title="Signs", x="epochs", y="share of feedback weights with right sign")
    pairs = table.where(~of_epochs)
    limit = 1.05 * max(float(np.abs(np.concatenate([pairs[name] for name in _PAIR])).max()), 1e-12)
    for axes, rule in zip(panels, rules, strict=True):
        _paint_pairs(axes, pairs.where(pairs["rule"] == rule), limit, _shade(rule))
        style.prepare(axes, title=rule.upper(), x="forward weight $W$", y="feedback weight $B$")
    dots: style.Look = {"linestyle": "none", "marker": "o", "markersize": 4}
    entries = [style.line(rule.upper(), color=_shade(rule), **dots) for rule in rules]
    notes = [
        style.line("start", color="#bbbbbb", **dots),
        style.line("equal weights", color=style.REFERENCE, linestyle="--", linewidth=1.0),
    ]
    style.legend(figure, entries, notes)
    return figure


def _paint_pairs(axes: Axes, table: FigureTable, limit: float, shade: str) -> None:
    look: style.Look = {"linestyle": "none", "marker": "o", "markersize": 3.5, "markeredgewidth": 0.0}
    axes.plot(table["forward_start"], table["feedback_start"], color="#bbbbbb", alpha=0.6, zorder=1, **look)
    axes.plot(table["forward_end"], table["feedback_end"], color=shade, alpha=0.8, zorder=2, **look)
    axes.plot((-limit, limit), (-limit, limit), color=style.REFERENCE, linestyle="--", linewidth=1.0, zorder=0)
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-limit, limit)
    axes.set_box_aspect(1.0)


def _place(rule: str) -> int:
    return _RULES.index(rule) if rule in _RULES else len(_RULES)


def _shade(rule: str) -> str:
    return style.COLOURS[_place(rule)]


KIND_LOSS = Kind(
    name="microcircuit-loss",
    title="Loss of microcircuits",
    description="Validation loss over the epochs, per rule: median and quartiles over networks.",
    needs="a trace microcircuit_loss.<rule>",
    source="run a microcircuit study",
    tabulate=tabulate_loss,
    paint=paint_loss,
    order=170,
)

KIND_WEIGHTS = Kind(
    name="microcircuit-weights",
    title="Weights of microcircuits",
    description="Feedback against forward weights per rule, and how many have the right sign over the epochs.",
    needs="a trace microcircuit_pairs.<rule>",
    source="run a microcircuit study",
    tabulate=tabulate_weights,
    paint=paint_weights,
    order=180,
)

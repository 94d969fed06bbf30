"""The ``classifier-accuracy``, ``classifier-angles`` and ``classifier-final`` figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw_deep.plots.tables import accuracy_over_epochs, distinct, final_accuracies, final_angles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SOURCE = "run a train_classifier study"
_LINES = ("-", "--", ":", "-.")
_TITLES = {"feedback": "Feedback weights", "update": "Updates"}
_LABELS = {
    "feedback": "angle to forward weights (degrees)",
    "update": "angle to backpropagation's (degrees)",
}
_MARKERS = {"validation": "o", "test": "D"}


def paint_accuracy(table: FigureTable) -> Figure:
    """Draw means with bands over repetitions: a colour per method, a line style per run."""
    figure = style.new_figure()
    axes = figure.subplots()
    methods, runs = list(distinct(table, "method")), list(distinct(table, "run"))
    entries = []
    for (run, method), piece in table.groups("run", "method"):
        look = _look(methods.index(method), len(methods), runs.index(run))
        axes.plot(piece["epoch"], piece["mean"], **look)
        axes.fill_between(
            piece["epoch"], piece["smallest"], piece["largest"], color=look["color"], alpha=0.15, linewidth=0
        )
        entries.append(style.line(method if len(runs) == 1 else f"{run}, {method}", **look))
    title = "Accuracy, mean and range over repetitions"
    style.prepare(axes, title=title, x="epochs", y="validation images classified rightly (%)")
    axes.margins(x=0.01)
    style.legend(figure, entries)
    return figure


def paint_angles(table: FigureTable) -> Figure:
    """Draw the angles of feedback weights, then those of updates, over the layers."""
    quantities = list(distinct(table, "quantity"))
    methods, runs = list(distinct(table, "method")), list(distinct(table, "run"))
    figure = style.new_figure(width=1.0 + 4.0 * len(quantities))
    entries: dict[str, style.Entry] = {}
    for axes, quantity in zip(figure.subplots(1, len(quantities), squeeze=False)[0], quantities, strict=True):
        for (run, method), piece in table.where(table["quantity"] == quantity).groups("run", "method"):
            look = _look(methods.index(method), len(methods), runs.index(run)) | {"marker": "o", "markersize": 4}
            below, above = piece["mean"] - piece["smallest"], piece["largest"] - piece["mean"]
            axes.errorbar(piece["layer"], piece["mean"], yerr=np.stack([below, above]), capsize=2, **look)
            name = method if len(runs) == 1 else f"{run}, {method}"
            entries[name] = style.line(name, **look)
        axes.axhline(90.0, color=style.REFERENCE, linestyle="--", linewidth=1.0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(bottom=-3.0)
        style.prepare(axes, title=_TITLES[quantity], x="layer, from the image", y=_LABELS[quantity])
    chance = style.line("chance (90 degrees)", color=style.REFERENCE, linestyle="--", linewidth=1.0)
    style.legend(figure, list(entries.values()), [chance])
    return figure


def paint_final(table: FigureTable) -> Figure:
    """Draw a line of the table per method: the mean as a mark and in numbers, the range over repetitions as a bar."""
    methods, runs = list(distinct(table, "method")), list(distinct(table, "run"))
    rows = [(run, method) for run in runs for method in methods]
    figure = style.new_figure(height=1.4 + 0.42 * len(rows))
    axes = figure.subplots()
    for (run, method, images), piece in table.groups("run", "method", "images"):
        place = rows.index((run, method)) + (-0.16 if images == "validation" else 0.16)
        mean, low, high = (float(piece[name][0]) for name in ("mean", "smallest", "largest"))
        shade = style.colour(methods.index(method), len(methods))
        axes.plot((low, high), (place, place), color=shade, linewidth=1.2)
        axes.plot(mean, place, color=shade, marker=_MARKERS[images], markersize=5)
        axes.annotate(f"{mean:.1f}", (high, place), (5, 0), textcoords="offset points", va="center", fontsize=7.5)
    names = [method if len(runs) == 1 else f"{run}, {method}" for run, method in rows]
    style.prepare(axes, title="Final accuracies, mean and range over repetitions", x="images classified rightly (%)")
    axes.set_yticks(range(len(rows)), [style.plain(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.08)
    marks = [
        style.line(f"{images} images", marker=marker, linestyle="none", color=style.REFERENCE, markersize=5)
        for images, marker in _MARKERS.items()
    ]
    style.legend(figure, [], marks)
    return figure


def _look(method: int, methods: int, run: int) -> style.Look:
    return {"color": style.colour(method, methods), "linestyle": _LINES[run % len(_LINES)], "linewidth": 1.4}


KIND_ACCURACY = Kind(
    name="classifier-accuracy",
    title="Accuracy of classifiers",
    description="Validation accuracy over the epochs, per method, with the range over repetitions.",
    needs="a trace validation_accuracy.<method>.<run>",
    source=_SOURCE,
    tabulate=accuracy_over_epochs,
    paint=paint_accuracy,
    order=190,
)

KIND_ANGLES = Kind(
    name="classifier-angles",
    title="How errors are carried down",
    description="Final angles of feedback weights and of updates per layer and method, against backpropagation.",
    needs="a trace gradient_angle.<method>.<run>",
    source=_SOURCE,
    tabulate=final_angles,
    paint=paint_angles,
    order=200,
)

KIND_FINAL = Kind(
    name="classifier-final",
    title="Final accuracies of classifiers",
    description="Validation and test accuracy of each method, in numbers and with the range over repetitions.",
    needs="a metric <method>_test_accuracy_percent",
    source=_SOURCE,
    tabulate=final_accuracies,
    paint=paint_final,
    order=210,
)

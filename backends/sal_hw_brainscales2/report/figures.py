"""Pictures of a chip program: which synapses are used, how well weights are stored, what each neuron receives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sal_hw.plots import style
from sal_hw.plots.files import save
from sal_hw.plots.table import FigureTable
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.report.data import placed_chip, tabulate_in_degree, tabulate_synapses, tabulate_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: how much of its owner's colour an inhibitory synapse keeps; the rest is white
_INHIBITORY_SHARE = 0.45
_MARKERS = ("o", "s", "^", "D", "v", "P")
#: points of larger groups are drawn small
_MANY = 200


def write_program_figures(
    program: CompiledProgram, folder: Path, *, buses: int, calibration: CalibrationSnapshot | None = None
) -> tuple[Path, ...]:
    """Draw what there is to see of a chip program into a folder, with the numbers beside each picture.

    Parameters
    ----------
    buses
        Buses per hemisphere; each has an equal share of the rows.
    calibration
        What the program was compiled with.

    Returns
    -------
    tuple of Path
        The pictures: ``synapses``, ``stored-weights`` and ``in-degree``; none for a network without synapses.
    """
    chip = placed_chip(program)
    pictures = []
    synapses, weights, rows = tabulate_synapses(program), tabulate_weights(program, calibration), None
    if synapses is not None:
        figure = paint_synapses(
            synapses, hemispheres=chip.hemispheres, rows=chip.rows, columns=chip.columns, buses=buses
        )
        pictures.append(save(figure, folder / "synapses.png", synapses)[0])
        rows = tabulate_in_degree(program)
    if weights is not None:
        pictures.append(save(paint_weights(weights), folder / "stored-weights.png", weights)[0])
    if rows is not None:
        pictures.append(save(paint_in_degree(rows, limit=chip.rows), folder / "in-degree.png", rows)[0])
    return tuple(pictures)


def _owners(table: FigureTable) -> list[str]:
    return list(dict.fromkeys(table["owner"].tolist()))


def paint_synapses(table: FigureTable, *, hemispheres: int, rows: int, columns: int, buses: int) -> Figure:
    """Draw the used synapses of each hemisphere, rows over columns, coloured by owner; inhibitory ones are paler."""
    from matplotlib.colors import to_rgb

    owners = _owners(table)
    figure = style.new_figure(width=9.6, height=5.0)
    panels = figure.subplots(1, hemispheres, sharey=True, squeeze=False)[0]
    shades = np.array([to_rgb(style.colour(index, len(owners))) for index in range(len(owners))])
    shade = shades[np.array([owners.index(name) for name in table["owner"].tolist()])]
    pale = 1.0 - _INHIBITORY_SHARE * (1.0 - shade)
    shade = np.where((table["polarity"] == "inhibitory")[:, None], pale, shade)
    for hemisphere, axes in enumerate(panels):
        here = table["hemisphere"] == hemisphere
        picture = np.ones((rows, columns, 3))
        picture[table["row"][here], table["column"][here]] = shade[here]
        axes.imshow(picture, origin="lower", interpolation="nearest", extent=(-0.5, columns - 0.5, -0.5, rows - 0.5))
        words = f"Hemisphere {hemisphere}: {int(here.sum())} of {rows * columns} synapses"
        style.prepare(axes, title=words, x="column", y="synapse row" if hemisphere == 0 else "")
        axes.grid(visible=False)
        _mark_buses(axes, rows // buses, rows, columns)
    square: style.Look = {"marker": "s", "linestyle": "none", "markersize": 7}
    entries = [style.line(name, color=style.colour(index, len(owners)), **square) for index, name in enumerate(owners)]
    faint = tuple(1.0 - _INHIBITORY_SHARE * (1.0 - np.array(to_rgb(style.REFERENCE))))
    notes = [style.line("paler: inhibitory", color=faint, **square)] if "inhibitory" in table["polarity"] else []
    style.legend(figure, entries, notes)
    return figure


def _mark_buses(axes: Axes, rows_per_bus: int, rows: int, columns: int) -> None:
    for bus, start in enumerate(range(0, rows, rows_per_bus)):
        if bus:
            axes.axhline(start - 0.5, color=style.REFERENCE, linewidth=0.6, linestyle=":")
        place: style.Look = {"ha": "right", "va": "top", "fontsize": 7.5, "color": style.REFERENCE}
        axes.text(columns * 0.985, start + rows_per_bus - 2.0, f"bus {bus}", **place)


def paint_weights(table: FigureTable) -> Figure:
    """Draw stored over wanted weights, and beside it by how many codes they differ."""
    owners = _owners(table)
    figure = style.new_figure(width=9.0, height=4.4)
    left, right = figure.subplots(1, 2)
    limits = style.limits(np.concatenate([table["wanted"], table["stored"]]), margin=0.05)
    exact: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    rounding: style.Look = {"color": style.REFERENCE, "linestyle": ":", "linewidth": 1.2}
    left.plot(limits, limits, zorder=1, **exact)
    right.axhline(0.0, zorder=1, **exact)
    for half in (-0.5, 0.5):
        right.axhline(half, **rounding)
    entries = []
    for index, ((owner,), piece) in enumerate(table.groups("owner")):
        look: style.Look = {"color": style.colour(index, len(owners)), "linestyle": "none", "alpha": 0.8}
        look |= {"marker": _MARKERS[index % len(_MARKERS)]}
        size = 2.5 if len(piece) > _MANY else 5.0
        left.plot(piece["wanted"], piece["stored"], markersize=size, **look)
        right.plot(piece["wanted"], piece["error_lsb"], markersize=size, **look)
        entries.append(style.line(owner, markersize=5, **look))
    unit = ", ".join(dict.fromkeys(table["unit"].tolist()))
    style.prepare(left, title="Stored against wanted", x=f"wanted weight ({unit})", y=f"stored weight ({unit})")
    style.prepare(right, title=_worst(table), x=f"wanted weight ({unit})", y="stored minus wanted (codes)")
    left.set(xlim=limits, ylim=limits)
    left.set_box_aspect(1.0)
    notes = [style.line("stored as wanted", **exact), style.line("half a code", **rounding)]
    style.legend(figure, entries, notes)
    return figure


def _worst(table: FigureTable) -> str:
    beyond = int((np.abs(table["error_lsb"]) > 0.5 + 1e-9).sum())
    zero = int((table["code"] == 0).sum())
    return f"{beyond} errors above half a code, {zero} stored as zero"


def paint_in_degree(table: FigureTable, *, limit: int) -> Figure:
    """Draw the synapse rows of each neuron, one layer per projection or stimulus."""
    figure = style.new_figure(width=8.0)
    axes = figure.subplots()
    owners = _owners(table)
    pieces = [piece for _, piece in table.groups("owner")]
    edges = np.arange(len(pieces[0]) + 1) - 0.5
    base = np.zeros(len(pieces[0]), dtype=np.int64)
    entries = []
    for index, (owner, piece) in enumerate(zip(owners, pieces, strict=True)):
        shade = style.colour(index, len(owners))
        axes.stairs(base + piece["rows"], edges, baseline=base, fill=True, color=shade, linewidth=0.0)
        base = base + piece["rows"]
        entries.append(style.line(owner, color=shade, marker="s", linestyle="none", markersize=7))
    _name_populations(axes, pieces[0])
    title = f"Synapse rows per neuron: {int(base.max())} at most, of {limit}"
    style.prepare(axes, title=title, x="neuron", y="synapse rows used")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, max(1.12 * float(base.max()), 1.0))
    style.legend(figure, entries)
    return figure


def _name_populations(axes: Axes, piece: FigureTable) -> None:
    start = 0
    ticks = []
    for (population,), part in piece.groups("population"):
        if start:
            axes.axvline(start - 0.5, color=style.REFERENCE, linewidth=0.8, linestyle="--")
        middle = start + 0.5 * (len(part) - 1)
        place: style.Look = {"ha": "center", "va": "top", "fontsize": 8.5, "transform": axes.get_xaxis_transform()}
        axes.text(middle, 0.985, style.plain(population), **place)
        ticks += [(start + index, int(index)) for index in part["neuron"]]
        start += len(part)
    step = 1 + (len(ticks) - 1) // 16
    axes.set_xticks([place for place, _ in ticks[::step]], [str(index) for _, index in ticks[::step]])

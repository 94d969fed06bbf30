"""The documentation's figure of a full emulated chip: 512 circuits and 131072 synapses, of which 65536 learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sal_hw
from sal_hw.plots import FigureTable, save, style
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads

NAME = "chip_full"
RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "chip_alignment.yaml"

#: the synthetic chip, whose membranes are noisier than the default: the full chip has no row for other noise
SEED, MEMBRANE_NOISE_LSB = 7, 2.0

#: whether the calibration is known, overrides, colour
CASES: dict[str, tuple[str | None, tuple[str, ...], str]] = {
    f"chip {SEED}, exact calibration": ("truth", (), "#009E73"),
    f"chip {SEED}, not calibrated": (None, (), "#D55E00"),
    f"chip {SEED}, no plasticity": ("truth", ("parameters.plastic=false",), "#56B4E9"),
}
KNOWN = next(iter(CASES))

#: weights are shown in this many groups of equal width
GROUPS = 16


def measure(*, quick: bool) -> tuple[FigureTable, FigureTable]:
    """Run all cases; return the angle over model time, and B grouped by W^T before and after in the first case."""
    chip = draw_chip(SEED, spreads=load_spreads().with_overrides({"membrane_noise": MEMBRANE_NOISE_LSB}))
    angles, grouped = {}, None
    for case, (calibration, overrides, _) in CASES.items():
        short = ("parameters.duration=90 s",) if quick else ()
        recipe = sal_hw.load_recipe(RECIPE, presets=["full-chip"], overrides=[*overrides, *short])
        result = sal_hw.run(recipe, target="brainscales2", emulate=True, chip=chip, calibration=calibration).result
        trace = result.traces["alignment.angle"]
        update_s = recipe.network.plasticity[0].update_every_ms * 1e-3
        angles[case] = FigureTable.of(time_s=trace.at * update_s, angle_deg=trace.values)
        if case == KNOWN:
            forward = result.weights["forward"].T
            grouped = _group(forward, result.weights_initial["feedback"], result.weights["feedback"])
    if grouped is None:
        raise TypeError("no case is the one whose weights are shown")
    return FigureTable.stack(angles, by="case"), grouped


def _group(forward: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> FigureTable:
    """Return, per group of forward weights, how many there are and where the feedback weights lie."""
    edges = np.linspace(forward.min(), 0.0, GROUPS + 1)
    place = np.clip(np.digitize(forward.ravel(), edges) - 1, 0, GROUPS - 1)
    used = [group for group in range(GROUPS) if (place == group).any()]
    columns: dict[str, list[float]] = {name: [] for name in ("forward_mv", "synapses", "start_mean_mv")}
    columns |= {name: [] for name in ("end_mean_mv", "end_low_mv", "end_high_mv")}
    for group in used:
        mine = place == group
        low, high = np.percentile(end.ravel()[mine], (10.0, 90.0))
        values = (forward.ravel()[mine].mean(), mine.sum(), start.ravel()[mine].mean(), end.ravel()[mine].mean())
        for name, value in zip(columns, (*values, low, high), strict=True):
            columns[name].append(float(value))
    return FigureTable.of(**{name: np.array(values) for name, values in columns.items()})


def draw(angles: FigureTable, grouped: FigureTable) -> Figure:
    """Draw the angle over model time, and B over W^T before and after."""
    figure = style.new_figure(width=9.0, height=4.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for (case,), piece in angles.groups("case"):
        left.plot(piece["time_s"], piece["angle_deg"], color=CASES[case][2], linewidth=1.6)
    title = "A full emulated chip: 65536 learning synapses"
    style.prepare(left, title=title, x="model time (s)", y="angle between $W^T$ and $B$ (degrees)")
    left.set(ylim=(0.0, 100.0))
    shade = CASES[KNOWN][2]
    spread = (grouped["end_mean_mv"] - grouped["end_low_mv"], grouped["end_high_mv"] - grouped["end_mean_mv"])
    right.errorbar(
        grouped["forward_mv"], grouped["end_mean_mv"], yerr=np.abs(spread), fmt="o", color=shade, markersize=4
    )
    right.plot(grouped["forward_mv"], grouped["start_mean_mv"], "o", color=style.REFERENCE, markersize=3, alpha=0.6)
    limits = (float(grouped["forward_mv"].min()) * 1.05, 0.01)
    right.plot(limits, limits, color=style.REFERENCE, linestyle="--", linewidth=0.9, zorder=1)
    style.prepare(right, title=KNOWN, x="weight in $W^T$ (mV)", y="weight in $B$ (mV)")
    right.locator_params(axis="x", nbins=4)
    entries = [style.line(case, color=look[2]) for case, look in CASES.items()]
    after = style.line("after: mean, 10-90 %", color=shade, marker="o", linestyle="none", markersize=4)
    before = style.line("before: mean", color=style.REFERENCE, marker="o", linestyle="none", markersize=3)
    style.legend(figure, entries, [after, before])
    return figure


def write(angles: FigureTable, grouped: FigureTable, out: Path) -> list[Path]:
    """Write the figure with the angles beside it, and the grouped weights; return the paths."""
    written = save(draw(angles, grouped), out / f"{NAME}.png", angles)
    target = out / f"{NAME}_weights.csv"
    target.write_bytes(grouped.csv_bytes())
    return [*written, target]

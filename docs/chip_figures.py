"""The documentation's figures of emulated chips: alignment, sampling, and activation functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import sal_hw
from sal_hw.plots import FigureTable, collect, save, style
from sal_hw.results.result import RunResult
from sal_hw_brainscales2.emulation.activation import logistic, measure_activations
from sal_hw_brainscales2.emulation.model import ChipModel, draw_chip
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING

RECIPES = Path(__file__).resolve().parents[1] / "recipes"

#: the synthetic chip of all figures
CHIP = 7
ALIGNMENT, SAMPLED, ACTIVATIONS = "chip_alignment", "chip_sampling", "chip_activations"

#: the residuals' axis shows at least this, in shares of time
_RESIDUAL_LIMIT = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One way to run a recipe, and how it is drawn.

    Attributes
    ----------
    target
        What is compiled for: the chip, or ``ideal`` for the limit of float weights and ideal sensors.
    chip, calibration
        What is emulated, and what the compiler knows of it.
    """

    colour: str
    target: str = "brainscales2"
    chip: str | None = None
    calibration: str | None = None
    overrides: tuple[str, ...] = ()
    linestyle: str = "-"

    def run(self, recipe: sal_hw.Recipe) -> RunResult:
        """Compile and run a recipe this way."""
        on_chip = self.target != "ideal"
        found = sal_hw.run(recipe, target=self.target, emulate=on_chip, chip=self.chip, calibration=self.calibration)
        return found.result


_NOMINAL, _UNKNOWN, _KNOWN, _LIMIT = "#0072B2", "#D55E00", "#009E73", "#000000"

#: cases of the alignment figure
ALIGN_CASES = {
    "nominal chip": Case(colour=_NOMINAL),
    f"chip {CHIP}, not calibrated": Case(colour=_UNKNOWN, chip=str(CHIP)),
    f"chip {CHIP}, exact calibration": Case(colour=_KNOWN, chip=str(CHIP), calibration="truth"),
    "nominal chip, no plasticity": Case(colour="#56B4E9", overrides=("parameters.plastic=false",)),
    "nominal chip, sign flipped": Case(colour="#CC79A7", overrides=("parameters.polarity=inverted",)),
    "float weights, ideal sensors": Case(colour=_LIMIT, target="ideal", linestyle="--"),
}
#: cases of the sampling figure
SAMPLE_CASES = {
    "nominal chip": Case(colour=_NOMINAL),
    f"chip {CHIP}, not calibrated": Case(colour=_UNKNOWN, chip=str(CHIP)),
    f"chip {CHIP}, exact calibration": Case(colour=_KNOWN, chip=str(CHIP), calibration="truth"),
    "sampling neurons, no chip": Case(colour=_LIMIT, target="ideal", linestyle="--"),
}
CASES = {ALIGNMENT: ALIGN_CASES, SAMPLED: SAMPLE_CASES}
#: whose weights are drawn before and after
SCATTERED = ("nominal chip", f"chip {CHIP}, exact calibration")


def tabulate_alignment(results: Mapping[str, RunResult]) -> tuple[FigureTable, FigureTable]:
    """Return the angle over model time of all cases, and the weights before and after of two of them."""
    angles = collect("alignment", results)
    (rule,) = sal_hw.load_recipe(RECIPES / f"{ALIGNMENT}.yaml").network.plasticity
    update_s = rule.update_every_ms * 1e-3
    over_time = {"case": angles["run"], "time_s": angles["update"] * update_s, "angle_deg": angles["angle_deg"]}
    weights = collect("weights", {name: results[name] for name in SCATTERED})
    return FigureTable(over_time), weights


def draw_alignment(angles: FigureTable, weights: FigureTable) -> Figure:
    """Draw the alignment angle over model time, and beside it W^T against B before and after."""
    figure = style.new_figure(width=9.2, height=4.9)
    axes = figure.subplot_mosaic([["angle", "one"], ["angle", "other"]], width_ratios=(9, 4))
    for (case,), piece in angles.groups("case"):
        axes["angle"].plot(piece["time_s"], piece["angle_deg"], **_look(ALIGN_CASES[case]))
    chance: style.Look = {"color": style.REFERENCE, "linestyle": ":", "linewidth": 1.2}
    axes["angle"].axhline(90.0, **chance)
    style.prepare(
        axes["angle"],
        title="Two layers of 32 LIF neurons, emulated chips",
        x="model time (s)",
        y="angle between $W^T$ and $B$ (degrees)",
    )
    axes["angle"].set(ylim=(0.0, 180.0), yticks=range(0, 181, 30))
    axes["angle"].margins(x=0.01)
    limit = 1.08 * max(np.abs(weights[name]).max() for name in ("forward_start", "forward_end", "backward_end"))
    for name, (case, piece) in zip(
        ("one", "other"), ((key[0], item) for key, item in weights.groups("run")), strict=True
    ):
        _scatter(axes[name], piece, case, float(limit))
    axes["other"].set_xlabel("weight in $W^T$ (mV)", fontsize=style.LABEL_SIZE)
    cases = [style.line(name, **_look(case)) for name, case in ALIGN_CASES.items()]
    before = style.line("before", color=style.REFERENCE, marker="o", markersize=3, linestyle="none", alpha=0.6)
    style.legend(figure, cases, [style.line("chance", **chance), before])
    return figure


def _look(case: Case) -> style.Look:
    return {"color": case.colour, "linestyle": case.linestyle, "linewidth": 1.6}


def _scatter(axes: Axes, piece: FigureTable, case: str, limit: float) -> None:
    grey: style.Look = {"color": style.REFERENCE, "alpha": 0.25, "markersize": 1.5, "linestyle": "none"}
    axes.plot(piece["forward_start"], piece["backward_start"], "o", **grey)
    shade = ALIGN_CASES[case].colour
    axes.plot(piece["forward_end"], piece["backward_end"], "o", color=shade, alpha=0.5, markersize=1.8)
    axes.plot((-limit, limit), (-limit, limit), color=style.REFERENCE, linestyle="--", linewidth=0.9, zorder=1)
    style.prepare(axes, title=case, y="weight in $B$ (mV)")
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes.set_box_aspect(1.0)


def measure(*, quick: bool) -> FigureTable:
    """Measure the activation functions of the circuits that the sampling recipe uses on the synthetic chip.

    Returns
    -------
    FigureTable
        Per circuit and leak potential the measured and the fitted activity, and that of a nominal circuit.
    """
    recipe = sal_hw.load_recipe(RECIPES / f"{SAMPLED}.yaml")
    program = sal_hw.compile_recipe(recipe, target="brainscales2")
    leak = SAMPLING.half_lsb + SAMPLING.slope_lsb * np.linspace(-5.0, 5.0, 21)
    duration_ms = 10_000.0 if quick else 100_000.0
    chip = ChipModel.from_snapshot(draw_chip(CHIP))
    found = measure_activations(program, chip, leak, seed=1, duration_ms=duration_ms)
    tables = {}
    for neuron in range(program.n_neurons):
        half, slope = float(found.half_lsb[neuron]), float(found.slope_lsb[neuron])
        fitted = logistic(leak, half, slope)
        tables[str(neuron)] = FigureTable.of(
            leak_lsb=leak,
            activity=found.activity[:, neuron],
            fitted=fitted,
            residual=found.activity[:, neuron] - fitted,
            nominal=logistic(leak, SAMPLING.half_lsb, SAMPLING.slope_lsb),
            slope_lsb=slope,
            half_lsb=half,
        )
    return FigureTable.stack(tables, by="circuit")


def tabulate_sampling(results: Mapping[str, RunResult]) -> FigureTable:
    """Return DKL over model time of all cases, with that of a perfect sampler after the same time."""
    table = collect("dkl", results)
    # the expected DKL of a perfect sampler falls with the number of samples, and so with time
    floor = table["sampling_floor_nat"] * table["time_s"].max() / table["time_s"]
    return FigureTable(
        {"case": table["run"], "time_s": table["time_s"], "dkl_nat": table["dkl_nat"], "floor_nat": floor}
    )


def draw_sampling(table: FigureTable) -> Figure:
    """Draw DKL over model time."""
    figure = style.new_figure(width=7.2)
    axes = figure.subplots()
    for (case,), piece in table.groups("case"):
        axes.plot(piece["time_s"], piece["dkl_nat"], marker="o", markersize=3, **_look(SAMPLE_CASES[case]))
    dotted: style.Look = {"color": style.REFERENCE, "linestyle": ":", "linewidth": 1.3}
    (_, piece), *_ = table.groups("case")
    axes.plot(piece["time_s"], piece["floor_nat"], **dotted)
    axes.set_xscale("log")
    shown = (50, 100, 200, 500, 1000)
    axes.set_xticks(shown, [str(time_s) for time_s in shown])
    title = "Five LIF circuits sample a Boltzmann distribution, emulated chips"
    style.prepare(axes, title=title, x="model time (s)", y="DKL(target || sampled) (nats)")
    style.log_axis(axes, np.concatenate([table["dkl_nat"], table["floor_nat"]]))
    entries = [style.line(name, **_look(case)) for name, case in SAMPLE_CASES.items()]
    style.legend(figure, entries, [style.line("perfect sampler, a sample per tau_ref", **dotted)])
    return figure


def draw_activations(table: FigureTable) -> Figure:
    """Draw activity over leak potential with the fits, and below it what the fits leave over."""
    figure = style.new_figure(width=7.6, height=5.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(5, 2))
    entries, pieces = [], [(name, piece) for (name,), piece in table.groups("circuit")]
    for index, (circuit, piece) in enumerate(pieces):
        shade, fine = style.colour(index, len(pieces)), np.linspace(*piece["leak_lsb"][[0, -1]], 200)
        half, slope = float(piece["half_lsb"][0]), float(piece["slope_lsb"][0])
        upper.plot(fine, logistic(fine, half, slope), color=shade, linewidth=1.1)
        upper.plot(piece["leak_lsb"], piece["activity"], "o", color=shade, markersize=3.5)
        lower.plot(piece["leak_lsb"], piece["residual"], "o-", color=shade, markersize=2.5, linewidth=0.8)
        name = f"circuit {circuit}: slope {slope:.1f}, middle {half:.1f} LSB"
        entries.append(style.line(name, color=shade, marker="o", markersize=3.5, linewidth=1.1))
    nominal: style.Look = {"color": "black", "linestyle": "--", "linewidth": 1.3}
    upper.plot(pieces[0][1]["leak_lsb"], pieces[0][1]["nominal"], **nominal)
    lower.axhline(0.0, color=style.REFERENCE, linestyle="--", linewidth=1.0)
    title = f"Activation functions of emulated chip {CHIP}, not calibrated"
    style.prepare(upper, title=title, y="share of time active")
    style.prepare(lower, x="leak potential that is set (CADC LSB)", y="measured\nminus fit")
    largest = max(_RESIDUAL_LIMIT, 1.15 * float(np.abs(table["residual"]).max()))
    lower.set_ylim(-largest, largest)
    words = f"nominal: slope {SAMPLING.slope_lsb:.1f}, middle {SAMPLING.half_lsb:.1f} LSB"
    style.legend(figure, entries, [style.line(words, **nominal)])
    return figure


def write_all(
    alignment: Mapping[str, RunResult],
    sampling: Mapping[str, RunResult],
    activations: FigureTable,
    out: Path,
) -> list[Path]:
    """Draw and write the three figures, each with its numbers; return the paths."""
    angles, weights = tabulate_alignment(alignment)
    written = [*save(draw_alignment(angles, weights), out / f"{ALIGNMENT}.png", angles)]
    dkl = tabulate_sampling(sampling)
    written += save(draw_sampling(dkl), out / f"{SAMPLED}.png", dkl)
    written += save(draw_activations(activations), out / f"{ACTIVATIONS}.png", activations)
    numbers = out / f"{ALIGNMENT}_weights.csv"
    numbers.write_bytes(weights.csv_bytes())
    return [*written, numbers]

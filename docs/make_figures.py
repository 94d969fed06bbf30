"""Runs the recipes behind the documentation's figures and draws them: ``python docs/make_figures.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import chip_figures
import full_chip_figure
import numpy as np
from chip_figures import CASES, Case
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import sal_hw
from sal_hw.plots import FigureTable, collect, save, style
from sal_hw.plots.alignment import plane_into, weights_into
from sal_hw.results.result import RunResult
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.protocols import AlignProtocol, SampleProtocol

RECIPES = Path(__file__).resolve().parents[1] / "recipes"

#: recipes of reciprocal pairs; each gives the figure of its name
PAIRS = ("two_neuron", "two_neuron_onesided")
#: presets of the sampling recipe, with figure and title
NOISES = {
    "synaptic-noise": ("synaptic_noise", "Noise on the initial weights"),
    "plasticity-noise": ("plasticity_noise", "Noise on the learning rule"),
}
#: seeds of the distribution and of the initial weights
SEEDS = ((4321, 9002), (4322, 9003))

#: what is printed of each run
FINAL_METRICS = ("dkl_final", "asymmetry_final", "difference_final", "angle_final")

_QUIET = ("parameters.synaptic_noise=0", "parameters.plasticity_noise=0")
#: what is compared, with the colour it is drawn in
CONDITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "with SAL": (("parameters.alignment=true",), style.COLOURS[0]),
    "without SAL": (("parameters.alignment=false",), style.COLOURS[1]),
    "without noise or SAL": (("parameters.alignment=false", *_QUIET), style.COLOURS[2]),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run: a recipe with its options.

    Attributes
    ----------
    figure, condition, sample
        Which figure it belongs to, what is tried, and on which seeds.
    case
        How it is run where a chip is emulated; None runs it on the target ``ideal``.
    """

    figure: str
    condition: str
    sample: str
    recipe: str
    presets: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    case: Case | None = None
    quick: bool = False


def all_jobs(*, quick: bool) -> list[Job]:
    """Return the runs of all figures, the longest first."""
    jobs = [
        Job(
            figure=NOISES[preset][0],
            condition=condition,
            sample=f"{distribution}/{initial}",
            recipe="sampling",
            presets=(preset,),
            overrides=(
                *overrides,
                f"parameters.distribution_seed={distribution}",
                f"parameters.initial_seed={initial}",
            ),
            quick=quick,
        )
        for preset in reversed(NOISES)
        for condition, (overrides, _) in CONDITIONS.items()
        for distribution, initial in SEEDS
    ]
    jobs += [
        Job(figure=name, condition=condition, sample="", recipe=name, overrides=case.overrides, case=case, quick=quick)
        for name, cases in CASES.items()
        for condition, case in cases.items()
    ]
    return jobs + [Job(figure=name, condition="with SAL", sample="", recipe=name, quick=quick) for name in PAIRS]


def run_job(job: Job) -> RunResult:
    """Run one job; the work of one process."""
    path = RECIPES / f"{job.recipe}.yaml"
    recipe = sal_hw.load_recipe(path, overrides=job.overrides, presets=job.presets)
    if job.quick:
        shorter = (*job.overrides, *_tenth(recipe.protocol))
        recipe = sal_hw.load_recipe(path, overrides=shorter, presets=job.presets)
    return sal_hw.run(recipe).result if job.case is None else job.case.run(recipe)


def _tenth(protocol: ExperimentProtocol) -> tuple[str, ...]:
    """Return the options that shorten an experiment to a tenth."""
    if isinstance(protocol, SampleProtocol):
        return (f"experiment.duration={protocol.duration_ms / 10} ms",)
    if isinstance(protocol, AlignProtocol):
        last = max(1, protocol.average_last_updates // 10)
        return (
            f"experiment.duration={protocol.duration_ms / 10} ms",
            f"experiment.average_last_updates={last}",
        )
    checks = protocol.validation
    return (
        f"experiment.updates={max(1, protocol.updates // 10)}",
        f"experiment.validation.every_updates={max(1, checks.every_updates // 10)}",
        f"experiment.validation.duration={checks.duration_ms / 10} ms",
    )


def draw_pair(result: RunResult) -> tuple[Figure, FigureTable]:
    """Draw the weights of a reciprocal pair over the run, and beside them their path in the plane."""
    table = collect("alignment", {f"seed {result.seed}": result})
    figure = style.new_figure(width=9.8, height=4.6)
    axes = figure.subplot_mosaic([["weights", "plane"], ["difference", "plane"]], width_ratios=(5, 4))
    axes["difference"].sharex(axes["weights"])
    axes["weights"].tick_params(labelbottom=False)
    _, notes = weights_into(axes["weights"], axes["difference"], table)
    _, marks = plane_into(axes["plane"], table)
    style.legend(figure, [], [*notes, *marks])
    return figure, table


def tabulate_noise(results: dict[Job, RunResult]) -> FigureTable:
    """Return asymmetry and DKL of all runs of a figure; the sample ``mean`` is the mean of a condition."""
    tables = {}
    for condition in CONDITIONS:
        runs = {job.sample: result for job, result in results.items() if job.condition == condition}
        curves, asymmetry = collect("dkl", runs), collect("asymmetry", runs)["asymmetry"]
        columns = {"sample": curves["run"]} | {name: curves[name] for name in list(curves.columns)[1:]}
        single = FigureTable({**columns, "asymmetry": asymmetry})
        tables[condition] = _with_mean(single, len(runs))
    return FigureTable.stack(tables, by="condition")


def _with_mean(table: FigureTable, runs: int) -> FigureTable:
    length = len(table) // runs
    mean = {name: values.reshape(runs, length).mean(axis=0) for name, values in list(table.columns.items())[1:]}
    mean["update"] = table["update"][:length]
    all_columns = {"sample": np.full(length, "mean"), **mean}
    return FigureTable({name: np.concatenate([table[name], all_columns[name]]) for name in table.columns})


def draw_noise(table: FigureTable, title: str) -> Figure:
    """Draw asymmetry and DKL over the updates: thin lines for single runs, thick ones for their mean."""
    figure = style.new_figure(width=9.0)
    left, right = figure.subplots(1, 2)
    _curves(left, table, "asymmetry")
    _curves(right, table, "dkl_nat")
    floor = table["sampling_floor_nat"]
    dashed: style.Look = {"color": style.REFERENCE, "linestyle": "--", "linewidth": 1.0}
    right.axhline(floor[0], **dashed)
    style.prepare(left, title=title, x="updates", y="asymmetry Var($W_{ij} - W_{ji}$)")
    style.prepare(right, x="updates", y="DKL(target || sampled) (nats)")
    style.log_axis(left, table["asymmetry"])
    style.log_axis(right, np.concatenate([table["dkl_nat"], floor]))
    symmetric = {name for (name,), piece in table.groups("condition") if not piece["asymmetry"].any()}
    entries = [
        style.line(f"{name} (asymmetry 0)" if name in symmetric else name, color=shade, linewidth=2.0)
        for name, (_, shade) in CONDITIONS.items()
    ]
    single = style.line("single runs", color=style.REFERENCE, linewidth=0.8)
    style.legend(figure, entries, [single, style.line("perfect sampler", **dashed)])
    return figure


def _curves(axes: Axes, table: FigureTable, column: str) -> None:
    for (condition, sample), piece in table.groups("condition", "sample"):
        shade, mean = CONDITIONS[condition][1], sample == "mean"
        look: style.Look = {"color": shade, "linewidth": 2.0 if mean else 0.8, "alpha": 1.0 if mean else 0.7}
        axes.plot(piece["update"], style.shown(piece[column]), **look)
    axes.margins(x=0.02)


def report(results: dict[Job, RunResult]) -> str:
    """Return one line per run with its final numbers."""
    heads = "".join(f"{name:>12}" for name in ("DKL (nats)", "asymmetry", "difference", "angle (deg)"))
    lines = [f"{'figure':<20} {'condition':<29} {'seeds':<9}{heads}  verdict"]
    for job, result in results.items():
        numbers = [result.metrics.get(name) for name in FINAL_METRICS]
        cells = "".join(f"{value:>12.3e}" if isinstance(value, float) else f"{'-':>12}" for value in numbers)
        sample = job.sample or f"seed {result.seed}"
        lines.append(f"{job.figure:<20} {job.condition:<29} {sample:<9}{cells}  {result.health.verdict}")
    return "\n".join(lines)


def write_all(results: dict[Job, RunResult], out: Path) -> list[Path]:
    """Draw and write all figures, each with its numbers; return the paths."""
    written: list[Path] = []
    for name in PAIRS:
        result = next(found for job, found in results.items() if job.figure == name)
        figure, table = draw_pair(result)
        written += save(figure, out / f"{name}.png", table)
    for name, title in NOISES.values():
        table = tabulate_noise({job: found for job, found in results.items() if job.figure == name})
        written += save(draw_noise(table, title), out / f"{name}.png", table)
    return written


def write_chips(results: dict[Job, RunResult], activations: FigureTable, out: Path) -> list[Path]:
    """Draw and write the figures of emulated chips; return the paths."""
    aligned, sampled = (
        {job.condition: found for job, found in results.items() if job.figure == name}
        for name in (chip_figures.ALIGNMENT, chip_figures.SAMPLED)
    )
    return chip_figures.write_all(aligned, sampled, activations, out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything, draw it, and say what was found and written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/figures"), help="folder of the figures")
    parser.add_argument("--quick", action="store_true", help="a tenth of the length, to see that it works")
    parser.add_argument("--processes", type=int, default=2, help="runs at a time")
    options = parser.parse_args(arguments)
    jobs = all_jobs(quick=options.quick)
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        measured = pool.submit(chip_figures.measure, quick=options.quick)
        full_chip = pool.submit(full_chip_figure.measure, quick=options.quick)
        results = dict(zip(jobs, pool.map(run_job, jobs), strict=True))
    written = write_all(results, options.out) + write_chips(results, measured.result(), options.out)
    written += full_chip_figure.write(*full_chip.result(), options.out)
    sys.stdout.write("\n".join([report(results), "", *map(str, written)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

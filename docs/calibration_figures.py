"""Figures and numbers of calibrated chips: recovery, alignment and sampling on five chips, and the digital twin.

Snapshots are measured once and kept in the work folder; delete it to measure again.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.cli.main import main as command
from sal_hw.plots import style
from sal_hw.target.snapshot_io import read_snapshot
from sal_hw.workflow import api

SEEDS = (1, 2, 3, 4, 7)
RECIPES = Path(__file__).parents[1] / "recipes"
TARGET = {"target": "brainscales2", "emulate": True, "figures": False}

#: noise of the runs that compare a chip with its twin
CHIP_SEED, TWIN_SEED, OTHER_SEED = 11, 12, 13


def calibrated(seed: int, work: Path, *, threads: int) -> Path:
    """Return the snapshot of a synthetic chip, measured and compared with the truth if it is not there yet."""
    path = work / f"chip{seed}.snapshot"
    if not (path.parent / (path.name + ".metrics.json")).is_file():
        words = ["calibrate", "--synthetic", str(seed), "--against-truth", "--threads", str(threads), "-o", str(path)]
        words += ["--force"] if path.exists() else ["--resume"]
        code = command(words)
        if code:
            raise SystemExit(code)
    return path


def measure(recipe: str, name: str, work: Path, threads: int) -> list[dict[str, Any]]:
    """Return a metric of a recipe on the nominal chip and on each chip, uncalibrated and calibrated."""
    loaded = api.load_recipe(RECIPES / recipe)
    rows = [{"chip": "nominal", "calibration": "", name: api.run(loaded, threads=threads, **TARGET).metrics[name]}]
    for seed in SEEDS:
        snapshot = calibrated(seed, work, threads=threads)
        for words, calibration in (("none", None), ("measured", snapshot)):
            run = api.run(loaded, threads=threads, chip=seed, calibration=calibration, **TARGET)
            rows.append({"chip": str(seed), "calibration": words, name: run.metrics[name]})
    return rows


def write(rows: list[dict[str, Any]], path: Path) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def paint(rows: list[dict[str, Any]], name: str, label: str, path: Path, *, log: bool) -> None:
    """Draw a metric per chip: uncalibrated, calibrated, and that of the nominal chip as a line."""
    figure = style.new_figure()
    axes = figure.subplots()
    nominal = next(row[name] for row in rows if row["chip"] == "nominal")
    for number, words in enumerate(("none", "measured")):
        values = [row[name] for row in rows if row["calibration"] == words]
        axes.bar(np.arange(len(values)) + 0.38 * (number - 0.5), values, width=0.36, color=style.COLOURS[1 - number])
    axes.axhline(nominal, color=style.REFERENCE, linestyle="--", linewidth=1.0)
    axes.set_xticks(range(len(SEEDS)), [f"chip {seed}" for seed in SEEDS])
    style.prepare(axes, y=label)
    if log:
        style.log_axis(axes, [row[name] for row in rows])
    entries = [
        style.line("uncalibrated", color=style.COLOURS[1], linewidth=6),
        style.line("calibrated", color=style.COLOURS[0], linewidth=6),
        style.line("nominal chip", color=style.REFERENCE, linestyle="--"),
    ]
    style.legend(figure, entries)
    figure.savefig(path, metadata={"Software": None})


def twin(work: Path, out: Path, threads: int) -> dict[str, float]:
    """Compare a chip with its twin, with itself under other noise, and with the nominal chip; draw weights.

    Nothing is corrected, so that all of the chip's own deviations show.
    """
    snapshot = read_snapshot(calibrated(7, work, threads=threads))
    loaded = api.load_recipe(RECIPES / "chip_alignment.yaml")
    runs = {
        "chip": api.run(loaded, seed=CHIP_SEED, chip=7, threads=threads, **TARGET),
        "chip again": api.run(loaded, seed=OTHER_SEED, chip=7, threads=threads, **TARGET),
        "twin": api.run(loaded, seed=TWIN_SEED, chip=snapshot, threads=threads, **TARGET),
        "nominal": api.run(loaded, seed=TWIN_SEED, threads=threads, **TARGET),
    }
    weights = {name: run.weights["feedback"].ravel() for name, run in runs.items()}
    numbers = {f"angle_{name.replace(' ', '_')}": float(run.metrics["angle_final"]) for name, run in runs.items()}
    for name in ("chip again", "twin", "nominal"):
        difference = weights[name] - weights["chip"]
        numbers[f"weights_rms_{name.replace(' ', '_')}"] = float(np.sqrt(np.mean(difference**2)))
    _paint_twin(weights, out / "calibration_twin.png")
    return numbers


def _paint_twin(weights: dict[str, Any], path: Path) -> None:
    figure = style.new_figure(width=9.0, height=3.4)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, name, colour in zip(panels, ("chip again", "twin", "nominal"), style.COLOURS, strict=False):
        axes.plot(weights["chip"], weights[name], linestyle="none", marker=".", markersize=2.5, color=colour)
        axes.axline((0.0, 0.0), slope=1.0, color=style.REFERENCE, linewidth=0.8)
        style.prepare(axes, title=name, x="learned weight on the chip [mV]", y="[mV]")
    figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Write figures and numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    parser.add_argument("--work", type=Path, default=Path("runs/calibration"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    parts = (
        ("chip_alignment.yaml", "angle_final", "angle between W^T and B after 600 s [degrees]", False),
        ("chip_sampling.yaml", "dkl_final", "DKL after 1000 s", True),
    )
    for recipe, name, label, log in parts:
        rows = measure(recipe, name, options.work, options.threads)
        stem = f"calibration_{recipe.removeprefix('chip_').removesuffix('.yaml')}"
        write(rows, options.out / f"{stem}.csv")
        paint(rows, name, label, options.out / f"{stem}.png", log=log)
    write(_recovery_rows(options.work), options.out / "calibration_recovery.csv")
    numbers = twin(options.work, options.out, options.threads)
    (options.out / "calibration_twin.json").write_text(json.dumps(numbers, indent=2, sort_keys=True) + "\n")


def _recovery_rows(work: Path) -> list[dict[str, Any]]:
    rows = []
    for seed in SEEDS:
        found = json.loads((work / f"chip{seed}.snapshot.metrics.json").read_text())
        rows += [{"chip": seed, **table} for table in found["tables"]]
    return rows


if __name__ == "__main__":
    main()

"""One recipe on every target: angle over time, also with flipped sign and without plasticity; a table and a figure."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from sal_hw.contracts.targets import load_target, target_names
from sal_hw.errors import SalHwError
from sal_hw.plots import style
from sal_hw.workflow import api

RECIPE = Path(__file__).parents[1] / "recipes" / "two_populations.yaml"

CASES = {
    "aligning": (),
    "inverted": ("parameters.polarity=inverted",),
    "without plasticity": ("parameters.plastic=false",),
}

#: sensors of the chip pair a spike with the last one only
PRESETS = {"brainscales2": ("nearest",)}


def measure(target: str, seed: int) -> dict[str, api.Run]:
    """Return the runs of all cases on a target; emulated where the target is a machine."""
    emulate = load_target(target).emulator is not None
    runs = {}
    for case, overrides in CASES.items():
        recipe = api.load_recipe(RECIPE, overrides=overrides, presets=PRESETS.get(target, ()))
        runs[case] = api.run(recipe, target=target, emulate=emulate, seed=seed, figures=False)
    return runs


def is_real(target: str) -> bool:
    """Whether programs of a target run for real here, without emulation."""
    return load_target(target).emulator is None


def paint(found: dict[str, dict[str, api.Run]], path: Path) -> None:
    """Draw the angle over model time of every target and case."""
    figure = style.new_figure(width=7.6, height=4.6)
    axes = figure.subplots()
    looks = {"aligning": "-", "inverted": "--", "without plasticity": ":"}
    for number, (_, runs) in enumerate(found.items()):
        for case, run in runs.items():
            trace = run.result.traces["alignment.angle"]
            seconds = trace.at * 2.0
            axes.plot(
                seconds, trace.values, linestyle=looks[case], color=style.colour(number, len(found)), linewidth=1.4
            )
    style.prepare(axes, x="model time [s]", y="angle between W^T and B [degrees]")
    axes.set_ylim(0.0, 150.0)
    targets = [style.line(_name(name), color=style.colour(k, len(found))) for k, name in enumerate(found)]
    cases = [style.line(case, color=style.REFERENCE, linestyle=look) for case, look in looks.items()]
    style.legend(figure, targets, cases)
    figure.savefig(path, metadata={"Software": None})


def _name(target: str) -> str:
    return target if is_real(target) or target == "ideal" else f"{target}, emulated"


def rows(found: dict[str, dict[str, api.Run]]) -> list[dict[str, Any]]:
    """Return the table."""
    table = []
    for target, runs in found.items():
        row: dict[str, Any] = {"target": _name(target), "start": runs["aligning"].metrics["angle_initial"]}
        row |= {case: run.metrics["angle_final"] for case, run in runs.items()}
        table.append(row | {"verdict": runs["aligning"].health.verdict})
    return table


def main() -> None:
    """Write figure and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = {}
    for target in target_names():
        try:
            found[target] = measure(target, options.seed)
        except SalHwError as error:
            print(f"{target} left out: {error}")  # noqa: T201 - a script talks
    table = rows(found)
    with (options.out / "targets.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    for row in table:
        print("  ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))  # noqa: T201
    paint(found, options.out / "targets.png")


if __name__ == "__main__":
    main()

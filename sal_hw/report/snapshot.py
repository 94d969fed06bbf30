"""The report of a calibration snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import assert_never

from sal_hw.plots import snapshot_figures as figures
from sal_hw.report.page import embedded, render_page
from sal_hw.shell_words import command
from sal_hw.storage.single_files import NewFile, head_of
from sal_hw.target.description import TargetDescription
from sal_hw.target.quality import NOT_MEASURED, yields
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable

#: what a page says of its origin
_GENERATOR = "sal-hw snapshot report"

#: masked instances that are listed per table and reason
_MOST_PLACES = 12

#: time constant that windows are shown for, in ms of model time
_WINDOW_TAU_MS = 10.0


def report_snapshot(
    snapshot: CalibrationSnapshot, target: TargetDescription, *, min_yield: float, all_stages: Collection[str] = ()
) -> str:
    """Return the report of a snapshot as one HTML page; equal snapshots give equal pages.

    Parameters
    ----------
    target
        The kind of chip.
    min_yield
        Share of good instances below which a table counts as bad.
    all_stages
        Stages of a whole campaign, which the command that repeats this one need not name.
    """
    shares = yields(snapshot)
    low = sorted(name for name, share in shares.items() if share < min_yield)
    return render_page(
        "snapshot.html",
        {
            "generator": _GENERATOR,
            "header": {"chip_id": snapshot.chip_id},
            "low": low,
            "verdict": "below quality" if low else "good" if shares else "nothing was measured",
            "good": bool(shares) and not low,
            "line": _line(snapshot, shares, low, min_yield),
            "tables": [_entry(table, shares) for table in snapshot.tables],
            "pictures": [*_pictures(snapshot, target)],
            "masked": [entry for table in snapshot.tables for entry in _masked(table)],
            "provenance": [*_provenance(snapshot)],
            "command": _command(snapshot, all_stages),
        },
    )


def page_at(path: Path) -> NewFile:
    """Return a report that is to be written."""
    mark = f'<meta name="generator" content="{_GENERATOR}">'.encode()
    return NewFile(path=path, kind="such a page", is_ours=lambda path: mark in head_of(path))


def _line(snapshot: CalibrationSnapshot, shares: dict[str, float], low: list[str], min_yield: float) -> str:
    words = f"{len(snapshot.tables)} tables of {snapshot.target}, {snapshot.origin} at {snapshot.taken_at}"
    if not shares:
        return f"{words}; no instance was to be measured."
    worst = min(shares, key=shares.__getitem__)
    end = f"smallest yield {shares[worst]:.2%} ({worst})"
    return f"{words}; {end}. " + (f"Below {min_yield:.0%}: {', '.join(low)}." if low else "")


def _entry(table: ParameterTable, shares: dict[str, float]) -> dict[str, str]:
    good = table.measured[table.ok].astype(np.float64)
    low, median, high = np.quantile(good, (0.1, 0.5, 0.9)) if good.size else (np.nan,) * 3
    sigma = np.median(table.sigma[table.ok]) if table.sigma is not None and good.size else np.nan
    aim = 1.0 if table.unit == "1" else 0.0
    after = np.nan if table.after is None else np.sqrt(np.mean((table.after[table.ok] - aim) ** 2))
    numbers = {"low": low, "median": median, "high": high, "sigma": sigma, "after": after}
    return {
        "name": table.name,
        "unit": table.unit,
        **{name: "" if np.isnan(value) else f"{value:.4g}" for name, value in numbers.items()},
        "good": f"{good.size} of {table.ok.size}",
        "share": f"{shares[table.name]:.2%}" if table.name in shares else "",
    }


def _pictures(snapshot: CalibrationSnapshot, target: TargetDescription) -> Iterator[dict[str, str]]:
    grid = target.grid
    if grid is None:
        raise TypeError(f"{target.family} has no circuits to calibrate")
    drawn = [
        (
            "Neurons before and after",
            "Deviations of the circuits as they are, and what was left of them with corrected settings.",
            figures.paint_histograms(snapshot),
        ),
        ("Chip maps", "Every circuit at its place; white is not ok.", figures.paint_chip_maps(snapshot, grid)),
        (
            "Synapse and sensor maps",
            "Rows over columns; blocks of four synapses are averaged, and white ones hold something that is not ok.",
            figures.paint_sensor_maps(snapshot, grid),
        ),
        (
            "Windows",
            "Measured against requested; the band holds 80 % of the synapses.",
            figures.paint_windows(snapshot, _WINDOW_TAU_MS),
        ),
        *(
            (curve.name.capitalize(), "Observations, fits, residuals.", figures.paint_curve(curve))
            for curve in snapshot.curves
        ),
    ]
    for title, words, figure in drawn:
        data = embedded(figure)
        if data is not None:
            yield {"title": title, "words": words, "data": data}


def _masked(table: ParameterTable) -> Iterator[dict[str, Any]]:
    if table.why is None:
        return
    for code, reason in enumerate(table.reasons):
        if code == 0 or reason == NOT_MEASURED:
            continue
        places = np.argwhere(table.why == code)
        if len(places):
            told = "; ".join(" ".join(map(str, place)) for place in places[:_MOST_PLACES].tolist())
            more = f"; and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
            yield {"table": table.name, "reason": reason, "count": len(places), "places": told + more}


def _provenance(snapshot: CalibrationSnapshot) -> Iterator[tuple[str, str]]:
    yield "chip", snapshot.chip_id
    yield "target", snapshot.target
    yield "begun", snapshot.taken_at
    yield "finished", snapshot.finished_at or "not known"
    yield "hash", snapshot.hash
    yield "parent", snapshot.parent or "none"
    yield from snapshot.conditions
    yield from ((f"version of {name}", version) for name, version in snapshot.software)


def _command(snapshot: CalibrationSnapshot, all_stages: Collection[str]) -> str:
    options: list[str] = []
    for name, values in snapshot.conditions:
        if name.startswith("--"):
            # an option that was given several times is kept as one condition
            options += [word for value in values.split(f" {name} ") for word in (name, value)]
    match snapshot.origin:
        case "drawn":
            words = ["snapshot", "draw", "--seed", snapshot.chip_id.removeprefix("synthetic-")]
        case "measured":
            words = _calibrate_words(snapshot, all_stages)
        case _:
            assert_never(snapshot.origin)
    return command(*words, *options, "-o", "SNAPSHOT")


def _calibrate_words(snapshot: CalibrationSnapshot, all_stages: Collection[str]) -> list[str]:
    conditions = dict(snapshot.conditions)
    words = ["calibrate", "--target", snapshot.target]
    if snapshot.chip_id.startswith("synthetic-"):
        words += ["--synthetic", snapshot.chip_id.removeprefix("synthetic-")]
    if "seed" in conditions:
        words += ["--seed", conditions["seed"]]
    if conditions.get("neurons", "all") != "all":
        words += ["--only-neurons", conditions["neurons"]]
    stages = conditions.get("stages", "").split()
    if set(stages) != set(all_stages):
        words += [word for stage in stages for word in ("--stage", stage)]
    # other snapshots are known by their hash; where they are is the reader's business
    if conditions.get("given", "none") != "none":
        words += ["--given", "GIVEN"]
    if snapshot.parent is not None:
        words += ["--parent", "PARENT"]
    return words

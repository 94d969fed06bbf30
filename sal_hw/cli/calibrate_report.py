"""What ``sal-hw calibrate`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sal_hw.cli.console import show, show_json, show_table

if TYPE_CHECKING:
    from pathlib import Path

    from sal_hw.contracts.calibrator import FinishedCampaign, StageReport


def show_stages(stages: Sequence[tuple[str, tuple[str, ...], str]], *, as_json: bool) -> None:
    """Print what each stage measures and needs."""
    if as_json:
        entries = [{"name": name, "needs": list(needs), "measures": meaning} for name, needs, meaning in stages]
        show_json({"status": "ok", "stages": entries})
        return
    rows = [(name, ", ".join(needs) or "-", meaning) for name, needs, meaning in stages]
    show_table(rows, ("stage", "needs", "measures"))


def stage_entry(stage: StageReport) -> dict[str, Any]:
    """Return a stage as JSON data."""
    return {
        "name": stage.name,
        "kept": stage.kept,
        "seconds": round(stage.seconds, 3),
        "machine_s": stage.machine_s,
        "notes": list(stage.notes),
    }


def show_calibrated(done: FinishedCampaign, path: Path, yields: Mapping[str, float]) -> None:
    """Print how the stages went and where the snapshot is."""
    rows = [
        (
            stage.name,
            "kept" if stage.kept else f"{stage.seconds:.1f} s",
            f"{stage.machine_s:g} s",
            "; ".join(stage.notes),
        )
        for stage in done.stages
    ]
    show_table(rows, ("stage", "took", "model time", "notes"))
    worst = min(yields, key=yields.__getitem__, default=None)
    words = "" if worst is None else f"; smallest yield {yields[worst]:.2%} ({worst})"
    show(f"{done.snapshot.chip_id}: {len(done.snapshot.tables)} tables in {path}{words}")
    show(f"snapshot {done.snapshot.hash}")


def show_recovery(recovery: Mapping[str, Any]) -> None:
    """Print how well the truth was found."""
    show()
    show_table([_row(entry) for entry in recovery["tables"]], _HEADER)
    for entry in recovery["broken"]:
        show(
            f"broken {entry['kind']}: {entry['found']} of {entry['broken']} found; "
            f"{entry['masked_wrongly']} of {entry['instances'] - entry['broken']} working ones masked"
        )
    show("all criteria are met" if recovery["passed"] else "some criteria are NOT met")


_HEADER = ("table", "measured", "median error", "within tolerance", "wanted", "")


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    relative = entry["relative"]

    def number(value: float | None) -> str:
        if value is None:
            return "-"
        return f"{value:.2%}" if relative else f"{value:.3g} LSB"

    share, tolerance = entry["wanted_share"], number(entry["tolerance"])
    wanted = f"median <= {tolerance}" if share is None else f"{share:.0%} within {tolerance}"
    return (
        entry["table"],
        f"{entry['measured']} of {entry['instances']}",
        number(entry["median_error"]),
        f"{entry['within']:.2%}",
        wanted,
        "ok" if entry["passed"] else "FAILED",
    )

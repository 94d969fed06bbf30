"""``sal-hw snapshot diff``: what has changed between two snapshots of a chip."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.cli.console import show, show_json, show_next, show_table
from sal_hw.cli.options import AsJson, Debug
from sal_hw.cli.snapshot import SnapshotPath

if TYPE_CHECKING:
    from sal_hw.target.snapshot_diff import TableChange


def diff(old: SnapshotPath, new: SnapshotPath, as_json: AsJson = False, debug: Debug = False) -> int:
    """Compare two snapshots of one chip: per table how much it has changed, and whether errors explain it.

    Example: sal-hw snapshot diff monday.snapshot friday.snapshot
    """
    from sal_hw.target.snapshot_diff import FAR_PULL, compare_snapshots
    from sal_hw.target.snapshot_io import read_snapshot

    del debug
    first, second = read_snapshot(old), read_snapshot(new)
    changes = compare_snapshots(first, second)
    drifted = [change.name for change in changes if change.drifted]
    if as_json:
        header = {"chip_id": first.chip_id, "old": first.taken_at, "new": second.taken_at}
        show_json({"status": "ok", **header, "drifted": drifted, "tables": [asdict(change) for change in changes]})
        return 0
    show(f"{first.chip_id} of {first.target}: {first.taken_at} and {second.taken_at}")
    show()
    show_table([_row(change) for change in changes], _HEADER)
    show(f"far: instances that have changed by more than {FAR_PULL:g} standard errors; -: errors are not known")
    show(f"drifted: {', '.join(drifted) or 'nothing beyond the errors of the measurements'}")
    show_next("snapshot", "report", Path(new), "-o", Path(f"{new}.html"))
    return 0


_HEADER = (
    "table",
    "unit",
    "compared",
    "mean change",
    "rms change",
    "errors explain",
    "far",
    "masked",
    "good again",
    "",
)


def _row(change: TableChange) -> tuple[str, ...]:
    return (
        change.name,
        change.unit,
        str(change.compared),
        f"{change.mean:+.3g}",
        f"{change.rms:.3g}",
        "-" if change.explained is None else f"{change.explained:.3g}",
        "-" if change.far is None else str(change.far),
        str(change.newly_masked),
        str(change.newly_good),
        "DRIFTED" if change.drifted else "",
    )

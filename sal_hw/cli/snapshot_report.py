"""``sal-hw snapshot report``: one HTML page about a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sal_hw.cli.console import show, show_json
from sal_hw.cli.options import AsJson, Debug, Force
from sal_hw.cli.snapshot import SnapshotPath


def report(
    path: SnapshotPath,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.html", help="The page to write.")],
    min_yield: Annotated[
        float, typer.Option("--min-yield", min=0.0, max=1.0, help="Share of good instances that a table needs.")
    ] = 0.9,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Write one HTML page that works offline: verdict, tables, pictures, masked instances, provenance.

    Example: sal-hw snapshot report chip7.snapshot -o chip7.html
    """
    from sal_hw.contracts.targets import load_calibrator, load_target
    from sal_hw.report.snapshot import page_at, report_snapshot
    from sal_hw.storage.files import write_atomic, writing
    from sal_hw.storage.single_files import refuse_existing
    from sal_hw.target.snapshot_io import read_snapshot

    del debug
    refuse_existing(page_at(out), force=force)
    snapshot = read_snapshot(path)
    stages = [name for name, _, _ in load_calibrator().stages()] if snapshot.origin == "measured" else []
    page = report_snapshot(snapshot, load_target(snapshot.target).description, min_yield=min_yield, all_stages=stages)
    data = page.encode("utf-8")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, data)
    if as_json:
        show_json({"status": "ok", "page": str(out), "bytes": len(data)})
        return 0
    show(f"{snapshot.chip_id}: {len(data) / 1e6:.2f} MB in {out}")
    return 0

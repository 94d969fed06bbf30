"""``sal-hw calibrate``: measure a chip and write a snapshot of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sal_hw.cli.calibrate_report import show_calibrated, show_recovery, show_stages, stage_entry
from sal_hw.cli.calibrate_setup import (
    campaign_folder,
    neuron_ranges,
    open_bench,
    reference_instrument,
    stages_kept,
)
from sal_hw.cli.console import say, show_json, show_next
from sal_hw.cli.options import AsJson, CalibrationFile, Debug, Force
from sal_hw.cli.progress import stage_progress

if TYPE_CHECKING:
    from sal_hw.contracts.calibrator import FinishedCampaign
    from sal_hw.storage.single_files import NewFile

#: of the comparison with the truth
RECOVERY_KIND = "calibration-recovery"


def calibrate(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="SNAPSHOT", help="Folder to write the snapshot to.")
    ] = None,
    target: Annotated[str, typer.Option("--target", help="Kind of chip.")] = "brainscales2",
    synthetic: Annotated[
        int | None, typer.Option("--synthetic", metavar="SEED", help="Calibrate this emulated chip, not the machine.")
    ] = None,
    spreads: Annotated[
        list[str] | None,
        typer.Option("--spread", metavar="NAME=VALUE", help="Replace a default spread of the emulated chip."),
    ] = None,
    drifts: Annotated[
        list[str] | None,
        typer.Option("--drift", metavar="NAME=VALUE", help="How the emulated chip has changed until --at."),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Synthetic time, such as 2026-01-31T12:00:00Z.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the campaign.")] = 1,
    stages: Annotated[
        list[str] | None, typer.Option("--stage", metavar="NAME", help="Only this stage and those it needs.")
    ] = None,
    only_neurons: Annotated[
        str | None, typer.Option("--only-neurons", metavar="RANGES", help="Only these circuits: 0-31,256.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a campaign that was stopped.")] = False,
    parent: Annotated[
        Path | None, typer.Option("--parent", metavar="SNAPSHOT", help="The snapshot that this one continues.")
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option("--given", metavar="SNAPSHOT", help="Take its tables as known; do the named stages alone."),
    ] = None,
    calix: CalibrationFile = None,
    min_yield: Annotated[
        float, typer.Option("--min-yield", min=0.0, max=1.0, help="Least share of good instances per table.")
    ] = 0.9,
    against_truth: Annotated[
        bool, typer.Option("--against-truth", help="Compare with the truth about the emulated chip.")
    ] = False,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads; the result does not depend on it.")] = 2,
    list_stages: Annotated[bool, typer.Option("--list-stages", help="Say what each stage measures.")] = False,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Measure every neuron and synapse of a chip, stage by stage, and write a snapshot.

    Example: sal-hw calibrate --target brainscales2 --synthetic 7 -o chip7.snapshot
    """
    from sal_hw.contracts.calibrator import CampaignOptions
    from sal_hw.contracts.targets import load_calibrator
    from sal_hw.storage.files import beside
    from sal_hw.storage.single_files import refuse_existing
    from sal_hw.target.quality import check_quality
    from sal_hw.target.snapshot_io import read_snapshot

    del debug
    calibrator = load_calibrator()
    if list_stages:
        show_stages(calibrator.stages(), as_json=as_json)
        return 0
    bench = open_bench(
        target,
        synthetic=synthetic,
        spreads=spreads or (),
        drifts=drifts or (),
        at=at,
        against_truth=against_truth,
        calix=calix,
        work=None if out is None else beside(out, ".calix"),
    )
    path = bench.checked_out(out, force=force)
    if against_truth:
        refuse_existing(_recovery_at(path), force=force)
    options = CampaignOptions(
        seed=seed,
        stages=None if stages is None else tuple(stages),
        neurons=neuron_ranges(only_neurons, bench.circuits),
        resume=resume,
        threads=threads,
        parent=None if parent is None else read_snapshot(parent),
        given=None if given is None else read_snapshot(given),
    )
    with campaign_folder(path) as folder:
        with stage_progress(quiet=as_json) as progress, stages_kept(folder):
            done = calibrator.calibrate(bench.instrument, folder, replace(options, progress=progress))
        check_quality(done.snapshot, min_yield=min_yield)
        calibrator.keep(path, done.snapshot, force=force)
        if not calibrator.remove(folder):
            say(f"{folder} stays, since it holds what is not of this campaign")
    recovery = None
    if bench.truth is not None and against_truth:
        say("comparing with the truth: activation functions are measured once more, for longer")
        recovery = calibrator.compare(done.snapshot, bench.truth, reference_instrument(bench), threads=threads)
    _show(done, path, recovery, as_json=as_json)
    return 0


def _recovery_at(snapshot: Path) -> NewFile:
    """Return the comparison with the truth that is to be written beside a snapshot."""
    from sal_hw.storage.files import beside
    from sal_hw.storage.single_files import NewFile, is_json_of

    path = beside(snapshot, ".metrics.json")
    return NewFile(path=path, kind="such a comparison", is_ours=lambda path: is_json_of(path, RECOVERY_KIND))


def _show(done: FinishedCampaign, path: Path, recovery: Mapping[str, Any] | None, *, as_json: bool) -> None:
    """Print the outcome, and write the comparison with the truth beside the snapshot."""
    from sal_hw.storage.files import json_bytes, write_atomic
    from sal_hw.target.quality import yields

    shares = yields(done.snapshot)
    if recovery is not None:
        write_atomic(_recovery_at(path).path, json_bytes({"kind": RECOVERY_KIND, **recovery}))
    if as_json:
        stages = [stage_entry(stage) for stage in done.stages]
        header = {"chip_id": done.snapshot.chip_id, "snapshot": str(path), "hash": done.snapshot.hash}
        show_json({"status": "ok", **header, "stages": stages, "yields": shares, "recovery": recovery})
        return
    show_calibrated(done, path, shares)
    if recovery is not None:
        show_recovery(recovery)
    show_next("snapshot", "report", path, "-o", Path(f"{path}.html"))

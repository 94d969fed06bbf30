"""A campaign: measures a chip stage by stage, keeps each stage the moment it is done, and ends in a snapshot."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.contracts.calibrator import CampaignOptions, FinishedCampaign, StageReport
from sal_hw.contracts.instrument import Instrument
from sal_hw.errors import InputError, Problem, SalHwError, quote_path
from sal_hw.storage.artifact import believing, is_unfinished
from sal_hw.storage.codec import digest
from sal_hw.storage.files import json_bytes, write_atomic, writing
from sal_hw.storage.locks import LOCK
from sal_hw.storage.ownership import check_new, remove_folder, why_foreign
from sal_hw.storage.reading import read_json
from sal_hw.target.snapshot import CalibrationSnapshot, Curve, ParameterTable
from sal_hw.target.snapshot_io import KIND, read_snapshot, write_snapshot
from sal_hw.target.tables import TABLES
from sal_hw_calibration.bench import Bench, Sites
from sal_hw_calibration.stages import Stage, chosen_stages

IDENTITY = "campaign.json"


def run_campaign(instrument: Instrument, folder: Path, options: CampaignOptions) -> FinishedCampaign:
    """Measure a chip.

    Parameters
    ----------
    folder
        Where results of stages are kept; it can be deleted once the snapshot is safe.

    Raises
    ------
    InputError
        E501 if the folder exists and is not to be resumed; E506 if it belongs to another campaign; E710 for an unknown
        stage.
    """
    stages = chosen_stages(options.stages, alone=options.given is not None)
    _open_folder(folder, _identity(instrument, options), resume=options.resume)
    bench = Bench(instrument=instrument, seed=options.seed, neurons=options.neurons, threads=options.threads)
    bench.learn(() if options.given is None else options.given.tables)
    curves: dict[str, Curve] = {}
    reports, done, total = [], 0.0, sum(stage.share for stage in stages)
    for stage in stages:
        options.progress(stage.name, done, total)
        begin, shares = time.perf_counter(), done
        bench.tick = lambda name=stage.name, at=shares: options.progress(name, at, total)  # type: ignore[misc]
        kept = _kept(folder, stage)
        part, notes = (kept, ()) if kept is not None else _measure(bench, stage, folder)
        bench.learn(part.tables)
        curves |= {curve.name: curve for curve in part.curves}
        done += stage.share
        machine_s = float(dict(part.conditions).get("machine_s", "0"))
        seconds = time.perf_counter() - begin
        reports.append(
            StageReport(name=stage.name, kept=kept is not None, seconds=seconds, machine_s=machine_s, notes=notes)
        )
    options.progress("done", total, total)
    return FinishedCampaign(snapshot=_joined(bench, folder, options, curves, stages), stages=tuple(reports))


def _identity(instrument: Instrument, options: CampaignOptions) -> dict[str, Any]:
    neurons = None if options.neurons is None else digest([int(site) for site in options.neurons])
    return {
        "chip_id": instrument.chip_id,
        "target": instrument.target,
        "conditions": dict(sorted(instrument.conditions.items())),
        "seed": options.seed,
        "neurons": neurons,
        "given": None if options.given is None else options.given.hash,
        "taken_at": instrument.now(),
    }


def _open_folder(folder: Path, identity: dict[str, Any], *, resume: bool) -> None:
    """Make the campaign's folder, or check that it belongs to this campaign."""
    path = folder / IDENTITY
    if not path.is_file():
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json_bytes(identity))
        return
    if not resume:
        raise InputError(
            Problem(
                code="E501",
                field="output",
                value=quote_path(folder),
                allowed="no campaign that was begun and not finished",
                hint="add --resume to go on with it, or delete the folder to begin anew",
            )
        )
    found = _read_identity(folder)
    # a chip on the bench is measured later than it was when the campaign began
    differing = sorted(key for key in {*identity, *found} - {"taken_at"} if identity.get(key) != found.get(key))
    if differing:
        raise InputError(
            Problem(
                code="E506",
                field="output",
                value=quote_path(folder),
                allowed=f"a campaign of the same chip, seed and neurons; it differs in: {', '.join(differing)}",
                hint="repeat the command line that began it",
            )
        )


def _read_identity(folder: Path) -> dict[str, Any]:
    with believing(folder / IDENTITY, "what a campaign is of, and when it began"):
        found = read_json(folder / IDENTITY)
        return {**found, "taken_at": str(found["taken_at"])}


def _begun_at(folder: Path) -> str:
    return str(_read_identity(folder)["taken_at"])


def _kept(folder: Path, stage: Stage) -> CalibrationSnapshot | None:
    """Return a stage's result if it was finished; what was left of an unfinished or damaged one is not used."""
    path = folder / stage.name
    if not path.is_dir() or is_unfinished(path):
        return None
    try:
        return read_snapshot(path)
    except SalHwError:
        return None


def _set_aside(path: Path) -> None:
    """Give another name to a stage's folder that is damaged, or holds what somebody else put there."""
    if why_foreign(path, KIND) is None or not path.exists():
        return
    aside = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    path.rename(next(free for free in aside if not free.exists()))


def _measure(bench: Bench, stage: Stage, folder: Path) -> tuple[CalibrationSnapshot, tuple[str, ...]]:
    before = bench.machine_ms
    outcome = stage.measure(bench)
    machine_s = (bench.machine_ms - before) * 1e-3
    part = CalibrationSnapshot(
        chip_id=bench.instrument.chip_id,
        target=bench.instrument.target,
        taken_at=_begun_at(folder),
        finished_at=bench.instrument.now(),
        origin="measured",
        tables=outcome.tables,
        curves=outcome.curves,
        conditions=(("machine_s", f"{machine_s:g}"),),
    )
    _set_aside(folder / stage.name)
    write_snapshot(folder / stage.name, part, force=True)
    return part, outcome.notes


def _joined(
    bench: Bench, folder: Path, options: CampaignOptions, curves: dict[str, Curve], stages: tuple[Stage, ...]
) -> CalibrationSnapshot:
    order = list(TABLES)
    tables = tuple(sorted(bench.known.values(), key=lambda table: order.index(table.name)))
    last = _kept(folder, stages[-1])
    conditions = bench.instrument.conditions | {
        "seed": str(options.seed),
        "stages": " ".join(stage.name for stage in stages),
        "neurons": "all" if options.neurons is None else _ranges(options.neurons),
        "given": "none" if options.given is None else options.given.hash,
    }
    return CalibrationSnapshot(
        chip_id=bench.instrument.chip_id,
        target=bench.instrument.target,
        taken_at=_begun_at(folder),
        finished_at=last.finished_at if last is not None else bench.instrument.now(),
        origin="measured",
        tables=tables,
        curves=tuple(curves[name] for name in sorted(curves)),
        conditions=tuple(sorted(conditions.items())),
        software=tuple(sorted(bench.instrument.software.items())),
        parent=None if options.parent is None else options.parent.hash,
    )


def _ranges(sites: Sites) -> str:
    breaks = np.flatnonzero(np.diff(sites) != 1) + 1
    parts = [(int(part[0]), int(part[-1])) for part in np.split(sites, breaks)]
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def keep_snapshot(path: Path, snapshot: CalibrationSnapshot, *, force: bool) -> None:
    """Write a snapshot so that at every moment the previous one, none, or the new one stands at `path`.

    Raises
    ------
    InputError
        E501 if there is one and `force` is false.
    """
    check_new(path, KIND, force=force)
    new, old = _beside(path, "new"), _beside(path, "old")
    for left in (new, old):
        if left.exists():
            remove_folder(left, KIND)
    write_snapshot(new, snapshot)
    if path.exists():
        path.rename(old)
    new.rename(path)
    if old.exists():
        remove_folder(old, KIND)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}.{suffix}")


def remove_campaign(folder: Path) -> bool:
    """Delete what a campaign has kept, and return whether the folder is gone: what is of others stays."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and why_foreign(path, KIND) is None:
            remove_folder(path, KIND)
    with writing(folder):
        (folder / IDENTITY).unlink(missing_ok=True)
        others = [path for path in folder.iterdir() if path.name != LOCK]
        if not others:
            (folder / LOCK).unlink(missing_ok=True)
            folder.rmdir()
    return not others


def with_tables(snapshot: CalibrationSnapshot, *tables: ParameterTable) -> CalibrationSnapshot:
    """Return a snapshot in which some tables are replaced."""
    new = {table.name: table for table in tables}
    return replace(snapshot, tables=tuple(new.get(table.name, table) for table in snapshot.tables))

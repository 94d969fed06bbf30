"""``sal-hw snapshot``: draw, show and verify calibration snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from sal_hw.cli.console import show, show_json, show_next, show_table
from sal_hw.cli.options import AsJson, Debug, Force
from sal_hw.errors import InputError, Problem, quote_value

if TYPE_CHECKING:
    from sal_hw.contracts.backend import ChipSource
    from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable

app = typer.Typer(
    help="Calibration snapshots: how one chip deviates from its kind.\n\n"
    "Example: sal-hw snapshot draw --seed 7 -o chips/7",
    no_args_is_help=True,
)

SnapshotPath: TypeAlias = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="Folder of a snapshot.")]


@app.command("draw")
def draw(
    seed: Annotated[int, typer.Option("--seed", help="Seed of the chip, 0 .. 2**64 - 1.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the snapshot to.")],
    spreads: Annotated[
        list[str] | None,
        typer.Option("--spread", metavar="NAME=VALUE", help="Replace a default spread; may be repeated."),
    ] = None,
    target: Annotated[str, typer.Option("--target", help="Kind of chip.")] = "brainscales2",
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Draw a synthetic chip and write the truth about it: every deviation of every circuit.

    Example: sal-hw snapshot draw --seed 7 --spread tau_mem=0.2 -o chips/7
    """
    from sal_hw.target.snapshot_io import write_snapshot

    del debug
    snapshot = _chip_source(target).draw_chip(seed, spreads=dict(parse_spread(word) for word in spreads or ()))
    if spreads:
        # in the form in which a command line takes them, so that it can be repeated
        snapshot = replace(snapshot, conditions=(("--spread", " --spread ".join(spreads)),))
    write_snapshot(out, snapshot, force=force)
    if as_json:
        show_json({"status": "ok", "folder": str(out), **_header(snapshot)})
        return 0
    show(f"{snapshot.chip_id} of {snapshot.target}: {len(snapshot.tables)} tables in {out}")
    show(f"snapshot {snapshot.hash}")
    show_next("snapshot", "show", out)
    return 0


def _chip_source(target: str) -> ChipSource:
    from sal_hw.contracts.backend import ChipSource
    from sal_hw.contracts.targets import load_target
    from sal_hw.workflow.machines import choose_backend

    backend = choose_backend(load_target(target), emulate=True)
    if not isinstance(backend, ChipSource):
        allowed = f"a target with chips that can be drawn; {target} has none"
        hint = "sal-hw targets --matrix shows whose chips are calibrated"
        raise InputError(Problem(code="E316", field="target", value=quote_value(target), allowed=allowed, hint=hint))
    return backend


def parse_spread(word: str) -> tuple[str, float]:
    """Return name and value of a word such as ``tau_mem=0.2``; E704 if it is none."""
    name, _, text = word.partition("=")
    try:
        return name, float(text)
    except ValueError as error:
        allowed = "a name, '=' and a number"
        hint = "for example --spread tau_mem=0.2"
        problem = Problem(code="E704", field="spread", value=quote_value(word), allowed=allowed, hint=hint)
        raise InputError(problem) from error


@app.command("show")
def show_snapshot(path: SnapshotPath, as_json: AsJson = False, debug: Debug = False) -> int:
    """Show whose snapshot it is, and per table the median, the range of the middle 80 % and how many are ok.

    Example: sal-hw snapshot show chips/7
    """
    from sal_hw.target.snapshot_io import read_snapshot

    del debug
    snapshot = read_snapshot(path)
    tables = [_summary(table) for table in snapshot.tables]
    if as_json:
        show_json({"status": "ok", **_header(snapshot), "tables": tables})
        return 0
    for name, value in _header(snapshot).items():
        show(f"{name.replace('_', ' ')}: {'none' if value is None else value}")
    show()
    show_table([_row(table) for table in tables], ("table", "unit", "median", "10 % .. 90 %", "ok"))
    show_next("snapshot", "verify", path)
    return 0


def _header(snapshot: CalibrationSnapshot) -> dict[str, Any]:
    names = ("chip_id", "target", "origin", "taken_at", "parent", "hash")
    return {name: getattr(snapshot, name) for name in names}


def _summary(table: ParameterTable) -> dict[str, Any]:
    import numpy as np

    usable = table.measured[table.ok]
    low, median, high = np.quantile(usable, (0.1, 0.5, 0.9)).tolist() if usable.size else (None, None, None)
    return {
        "name": table.name,
        "site": table.site,
        "unit": table.unit,
        "median": median,
        "low_10": low,
        "high_90": high,
        "ok": int(usable.size),
        "total": int(table.ok.size),
        "source": table.source,
    }


def _row(table: dict[str, Any]) -> tuple[str, ...]:
    known = table["ok"] > 0
    median = f"{table['median']:.4g}" if known else "-"
    spread = f"{table['low_10']:.4g} .. {table['high_90']:.4g}" if known else "-"
    return table["name"], table["unit"], median, spread, f"{table['ok']} of {table['total']}"


@app.command("verify")
def verify(path: SnapshotPath, as_json: AsJson = False, debug: Debug = False) -> int:
    """Check every byte, the hash and every number of a snapshot, and that it fits its kind of chip.

    Example: sal-hw snapshot verify chips/7
    """
    from sal_hw.contracts.targets import load_target, target_names
    from sal_hw.target.snapshot_io import check_snapshot, read_snapshot

    del debug
    snapshot = read_snapshot(path)
    known = snapshot.target in target_names()
    if known:
        check_snapshot(snapshot, load_target(snapshot.target).description)
    if as_json:
        show_json({"status": "ok", "compared_with_target": known, **_header(snapshot)})
        return 0
    fits = f"fits {snapshot.target}" if known else f"not compared with {snapshot.target}, which is not installed"
    show(f"ok: {snapshot.chip_id}, {len(snapshot.tables)} tables, {fits}")
    show_next("snapshot", "show", path)
    return 0

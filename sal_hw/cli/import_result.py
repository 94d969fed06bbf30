"""``sal-hw import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from sal_hw.cli.console import say, show, show_json, show_metrics, show_next
from sal_hw.cli.options import AsJson, Debug, Force

if TYPE_CHECKING:
    from sal_hw.workflow.api import Run


#: where something goes of which nobody says where
DEFAULT = Path("imported")

ProgramFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--program",
        metavar="DIR",
        help="Folder that sal-hw compile wrote. Default: the one that RESULT lies in.",
        show_default=False,
    ),
]


def import_result(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[RESULT]", help="Result folder of a run file.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Run folder, or with --calix the snapshot's folder. Default: imported, or imported-2 and so on.",
            show_default=False,
        ),
    ] = None,
    program: ProgramFolder = None,
    calix: Annotated[
        Path | None,
        typer.Option("--calix", metavar="FILE", help="Take over a calibration instead.", show_default=False),
    ] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="With --calix: read a pickle, which may run any code.")
    ] = False,
    chip_id: Annotated[
        str | None,
        typer.Option("--chip-id", help="With --calix: names the chip where FILE does not.", show_default=False),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw figures into the run folder.")] = True,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Take over what a run file left on a machine as a run, or a calibration as a snapshot.

    Example: sal-hw import build/result --program build --out runs/chip
    """
    del debug
    if (folder is None) == (calix is None):
        raise typer.BadParameter("give either a RESULT folder or --calix FILE")
    if calix is not None:
        return _calibration(calix, out, chip_id, trust_pickle=trust_pickle, force=force, as_json=as_json)
    from sal_hw.workflow.import_results import import_result as take_over

    result = folder or Path()
    compiled = program or result.absolute().parent
    finished = take_over(
        result, program_folder=compiled, out=out or DEFAULT, force=force, numbered=out is None, figures=figures
    )
    _show(finished, as_json=as_json)
    return 0


def _calibration(
    path: Path, out: Path | None, chip_id: str | None, *, trust_pickle: bool, force: bool, as_json: bool
) -> int:
    from sal_hw.target.snapshot_io import write_snapshot
    from sal_hw.workflow.import_results import import_calibration

    # the chips that calix calibrates
    snapshot = import_calibration(path, target="brainscales2", trust_pickle=trust_pickle, chip_id=chip_id)
    out = write_snapshot(out or DEFAULT, snapshot, force=force, numbered=out is None)
    names = [table.name for table in snapshot.tables]
    if as_json:
        show_json({"status": "ok", "folder": str(out), "chip_id": snapshot.chip_id, "tables": names})
        return 0
    show(f"{snapshot.chip_id} of {snapshot.target}, taken at {snapshot.taken_at}: {', '.join(names)}")
    show_next("snapshot", "show", out)
    return 0


def _show(finished: Run, *, as_json: bool) -> None:
    result = finished.result
    if as_json:
        health = result.health.as_document()
        found = {"folder": str(finished.folder), "figures": [str(path) for path in finished.figures]}
        metrics = {"metrics": result.metrics, "undefined": result.undefined}
        show_json({"status": "ok", **metrics, "health": health, "chip_id": result.chip_id, **found})
        return
    show_metrics(result.metrics, result.undefined, f"{result.target} (chip {result.chip_id}), seed {result.seed}")
    for path in finished.figures:
        show(f"figure: {path}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    show(f"folder: {finished.folder}")
    show(f"verdict: {result.health.verdict}")
    show_next("plot", "--list", finished.folder)

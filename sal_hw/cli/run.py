"""``sal-hw run``."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sal_hw.cli.console import say, show, show_json, show_metrics, show_next
from sal_hw.cli.options import (
    AsJson,
    Calibration,
    CalibrationFile,
    Chip,
    Debug,
    Force,
    MaxAge,
    Overrides,
    Presets,
    RecipePath,
    Seed,
    Strict,
    Target,
    Via,
)
from sal_hw.errors import DegradedError, Problem

if TYPE_CHECKING:
    from sal_hw.workflow.api import Recipe, Run
    from sal_hw.workflow.request import RunRequest


def run(
    recipe: RecipePath,
    target: Target = "ideal",
    emulate: Annotated[
        bool, typer.Option("--emulate", help="Run the program on the emulator instead of the machine.")
    ] = False,
    map_only: Annotated[
        bool, typer.Option("--map-only", help="Only map the program, with the machine's software but no machine.")
    ] = False,
    via: Via = None,
    calix: CalibrationFile = None,
    chip: Chip = None,
    calibration: Calibration = None,
    max_age: MaxAge = None,
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Run folder; by default a new one below runs/.", show_default=False),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads; the result does not depend on it.")] = 1,
    strict: Strict = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compile, but do not run.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in --out.")] = False,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw figures into the run folder.")] = True,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Run a recipe and store weights, metrics, traces and figures.

    Example: sal-hw run recipes/sampling.yaml --preset synaptic-noise --seed 3 --out runs/noisy
    """
    from sal_hw.cli.progress import interruptible, progress_bar
    from sal_hw.results.store import begins_anew
    from sal_hw.workflow import api
    from sal_hw.workflow.request import RunRequest

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the interrupted run")
    request = RunRequest(
        target=target,
        emulate=emulate,
        via=via,
        calibration_file=calix,
        chip=chip,
        calibration=calibration,
        max_calibration_age_hours=max_age,
        strict=strict,
        threads=threads,
        out=out if dry_run or out is not None else _new_folder(loaded),
        force=force,
        resume=resume,
        numbered=out is None,
        figures=figures,
    )
    if map_only:
        from sal_hw.cli.map_only import refuse_with, run_map_only

        refuse_with(emulate=emulate, dry_run=dry_run, resume=resume, via=via, calix=calix, chip=chip)
        return run_map_only(loaded, request, as_json=as_json)
    if dry_run:
        return _dry_run(loaded, request, as_json=as_json)
    if resume and request.out is not None and begins_anew(request.out):
        say("the run was interrupted before its first checkpoint: it begins anew")
    with interruptible() as interrupted, progress_bar(loaded.name, quiet=as_json, steps=loaded.job.counted) as progress:
        finished = api.run_as_asked(loaded, request, progress=progress, interrupted=interrupted)
    if finished.was_finished:
        say(f"{finished.folder} is finished already: nothing was left to resume")
    refused = DegradedError(_degraded(finished)) if strict and finished.health.verdict != "ok" else None
    _show(finished, refused, as_json=as_json)
    if refused is None:
        return 0
    if not as_json:
        say(refused.render())
    return refused.exit_code


def _new_folder(recipe: Recipe) -> Path:
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{recipe.name}-{stamp}-seed{recipe.seed}"


def _dry_run(recipe: Recipe, request: RunRequest, *, as_json: bool) -> int:
    from sal_hw.workflow.prepare import prepare

    prepared = prepare(recipe, request)
    program, backend = prepared.program, prepared.backend_name
    if as_json:
        found = {"program_hash": None if program is None else program.hash, "target": request.target}
        show_json({"status": "ok", **found, "backend": backend})
    elif program is None:
        show(f"{recipe.name} is a study: nothing is compiled, and it would run here")
        show_next("run", recipe.file.path)
    else:
        show(f"{recipe.name} compiles for {request.target} and would run on the {backend}")
        show(f"program {program.hash}")
        show(f"next: {request.command(recipe.file.path)}")
    return 0


def _show(finished: Run, refused: DegradedError | None, *, as_json: bool) -> None:
    result = finished.result
    if as_json:
        failure = {"status": "ok", "exit_code": 0, "problems": []}
        if refused is not None:
            problems = [problem.as_document() for problem in refused.problems]
            failure = {"status": "error", "exit_code": refused.exit_code, "problems": problems}
        document = {
            **failure,
            "metrics": result.metrics,
            "undefined": result.undefined,
            "health": result.health.as_document(),
            "folder": str(finished.folder),
            "figures": [str(path) for path in finished.figures],
        }
        show_json(document)
        return
    chip = "" if result.chip_id is None else f", chip {result.chip_id}"
    mode = f"emulate{chip}" if result.backend == "emulator" else f"{result.backend}{chip}"
    show_metrics(result.metrics, result.undefined, f"{result.target} ({mode}), seed {result.seed}")
    for path in finished.figures:
        show(f"figure: {path}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    show(f"folder: {finished.folder}")
    show(f"verdict: {result.health.verdict}")
    show_next("plot", "--list", finished.folder)


def _degraded(finished: Run) -> Problem:
    return Problem(
        code="E605",
        field="verdict",
        value=finished.health.verdict,
        allowed="a run without findings, since --strict was given: " + "; ".join(finished.result.warnings),
        hint=f"the results are kept in {finished.folder}",
    )

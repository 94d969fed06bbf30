"""``sal-hw run``."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sal_hw.cli.console import say, show, show_json, show_table
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
    from sal_hw.workflow.machines import Access


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
    from sal_hw.workflow import api
    from sal_hw.workflow.machines import Access

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the interrupted run")
    if map_only:
        from sal_hw.cli.map_only import refuse_with, run_map_only

        refuse_with(emulate=emulate, dry_run=dry_run, resume=resume, via=via, calix=calix, chip=chip)
        return run_map_only(loaded, target, out or _new_folder(loaded), strict=strict, force=force, as_json=as_json)
    if dry_run:
        if loaded.is_study:
            return _dry_study(loaded, target, chip, calibration, via, calix, as_json=as_json)
        access = Access(via=via, calibration_file=calix)
        return _dry_run(loaded, target, emulate, access, chip, calibration, strict=strict, as_json=as_json)
    folder = out or _new_folder(loaded)
    steps = "steps" if loaded.is_study else "updates"
    with interruptible() as interrupted, progress_bar(loaded.name, quiet=as_json, steps=steps) as progress:
        finished = api.run(
            loaded,
            target=target,
            emulate=emulate,
            via=via,
            calibration_file=calix,
            chip=chip,
            calibration=calibration,
            max_calibration_age_hours=max_age,
            strict=strict,
            threads=threads,
            out=folder,
            force=force,
            resume=resume,
            figures=figures,
            progress=progress,
            interrupted=interrupted,
        )
    refused = DegradedError(_degraded(finished)) if strict and finished.health.verdict != "ok" else None
    _show(finished, refused, as_json=as_json)
    if refused is None:
        return 0
    if not as_json:
        say(refused.render())
    return refused.exit_code


def _new_folder(recipe: Recipe) -> Path:
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{recipe.name}-{stamp}-seed{recipe.seed}"
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def _dry_run(
    recipe: Recipe,
    target: str,
    emulate: bool,
    access: Access,
    chip: str | None,
    calibration: str | None,
    *,
    strict: bool,
    as_json: bool,
) -> int:
    from sal_hw.contracts.targets import load_target
    from sal_hw.workflow import api
    from sal_hw.workflow.chip_choice import choose_chips
    from sal_hw.workflow.machines import choose_backend

    chosen = load_target(target)
    command = api.emulating(recipe, target)
    backend = choose_backend(chosen, emulate=emulate, access=access, command=command)
    chips = choose_chips(chosen, backend, chip, calibration)
    program, _ = api.compile_for(recipe, chosen, backend, chips, seed=recipe.seed, strict=strict)
    if as_json:
        show_json({"status": "ok", "program_hash": program.hash, "target": target, "backend": backend.name})
    else:
        show(f"{recipe.name} compiles for {target} and would run on the {backend.name}")
        show(f"program {program.hash}")
        named = (("--chip", chip), ("--calibration", calibration))
        options = [" --emulate" if emulate else "", *(f" {name} {value}" for name, value in named if value)]
        show(f"next: sal-hw run {recipe.file.path} --target {target}{''.join(options)}")
    return 0


def _dry_study(
    recipe: Recipe,
    target: str,
    chip: str | None,
    calibration: str | None,
    via: str | None,
    calix: Path | None,
    *,
    as_json: bool,
) -> int:
    from sal_hw.workflow.checked_recipe import check_study

    check_study(recipe, target=target, chip=chip, calibration=calibration, via=via, calix=calix)
    if as_json:
        show_json({"status": "ok", "program_hash": None, "target": target, "backend": "study"})
    else:
        show(f"{recipe.name} is a study: nothing is compiled, and it would run here")
        show(f"next: sal-hw run {recipe.file.path}")
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
            "health": result.health.as_document(),
            "folder": str(finished.folder),
            "figures": [str(path) for path in finished.figures],
        }
        show_json(document)
        return
    rows = [(name, _format(value)) for name, value in result.metrics.items() if name != "verdict"]
    chip = "" if result.chip_id is None else f", chip {result.chip_id}"
    mode = f"emulate{chip}" if result.backend == "emulator" else f"{result.backend}{chip}"
    show_table(rows, (f"{result.target} ({mode}), seed {result.seed}", "value"))
    for path in finished.figures:
        show(f"figure: {path}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    show(f"folder: {finished.folder}")
    show(f"verdict: {result.health.verdict}")
    show(f"next: sal-hw plot --list {finished.folder}")


def _format(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _degraded(finished: Run) -> Problem:
    return Problem(
        code="E605",
        field="verdict",
        value=finished.health.verdict,
        allowed="a run without findings, since --strict was given: " + "; ".join(finished.result.warnings),
        hint=f"the results are kept in {finished.folder}",
    )

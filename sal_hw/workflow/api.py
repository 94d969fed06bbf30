"""The Python interface: load a recipe, check it, compile it, run it, look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sal_hw.experiment.runner import RunOptions
from sal_hw.results.store import RunStore
from sal_hw.storage.codec import digest
from sal_hw.workflow.checked_recipe import Recipe, compile_recipe, load_recipe
from sal_hw.workflow.chip_choice import ChipChoice
from sal_hw.workflow.finished_run import Run, keep_result, load_run
from sal_hw.workflow.jobs.job import Prepared
from sal_hw.workflow.prepare import prepare
from sal_hw.workflow.request import DEFAULT_TARGET, RunRequest

__all__ = ["Recipe", "Run", "compile_recipe", "load_recipe", "load_run", "run", "run_as_asked"]


def run(
    recipe: Recipe,
    *,
    target: str = DEFAULT_TARGET,
    emulate: bool = False,
    via: str | None = None,
    calibration_file: str | os.PathLike[str] | None = None,
    chip: ChipChoice = None,
    calibration: ChipChoice = None,
    max_calibration_age_hours: float | None = None,
    strict: bool = False,
    seed: int | None = None,
    threads: int = 1,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    resume: bool = False,
    numbered: bool = False,
    figures: bool = True,
    progress: Callable[[int, int], None] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Run:
    """Compile a recipe, run it, and store the run if a folder is given; a study is run without compiling anything.

    Parameters
    ----------
    recipe
        From :func:`load_recipe`.
    target
        What the program is compiled for.
    emulate
        Run the program on the emulator instead of the machine; ``ideal`` always is emulated.
    via, calibration_file
        Front end of the machine's software, and its calibration of the machine; see
        :class:`sal_hw.workflow.machines.Access`.
    chip
        Which chip is emulated: None or ``nominal``, the seed of a synthetic chip, or a snapshot or its path.
    calibration
        What the compiler knows of the chip: None, a snapshot or its path, or ``truth``, which knows all of the
        emulated chip.
    max_calibration_age_hours
        Refuse a calibration that is older; None takes any.
    strict
        Refuse weights that the target cannot store instead of clipping and reporting them.
    seed
        Replaces the recipe's seed.
    threads
        Threads for independent chains; the result does not depend on it.
    out, force, resume, numbered
        Run folder; whether to replace a finished one; whether to go on with an interrupted one; whether to add a number
        to its name where something has it.
    figures
        Whether to draw the figures that the run can show into the folder.
    progress, interrupted
        Called with (updates done, total); asked whether to stop.

    Raises
    ------
    sal_hw.errors.SalHwError
        With code, field, value and hint.
    """
    request = RunRequest(
        target=target,
        emulate=emulate,
        via=via,
        calibration_file=None if calibration_file is None else Path(calibration_file),
        chip=chip,
        calibration=calibration,
        max_calibration_age_hours=max_calibration_age_hours,
        strict=strict,
        seed=seed,
        threads=threads,
        out=None if out is None else Path(out),
        force=force,
        resume=resume,
        numbered=numbered,
        figures=figures,
    )
    return run_as_asked(recipe, request, progress=progress, interrupted=interrupted)


def run_as_asked(
    recipe: Recipe,
    request: RunRequest,
    *,
    progress: Callable[[int, int], None] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Run:
    """Prepare a run, carry it out, and store it if a folder is given.

    Parameters
    ----------
    progress, interrupted
        As of :func:`run`.

    Raises
    ------
    sal_hw.errors.SalHwError
        With code, field, value and hint.
    """
    prepared = prepare(recipe, request)
    options = RunOptions(threads=request.threads, resume=request.resume)
    if progress is not None:
        options = replace(options, progress=progress)
    if interrupted is not None:
        options = replace(options, interrupted=interrupted)
    if request.out is None:
        return Run(result=prepared.run(options))
    if request.resume and RunStore.is_finished(request.out, prepared.identity):
        return replace(load_run(request.out), was_finished=True)
    document, header = recipe.file.document, {"recipe": recipe.name, "experiment_hash": digest(recipe.protocol)}
    with _open_store(request.out, request, prepared) as store:
        result = prepared.run(replace(options, store=store))
        return keep_result(result, prepared.program, store, document=document, header=header, figures=request.figures)


def _open_store(out: Path, request: RunRequest, prepared: Prepared) -> RunStore:
    if request.resume:
        return RunStore.resume(out, prepared.identity)
    return RunStore.create(out, prepared.identity, force=request.force, numbered=request.numbered)

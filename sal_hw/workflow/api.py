"""The Python interface: load a recipe, check it, compile it, run it, look at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sal_hw.contracts.targets import load_target
from sal_hw.experiment.runner import RunOptions, run_program
from sal_hw.experiment.study import STUDY_BACKEND, STUDY_TARGET, run_study
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Health, Metric, RunResult
from sal_hw.results.store import RunStore, read_run, read_spikes
from sal_hw.spec.protocols import NETWORK_PROTOCOLS
from sal_hw.spec.studies import StudyProtocol
from sal_hw.storage.codec import digest
from sal_hw.workflow.checked_recipe import (
    DEFAULT_TARGET,
    Recipe,
    check_study,
    compile_for,
    compile_recipe,
    emulating,
    load_recipe,
)
from sal_hw.workflow.chip_choice import Chips, Choice, choose_chips
from sal_hw.workflow.machines import Access, choose_backend
from sal_hw.workflow.map_only import map_only

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Recipe",
    "Run",
    "compile_for",
    "compile_recipe",
    "emulating",
    "keep_result",
    "load_recipe",
    "load_run",
    "map_only",
    "run",
]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    result
        What it gave.
    folder
        Where it is stored; None if it was not.
    figures
        Pictures that were written.
    """

    result: RunResult
    folder: Path | None = None
    figures: tuple[Path, ...] = field(default=())

    @property
    def metrics(self) -> dict[str, Metric]:
        """Named numbers, flat."""
        return self.result.metrics

    @property
    def health(self) -> Health:
        """Verdict and findings."""
        return self.result.health

    @property
    def weights(self) -> dict[str, Any]:
        """Final weights per projection, shape (pre, post)."""
        return self.result.weights

    def plot(self, kind: str) -> Figure:
        """Draw a figure, for example ``alignment``; ``sal-hw plot --list`` names the kinds."""
        from sal_hw.plots import draw

        return draw(kind, {f"seed {self.result.seed}": self.result})


def run(
    recipe: Recipe,
    *,
    target: str = DEFAULT_TARGET,
    emulate: bool = False,
    via: str | None = None,
    calibration_file: str | os.PathLike[str] | None = None,
    chip: Choice = None,
    calibration: Choice = None,
    max_calibration_age_hours: float | None = None,
    strict: bool = False,
    seed: int | None = None,
    threads: int = 1,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    resume: bool = False,
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
    out, force, resume
        Run folder; whether to replace a finished one; whether to go on with an interrupted one.
    figures
        Whether to draw the figures that the run can show into the folder.
    progress, interrupted
        Called with (updates done, total); asked whether to stop.

    Raises
    ------
    sal_hw.errors.SalHwError
        With code, field, value and hint.
    """
    used_seed = recipe.seed if seed is None else seed
    options = RunOptions(threads=threads, resume=resume)
    if progress is not None:
        options = replace(options, progress=progress)
    if interrupted is not None:
        options = replace(options, interrupted=interrupted)
    protocol = recipe.protocol
    if not isinstance(protocol, NETWORK_PROTOCOLS):
        check_study(recipe, target=target, chip=chip, calibration=calibration, via=via, calix=calibration_file)
        return _run_study(recipe, protocol, used_seed, options, out=out, force=force, figures=figures)
    chosen = load_target(target)
    access = Access(via=via, calibration_file=None if calibration_file is None else Path(calibration_file))
    backend = choose_backend(chosen, emulate=emulate, access=access, command=emulating(recipe, target))
    chips = choose_chips(chosen, backend, chip, calibration, max_age_hours=max_calibration_age_hours)
    program, chips = compile_for(recipe, chosen, backend, chips, seed=used_seed, strict=strict)
    identity = _identity(recipe, program, backend.name, used_seed, chips)
    store = _open_store(identity, out, force=force, resume=resume)
    result = run_program(
        program,
        protocol,
        backend,
        seed=used_seed,
        folder=recipe.file.folder,
        chip=chips.chip,
        options=replace(options, store=store),
    )
    return _kept(result, program, store, recipe, figures=figures)


def _run_study(
    recipe: Recipe,
    protocol: StudyProtocol,
    seed: int,
    options: RunOptions,
    *,
    out: str | os.PathLike[str] | None,
    force: bool,
    figures: bool,
) -> Run:
    identity = {"experiment_hash": digest(protocol), "target": STUDY_TARGET, "backend": STUDY_BACKEND}
    store = _open_store({**identity, "seed": seed}, out, force=force, resume=options.resume)
    options = replace(options, store=store)
    result = run_study(protocol, seed=seed, folder=recipe.file.folder, options=options)
    return _kept(result, None, store, recipe, figures=figures)


def _kept(
    result: RunResult, program: CompiledProgram | None, store: RunStore | None, recipe: Recipe, *, figures: bool
) -> Run:
    """Return the run, after completing its folder if it has one."""
    if store is None:
        return Run(result=result)
    document, header = recipe.file.document, {"recipe": recipe.name, "experiment_hash": digest(recipe.protocol)}
    return keep_result(result, program, store, document=document, header=header, figures=figures)


def _identity(recipe: Recipe, program: CompiledProgram, backend: str, seed: int, chips: Chips) -> dict[str, Any]:
    return {
        "program_hash": program.hash,
        "experiment_hash": digest(recipe.protocol),
        "target": program.target,
        "backend": backend,
        "seed": seed,
        "chip_hash": None if chips.chip is None else chips.chip.hash,
    }


def _open_store(
    identity: dict[str, Any], out: str | os.PathLike[str] | None, *, force: bool, resume: bool
) -> RunStore | None:
    if out is None:
        return None
    path = Path(out)
    return RunStore.resume(path, identity) if resume else RunStore.create(path, identity, force=force)


def keep_result(
    result: RunResult,
    program: CompiledProgram | None,
    store: RunStore,
    *,
    document: Mapping[str, Any],
    header: Mapping[str, Any],
    figures: bool,
) -> Run:
    """Complete a run folder: result, program, recipe, figures and manifest.

    Parameters
    ----------
    program
        What ran; None for a study.
    document
        The resolved recipe.
    header
        What the manifest says besides the result.
    """
    store.write_result(result, program, document)
    drawn: tuple[Path, ...] = ()
    if figures:
        from sal_hw.plots import write_figures

        recorded = replace(result, spikes=read_spikes(store.folder.path))
        drawn = write_figures(recorded, store.folder.path / "figures")
    store.finish(result, program, header)
    return Run(result=result, folder=store.folder.path, figures=drawn)


def load_run(path: str | os.PathLike[str]) -> Run:
    """Read a finished run folder, after checking every file against its manifest."""
    folder = Path(path)
    return Run(result=read_run(folder), folder=folder, figures=tuple(sorted((folder / "figures").glob("*.png"))))

"""A finished run: its result, its folder, and the figures in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sal_hw.program import CompiledProgram
from sal_hw.results.metrics import Metric
from sal_hw.results.result import Health, RunResult
from sal_hw.results.spike_store import read_spikes
from sal_hw.results.store import RunStore
from sal_hw.results.stored_run import read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    was_finished
        Whether it was there already, so that nothing was left to resume.
    """

    result: RunResult
    folder: Path | None = None
    figures: tuple[Path, ...] = field(default=())
    was_finished: bool = False

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

"""Figures as files: a picture, and its numbers beside it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.plots.kinds import available, collect, render, unusable_kinds
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult
from sal_hw.storage.files import write_atomic, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes, since no dates are written."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def save(figure: Figure, path: Path, data: FigureTable) -> tuple[Path, Path]:
    """Write a figure and its numbers, each whole or not at all.

    Parameters
    ----------
    figure
        From :func:`sal_hw.plots.draw` or :func:`sal_hw.plots.render`.
    path
        Of the picture, ending in ``.png``; its folder is made if needed.
    data
        The numbers, from :func:`sal_hw.plots.collect`; they go to the same name ending in ``.csv``, or in
        ``.npz`` if there are very many.

    Returns
    -------
    tuple of Path
        Picture and numbers.

    Raises
    ------
    InputError
        E502 or E503 if the files cannot be written.
    """
    _, content = data.file()
    numbers = numbers_beside(path, data)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(numbers, content)
    write_atomic(path, png_bytes(figure))
    return path, numbers


def numbers_beside(path: Path, data: FigureTable) -> Path:
    """Return where the numbers of a picture go."""
    return path.with_name(path.name.removesuffix(".png") + data.file()[0])


def write_figures(result: RunResult, folder: Path) -> tuple[Path, ...]:
    """Draw every kind of figure that a run can show into a folder.

    A kind that is installed and cannot be used is left out with a warning, so that a run is not lost for a picture.

    Returns
    -------
    tuple of Path
        The pictures.

    Raises
    ------
    InputError
        E502 or E503 if the files cannot be written.
    """
    label = f"seed {result.seed}"
    for problem in unusable_kinds():
        warnings.warn(problem.render(), RuntimeWarning, stacklevel=2)
    pictures = []
    for kind in available(result):
        table = collect(kind, {label: result})
        pictures.append(save(render(kind, table), folder / f"{kind}.png", table)[0])
    return tuple(pictures)

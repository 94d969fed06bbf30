"""Figures as files: a picture, and its numbers beside it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.plots.kinds import available, collect, render, unusable_kinds
from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult
from sal_hw.storage.files import sha256, write_atomic, writing
from sal_hw.storage.single_files import NewFile, has_digest, head_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: what a picture of ours says in the texts of its file: who drew it, and the sha256 of the file with its numbers
_SOFTWARE, _NUMBERS = "sal-hw", "Numbers-sha256"


def png_bytes(figure: Figure, numbers: bytes | None = None) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes, since no dates are written.

    Parameters
    ----------
    numbers
        The file with its numbers; the picture remembers its checksum.
    """
    about = {"Software": _SOFTWARE} | ({} if numbers is None else {_NUMBERS: sha256(numbers)})
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=about)
    return buffer.getvalue()


def picture_at(path: Path) -> NewFile:
    """Return a picture that is to be written."""
    return NewFile(path=path, kind="a picture", is_ours=lambda path: _texts(path).get("Software") == _SOFTWARE)


def numbers_at(path: Path, picture: Path) -> NewFile:
    """Return the numbers of a picture that are to be written: those that are there belong to it if it says so."""
    return NewFile(
        path=path,
        kind=f"the numbers of {picture}",
        is_ours=lambda path: has_digest(path, _texts(picture).get(_NUMBERS, "")),
    )


def _texts(path: Path) -> dict[str, str]:
    """Return the texts at the beginning of a PNG file, by keyword; none of a file that is none."""
    # https://www.w3.org/TR/png: a signature of 8 bytes, then chunks of length, type, content and checksum
    data, place, found = head_of(path), 8, {}
    while data.startswith(b"\x89PNG\r\n\x1a\n") and place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if kind == b"IDAT":
            break
        if kind == b"tEXt":
            word, _, text = data[place + 8 : place + 8 + length].decode("latin-1").partition("\0")
            found[word] = text
        place += length + 12
    return found


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
    write_atomic(path, png_bytes(figure, content))
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

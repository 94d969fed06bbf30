"""Folders of files with a manifest: how programs and runs stand on disk, and how they are read.

The manifest holds a sha256 of every file and is written last, so a folder without one is unfinished. Readers check
before they use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from numpy.typing import NDArray

from sal_hw.errors import InputError, IntegrityError, Problem, quote_path
from sal_hw.shell_words import shell_word
from sal_hw.storage.ownership import MANIFEST, MARKER, SEAL, listed_files, seal_of
from sal_hw.storage.reading import BROKEN, read_json, read_npz, read_regular, sha256_of

#: how folders of other kinds than runs and programs are made
_MAKERS = {"snapshot": "make one with sal-hw snapshot draw"}


def is_unfinished(path: Path) -> bool:
    """Whether a folder of ours was left before its manifest was written."""
    return (path / MARKER).is_file() and not (path / MANIFEST).is_file()


def _broken(path: Path, allowed: str, hint: str) -> IntegrityError:
    problem = Problem(code="E504", field="files", value=quote_path(path), allowed=allowed, hint=hint)
    return IntegrityError(problem)


@contextmanager
def believing(path: Path, allowed: str) -> Iterator[None]:
    """Turn whatever a damaged or foreign file makes go wrong into one error.

    Parameters
    ----------
    path
        The file or folder that is read.
    allowed
        What it should hold.

    Raises
    ------
    IntegrityError
        E504.
    """
    try:
        yield
    except BROKEN as error:
        raise _broken(path, allowed, "copy the folder again, or repeat what made it") from error


def read_manifest(
    path: Path, kind: str, *, schema_versions: tuple[int, ...], strict: bool = True, sealed_from: int = 0
) -> dict[str, Any]:
    """Return the manifest of a finished folder, after checking every file against it.

    Parameters
    ----------
    sealed_from
        Schema version from which on a manifest without checksum of itself is refused; 0 takes any.
    strict
        Whether files that the manifest does not list are refused; programs are run, and leave results, in their folder.

    Raises
    ------
    InputError
        E505 if `path` is no finished folder of that kind.
    IntegrityError
        E504 if the manifest cannot be read, or a file is missing, changed, or not listed.
    """
    if not (path / MANIFEST).is_file():
        maker = _MAKERS.get(kind, "name a folder made with --out")
        hint = f"continue it with --resume --out {shell_word(path)}" if kind == "run" and is_unfinished(path) else maker
        problem = Problem(
            code="E505",
            field="folder",
            value=quote_path(path),
            allowed=f"a finished {kind} folder",
            hint=hint,
        )
        raise InputError(problem)
    with believing(path / MANIFEST, "a readable manifest"):
        manifest = read_json(path / MANIFEST)
        listed: dict[str, object] = {**manifest["files"]}
        found_kind, version, seal = str(manifest["kind"]), manifest["schema_version"], seal_of(manifest)
    if found_kind != kind or type(version) is not int or version not in schema_versions:
        wanted = f"a {kind} of schema version {', '.join(map(str, schema_versions))}"
        raise _broken(path, f"{wanted}; this is a {found_kind} of version {version}", "use a newer sal-hw")
    if manifest.get(SEAL, None if 0 < sealed_from <= version else seal) != seal:
        raise _broken(path / MANIFEST, "the manifest that was written (its sha256 differs)", "copy the folder again")
    for name in sorted({*listed, *(listed_files(path) if strict else ())}):
        check_file(path, name, listed.get(name))
    return manifest


def check_file(folder: Path, name: str, expected: object) -> None:
    """Check that a file of a folder has the sha256 that is expected; None is that of no file.

    Raises
    ------
    IntegrityError
        E504 if it is missing, leaves the folder, or has another sha256.
    """
    path = folder / name
    if expected is None:
        raise _broken(path, "only files that the manifest lists", "move it out of the folder")
    if ".." in PurePath(name).parts or PurePath(name).is_absolute():
        raise _broken(folder / MANIFEST, "a manifest of files in its own folder", "copy the folder again")
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
        found = sha256_of(path) if inside else None
    except (OSError, ValueError, RuntimeError) as error:
        raise _broken(path, "every file that the manifest lists", "copy the folder again") from error
    if not inside:
        raise _broken(path, "a file of the folder; this is a link that leaves it", "copy the folder with its files")
    if found != expected:
        raise _broken(path, "the bytes that were written (sha256 differs)", "copy the folder again")


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file.

    Raises
    ------
    IntegrityError
        E504 if it cannot be read.
    """
    with believing(path, "a readable .npz file"):
        return read_npz(read_regular(path))

"""Single files: where one may be written, and which may be replaced, since it is provably what this program wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sal_hw.errors import InputError, Problem, quote_path
from sal_hw.storage.ownership import folder_with_manifest
from sal_hw.storage.reading import BROKEN, open_regular, read_json, sha256_of

#: bytes at the beginning of a file in which it says who wrote it
_HEAD = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file that is to be written.

    Attributes
    ----------
    path
        Where.
    kind
        What it will be, in words with an article.
    is_ours
        Whether a file that is there is what this program wrote, as the same kind; False if that cannot be told.
    """

    path: Path
    kind: str
    is_ours: Callable[[Path], bool]


def refuse_existing(*files: NewFile, force: bool, named: bool = True) -> None:
    """Refuse to write files into a folder that has a manifest, or where something is that may not be replaced.

    Parameters
    ----------
    force
        Whether files that are provably ours may be replaced.
    named
        Whether the user named the file; if not, nobody is told to replace it.

    Raises
    ------
    InputError
        E501, one finding per file.
    """
    problems = [problem for file in files if (problem := _refusal(file, force=force, named=named)) is not None]
    if problems:
        raise InputError(problems)


def _refusal(file: NewFile, *, force: bool, named: bool) -> Problem | None:
    path = file.path
    folder = folder_with_manifest(path)
    allowed, hint = "a file that does not exist yet; nothing is overwritten by accident", "name another file with -o"
    if folder is not None:
        allowed = f"a place outside of {folder}, whose manifest lists what belongs there"
        hint = "name a file in another folder with -o"
    elif not path.exists() and not path.is_symlink():
        return None
    elif path.is_symlink() or not file.is_ours(path):
        allowed = f"a new file, or {file.kind} that this program wrote and nobody changed; this is not provably one"
        hint += ", or move away what is to be kept"
    elif force:
        return None
    elif named:
        hint += ", or add --force to replace this one"
    return Problem(code="E501", field="output", value=quote_path(path), allowed=allowed, hint=hint)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a regular file; none if it cannot be read."""
    try:
        with open_regular(path) as stream:
            return stream.read(_HEAD)
    except BROKEN:
        return b""


def is_json_of(path: Path, kind: str) -> bool:
    """Whether a file holds a JSON object of a kind of ours."""
    try:
        return read_json(path).get("kind") == kind
    except BROKEN:
        return False


def has_digest(path: Path, digest: object) -> bool:
    """Whether the sha256 of a regular file is a given one."""
    try:
        return sha256_of(path) == digest
    except BROKEN:
        return False

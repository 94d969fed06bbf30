"""Folders of files with a manifest: how programs and runs stand on disk.

The manifest holds a sha256 of every file and is written last, so a folder without one is unfinished. Readers check
before they use.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import Any

from numpy.typing import NDArray

from sal_hw._version import __version__
from sal_hw.errors import InputError, IntegrityError, Problem, quote_value
from sal_hw.shell_words import shell_word
from sal_hw.storage.codec import canonical_json
from sal_hw.storage.files import json_bytes, npz_bytes, sha256, write_atomic, writing
from sal_hw.storage.reading import BROKEN, read_json, read_npz, read_regular, sha256_of

MANIFEST = "manifest.json"

#: a folder of ours that is not finished yet holds this file
MARKER = "unfinished.json"

#: key of the manifest's checksum of itself
SEAL = "manifest_sha256"

#: how folders of other kinds than runs and programs are made
_MAKERS = {"snapshot": "make one with sal-hw snapshot draw"}


class ArtifactFolder:
    """A folder in the making, or one that was left unfinished.

    Parameters
    ----------
    path
        The folder; it exists and holds the marker.
    kind
        What it will be, for example ``run``.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind

    @classmethod
    def create(cls, path: Path, kind: str, *, force: bool = False) -> ArtifactFolder:
        """Make a new folder.

        Raises
        ------
        InputError
            E501 if something of that name exists and `force` is false, or is not a folder of ours; E502 if the
            folder cannot be made.
        """
        if path.is_symlink() or path.exists():
            _make_way(path, force=force)
        with writing(path):
            path.mkdir(parents=True)
        folder = cls(path, kind)
        folder.write_json(MARKER, {"kind": kind, "created_utc": utc_now()})
        return folder

    def write(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all; subfolders are made."""
        target = self.path / name
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, data)

    def write_json(self, name: str, document: object) -> None:
        """Write a JSON file."""
        self.write(name, json_bytes(document))

    def write_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write an ``.npz`` file."""
        self.write(name, npz_bytes(arrays))

    def discard(self, name: str) -> None:
        """Delete a file of this unfinished folder."""
        with writing(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def finish(self, header: Mapping[str, Any], *, schema_version: int) -> None:
        """Write the manifest over all files and remove the marker: from now on the folder is complete."""
        names = sorted(_files(self.path))
        manifest = {
            **header,
            "kind": self.kind,
            "schema_version": schema_version,
            "created_utc": utc_now(),
            "tool_version": __version__,
            "files": {name: sha256_of(self.path / name) for name in names},
        }
        self.write_json(MANIFEST, {**manifest, SEAL: _seal(manifest)})
        self.discard(MARKER)


def _seal(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest's content without its seal."""
    content = {key: value for key, value in manifest.items() if key != SEAL}
    return sha256(canonical_json(content).encode())


def utc_now() -> str:
    """Return the present time, UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _files(path: Path) -> list[str]:
    found = (item for item in path.rglob("*") if item.is_file())
    names = (item.relative_to(path).as_posix() for item in found)
    return [name for name in names if name not in (MANIFEST, MARKER) and not name.endswith(".tmp")]


def check_new(path: Path, *, force: bool) -> None:
    """Refuse what :meth:`ArtifactFolder.create` would refuse, as far as it can be known without writing.

    Raises
    ------
    InputError
        E501 if something of that name exists and `force` is false, or is not a folder of ours; E502 if the folder
        could not be made.
    """
    if path.is_symlink() or path.exists():
        _refuse_to_replace(path, force=force)
    home = next(parent for parent in path.absolute().parents if parent.exists())
    with writing(path):
        if not home.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _make_way(path: Path, *, force: bool) -> None:
    _refuse_to_replace(path, force=force)
    with writing(path):
        shutil.rmtree(path)


def _refuse_to_replace(path: Path, *, force: bool) -> None:
    ours = path.is_dir() and not path.is_symlink() and ((path / MANIFEST).exists() or (path / MARKER).exists())
    if not force or not ours:
        raise InputError(
            Problem(
                code="E501",
                field="output",
                value=quote_value(str(path)),
                allowed="a folder that does not exist yet; nothing is overwritten by accident",
                hint="add --force to replace it"
                if ours
                else "choose another name; it holds something that was not written by this program",
            )
        )


def is_unfinished(path: Path) -> bool:
    """Whether a folder of ours was left before its manifest was written."""
    return (path / MARKER).is_file() and not (path / MANIFEST).is_file()


def _broken(path: Path, allowed: str, hint: str) -> IntegrityError:
    problem = Problem(code="E504", field="files", value=quote_value(str(path)), allowed=allowed, hint=hint)
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
            value=quote_value(str(path)),
            allowed=f"a finished {kind} folder",
            hint=hint,
        )
        raise InputError(problem)
    with believing(path / MANIFEST, "a readable manifest"):
        manifest = read_json(path / MANIFEST)
        listed: dict[str, object] = {**manifest["files"]}
        found_kind, version, seal = str(manifest["kind"]), manifest["schema_version"], _seal(manifest)
    if found_kind != kind or type(version) is not int or version not in schema_versions:
        wanted = f"a {kind} of schema version {', '.join(map(str, schema_versions))}"
        raise _broken(path, f"{wanted}; this is a {found_kind} of version {version}", "use a newer sal-hw")
    if manifest.get(SEAL, None if 0 < sealed_from <= version else seal) != seal:
        raise _broken(path / MANIFEST, "the manifest that was written (its sha256 differs)", "copy the folder again")
    for name in sorted({*listed, *(_files(path) if strict else ())}):
        _check_file(path, name, listed.get(name))
    return manifest


def _check_file(folder: Path, name: str, expected: object) -> None:
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

"""Making a folder of files with a manifest: one writer, every file whole, the manifest last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import NDArray
from typing_extensions import Self

from sal_hw._version import __version__
from sal_hw.errors import InputError
from sal_hw.storage.artifact import check_file
from sal_hw.storage.files import json_bytes, npz_bytes, sha256, utc_now, write_atomic, writing
from sal_hw.storage.locks import FolderLock
from sal_hw.storage.ownership import (
    MANIFEST,
    MARKER,
    SEAL,
    clear_folder,
    listed_files,
    read_marker,
    refuse_to_replace,
    remove_torn_files,
    seal_of,
)
from sal_hw.storage.reading import sha256_of

#: figures in a folder, which is not told of each of them
FIGURE_FILES = ("figures/*.png", "figures/*.csv", "figures/*.npz")


class ArtifactFolder:
    """A folder in the making, or one that was left unfinished; nobody else writes it before it is closed.

    Parameters
    ----------
    path
        The folder; it exists and holds the marker.
    kind
        What it will be, for example ``run``.
    lock
        Of the folder, held.
    names
        What this program has written or will write there, which the marker lists; patterns as of a shell, or names.
        None takes all that is found there for ours.
    """

    def __init__(
        self, path: Path, kind: str, *, lock: FolderLock | None = None, names: Iterable[str] | None = None
    ) -> None:
        self.path = path
        self.kind = kind
        self._lock = lock
        self._names = None if names is None else set(names)
        self._written: dict[str, str] = {}

    @classmethod
    def create(cls, path: Path, kind: str, *, force: bool = False, names: Iterable[str] = ()) -> ArtifactFolder:
        """Make a new folder.

        Parameters
        ----------
        names
            Of files that will be written there, see :meth:`expect`; naming them now spares a flush for each later.

        Raises
        ------
        InputError
            E501 if something of that name exists and `force` is false, or may not be replaced; E502 if the folder
            cannot be made; E509 if somebody else writes there.
        """
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.mkdir()
            except FileExistsError:
                refuse_to_replace(path, kind, force=force)
        lock = FolderLock.take(path)
        try:
            # somebody may have come first
            refuse_to_replace(path, kind, force=force)
            clear_folder(path, kind)
            folder = cls(path, kind, lock=lock, names=names)
            folder._write_marker()
        except BaseException:
            lock.release()
            raise
        return folder

    @classmethod
    def make(
        cls, path: Path, kind: str, *, force: bool = False, numbered: bool = False, names: Iterable[str] = ()
    ) -> ArtifactFolder:
        """Make a new folder; if `numbered`, the first of ``path``, ``path-2``, ... that is free; see :meth:`create`."""
        for number in count(1) if numbered else ():
            try:
                return cls.create(path if number == 1 else path.with_name(f"{path.name}-{number}"), kind, names=names)
            except InputError as error:
                if error.code not in ("E501", "E509"):
                    raise
        return cls.create(path, kind, force=force, names=names)

    @classmethod
    def reopen(cls, path: Path, kind: str) -> ArtifactFolder:
        """Open a folder that was left unfinished, and remove what was torn.

        Raises
        ------
        InputError
            E502 if the folder cannot be written; E509 if somebody else writes there.
        """
        lock = FolderLock.take(path)
        try:
            remove_torn_files(path)
            names = (read_marker(path) or {}).get("files")
            return cls(path, kind, lock=lock, names=names if isinstance(names, list) else None)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write the folder."""
        if self._lock is not None:
            self._lock.release()

    def expect(self, *names: str) -> None:
        """Note in the marker, before they are there, that files of these names or patterns are of this program."""
        if self._names is None or all(self._is_own(name) for name in names):
            return
        self._names.update(names)
        self._write_marker()

    def _is_own(self, name: str) -> bool:
        return self._names is None or any(fnmatchcase(name, own) for own in self._names)

    def _write_marker(self) -> None:
        """Say in the folder what is being made, and of which names its files are."""
        marker = {"kind": self.kind, "created_utc": utc_now(), "files": sorted(self._names or ())}
        write_atomic(self.path / MARKER, json_bytes(marker))

    def write(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all; subfolders are made."""
        target = self.path / name
        if name != MANIFEST:
            self.expect(name)
            self._written[name] = sha256(data)
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
        self._written.pop(name, None)
        with writing(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def trust(self, name: str, digest: str) -> None:
        """Check a file that was written before the folder was reopened.

        Raises
        ------
        IntegrityError
            E504 if it is missing or has another sha256.
        """
        check_file(self.path, name, digest)
        self._written[name] = digest

    def finish(self, header: Mapping[str, Any], *, schema_version: int) -> None:
        """Write the manifest over all files and remove the marker: the folder is complete, and others may write it."""
        manifest = {
            **header,
            "kind": self.kind,
            "schema_version": schema_version,
            "created_utc": utc_now(),
            "tool_version": __version__,
            "files": {name: self.digest(name) for name in listed_files(self.path) if self._is_own(name)},
        }
        self.write_json(MANIFEST, {**manifest, SEAL: seal_of(manifest)})
        self.discard(MARKER)
        self.close()

    def digest(self, name: str) -> str:
        """Return the sha256 of a file as it was written, whatever has happened to it since."""
        return self._written.get(name) or sha256_of(self.path / name)

"""What may be replaced: a folder all of whose files are provably what this program wrote, as one kind of thing."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sal_hw.errors import InputError, Problem, quote_path
from sal_hw.storage.codec import canonical_json
from sal_hw.storage.files import is_temporary, sha256, writing
from sal_hw.storage.locks import LOCK
from sal_hw.storage.reading import BROKEN, read_json, sha256_of

MANIFEST = "manifest.json"

#: a folder of ours that is not finished yet holds this file
MARKER = "unfinished.json"

#: key of the manifest's checksum of itself
SEAL = "manifest_sha256"

#: what every manifest of ours says
_KEYS = {"kind", "schema_version", "created_utc", "tool_version", "files"}

#: names that a refusal shows
_SHOWN = 3


def seal_of(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest's content without its seal."""
    content = {key: value for key, value in manifest.items() if key != SEAL}
    return sha256(canonical_json(content).encode())


def files_below(path: Path) -> list[str]:
    """Return all files, links and whatever else is no folder below a folder, except for its lock and torn files."""
    names: list[str] = []
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        names += [(here / name).relative_to(path).as_posix() for name in (*files, *links)]
    return sorted(name for name in names if name != LOCK and not is_temporary(name))


def listed_files(path: Path) -> list[str]:
    """Return the files of a folder that its manifest should list."""
    return [name for name in files_below(path) if name not in (MANIFEST, MARKER)]


def why_foreign(path: Path, kind: str) -> str | None:
    """Return why something may not be replaced by an artefact of a kind; None if it may.

    Returns
    -------
    str or None
        What it is or holds, in words that follow "since".
    """
    if path.is_symlink():
        return "it is a link"
    if not path.is_dir():
        return "it is a file"
    found = files_below(path)
    known, found_kind = _written(path)
    if known is None:
        return "it was not written by this program, or its manifest was changed" if found else None
    if found_kind != kind:
        return f"it is a {found_kind}, not a {kind}"
    foreign = [name for name in found if name not in (MANIFEST, MARKER) and not _is_written(path / name, name, known)]
    if not foreign:
        return None
    more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
    return f"this program did not write {', '.join(foreign[:_SHOWN])}{more} in it"


def _written(path: Path) -> tuple[dict[str, str | None] | None, str]:
    """Return what a folder of ours should hold, and its kind: names with their sha256, names and patterns without.

    None if it is no folder of ours as far as can be proven.
    """
    about = _read_object(path / MANIFEST)
    if about is not None:
        whole = _KEYS.issubset(about) and isinstance(about["files"], dict)
        whole = whole and about.get(SEAL, seal_of(about)) == seal_of(about)
        return (about["files"] if whole else None), str(about.get("kind"))
    about = read_marker(path)
    if about is None or (path / MANIFEST).exists():
        return None, ""
    files = about.get("files", [])
    return (dict.fromkeys(map(str, files)) if isinstance(files, list) else None), str(about.get("kind"))


def _is_written(path: Path, name: str, known: Mapping[str, str | None]) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if name in known:
        return known[name] is None or sha256_of(path) == known[name]
    return any(digest is None and fnmatchcase(name, pattern) for pattern, digest in known.items())


def _read_object(path: Path) -> dict[str, Any] | None:
    """Return a JSON object; None if there is none."""
    if path.is_symlink():
        return None
    try:
        return read_json(path)
    except BROKEN:
        return None


def check_new(path: Path, kind: str, *, force: bool) -> None:
    """Refuse what making a folder of a kind would refuse, as far as it can be known without writing.

    Raises
    ------
    InputError
        E501 if something of that name exists and `force` is false, or may not be replaced; E502 if the folder
        could not be made.
    """
    refuse_to_replace(path, kind, force=force)
    home = next(parent for parent in path.absolute().parents if parent.exists())
    with writing(path):
        if not home.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def refuse_to_replace(path: Path, kind: str, *, force: bool) -> None:
    """Refuse whatever is there, except for nothing, an empty folder, and what `force` may replace."""
    if not path.is_symlink() and (not path.exists() or (path.is_dir() and not files_below(path))):
        return
    foreign = why_foreign(path, kind)
    # one that was begun, and not even its first file was written, holds nothing
    begun = not (path / MANIFEST).exists() and not listed_files(path) if foreign is None else False
    if foreign is None and (force or begun):
        return
    allowed = "a folder that does not exist yet; nothing is overwritten by accident"
    hint = "add --force to replace it, or name another folder"
    if foreign is not None:
        allowed = f"a new folder, or a {kind} that holds nothing else; this is not replaced, since {foreign}"
        hint = "name another folder, or move away what is to be kept"
    raise InputError(Problem(code="E501", field="output", value=quote_path(path), allowed=allowed, hint=hint))


def folder_with_manifest(path: Path) -> Path | None:
    """Return the innermost folder of ours that a path lies in; None if there is none."""
    return next((parent for parent in path.absolute().parents if _written(parent)[0] is not None), None)


def read_marker(path: Path) -> dict[str, Any] | None:
    """Return what the marker of an unfinished folder says; None if there is none that can be read."""
    return _read_object(path / MARKER)


def clear_folder(path: Path, kind: str) -> None:
    """Delete the files of a folder that :func:`why_foreign` has nothing against; the folder and its lock stay.

    What says whose the files are goes last, so that the rest can be cleared after a crash.

    Raises
    ------
    ValueError
        If it is not to be cleared.
    """
    if why_foreign(path, kind) is not None:
        raise ValueError(f"{path} is no {kind} of ours")
    remove_torn_files(path)
    last = [name for name in (MARKER, MANIFEST) if (path / name).exists()]
    with writing(path):
        for name in (*(name for name in files_below(path) if name not in last), *last):
            (path / name).unlink()
        for folder, _, _ in os.walk(path, topdown=False):
            if Path(folder) != path:
                Path(folder).rmdir()


def remove_folder(path: Path, kind: str) -> None:
    """Delete a folder that may be replaced by an artefact of a kind; see :func:`refuse_to_replace` for others."""
    refuse_to_replace(path, kind, force=True)
    clear_folder(path, kind)
    with writing(path):
        (path / LOCK).unlink(missing_ok=True)
        path.rmdir()


def remove_torn_files(path: Path) -> None:
    """Delete what a process that was killed left of files that it was writing; nobody else may be writing."""
    with writing(path):
        for folder, _, files in os.walk(path):
            for name in files:
                if is_temporary(name):
                    (Path(folder) / name).unlink()

"""Snapshots on disk: a folder with ``snapshot.json``, ``tables.npz`` and, written last, ``manifest.json``.

``snapshot.json`` holds the header and, per table, name, site, unit, source and reasons. ``tables.npz`` holds the arrays
``NAME.measured``, ``NAME.ok`` and, where they are known, ``NAME.sigma``, ``NAME.residual``, ``NAME.after`` and
``NAME.why``, so numpy and json are all that a reader needs. Curves are there as ``curves.NAME.x`` and so on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sal_hw.errors import IntegrityError, Problem, quote_path
from sal_hw.storage.artifact import read_arrays, read_manifest
from sal_hw.storage.codec import decode, frozen
from sal_hw.storage.files import json_bytes
from sal_hw.storage.folder import ArtifactFolder
from sal_hw.storage.ownership import MANIFEST
from sal_hw.storage.reading import BROKEN, read_json, read_regular
from sal_hw.target.snapshot import READABLE_SCHEMAS, SNAPSHOT_SCHEMA, CalibrationSnapshot
from sal_hw.target.snapshot_checks import check_snapshot, check_tables

__all__ = ["check_snapshot", "read_snapshot", "write_snapshot"]

KIND = "snapshot"
HEADER = "snapshot.json"
ARRAYS = "tables.npz"

_TEXTS = (
    "chip_id",
    "target",
    "taken_at",
    "finished_at",
    "origin",
    "parent",
    "schema_version",
    "conditions",
    "software",
)
_TABLE_TEXTS = ("name", "site", "unit", "source", "reasons")
_TABLE_ARRAYS = ("measured", "ok", "sigma", "residual", "after", "why")
_CURVE_TEXTS = ("name", "x_name", "x_unit", "y_name", "y_unit")
_CURVE_ARRAYS = ("x", "y", "instances", "fitted")

#: what the texts of a header and of a table were in version 1
_FIRST_TEXTS = ("chip_id", "target", "taken_at", "origin", "parent", "schema_version")
_FIRST_TABLE_TEXTS = ("name", "site", "unit", "source")

#: arrays of curves are kept under this name
_CURVES = "curves"


def write_snapshot(path: Path, snapshot: CalibrationSnapshot, *, force: bool = False, numbered: bool = False) -> Path:
    """Write a snapshot into a folder of its own, and return the folder.

    Parameters
    ----------
    numbered
        Take the first of ``path``, ``path-2``, ... that is free.

    Raises
    ------
    InputError
        E501 if something of that name exists and `force` is false; E502 or E503 if it cannot be written.
    CalibrationError
        E703 if it could not be read again: unknown tables, wrong shapes, absurd numbers.
    """
    check_tables(snapshot)
    # one that was read in an older form is written in the present one
    snapshot = replace(snapshot, schema_version=SNAPSHOT_SCHEMA)
    header: dict[str, Any] = {name: getattr(snapshot, name) for name in _TEXTS}
    tables = [{name: getattr(table, name) for name in _TABLE_TEXTS} for table in snapshot.tables]
    curves = [{name: getattr(curve, name) for name in _CURVE_TEXTS} for curve in snapshot.curves]
    summary = {name: header[name] for name in ("chip_id", "target", "taken_at", "origin", "parent")}
    with ArtifactFolder.make(path, KIND, force=force, numbered=numbered, names=(HEADER, ARRAYS)) as folder:
        folder.write_json(HEADER, {**header, "hash": snapshot.hash, "tables": tables, _CURVES: curves})
        folder.write_arrays(ARRAYS, _arrays(snapshot))
        folder.finish({**summary, "snapshot_hash": snapshot.hash}, schema_version=SNAPSHOT_SCHEMA)
    return folder.path


def _arrays(snapshot: CalibrationSnapshot) -> dict[str, NDArray[Any]]:
    named = [(table.name, table, _TABLE_ARRAYS) for table in snapshot.tables]
    curves = [(f"{_CURVES}.{curve.name}", curve, _CURVE_ARRAYS) for curve in snapshot.curves]
    arrays: dict[str, NDArray[Any]] = {}
    for prefix, owner, parts in (*named, *curves):
        found = {part: getattr(owner, part) for part in parts}
        arrays |= {f"{prefix}.{part}": array for part, array in found.items() if array is not None}
    return arrays


def read_snapshot(path: Path) -> CalibrationSnapshot:
    """Return the snapshot of a folder, after checking every byte, its hash and its numbers.

    Raises
    ------
    InputError
        E505 if it is no finished snapshot folder.
    IntegrityError
        E504 if a file does not match the manifest or the format is of another version; E701 if the content does not
        have the hash it was written with.
    CalibrationError
        E703 if a table is unknown, has a wrong shape, or holds numbers that are not finite or absurd.
    """
    manifest = read_manifest(path, KIND, schema_versions=READABLE_SCHEMAS, sealed_from=2)
    # its seal is of the content, which has more than one spelling
    if manifest["schema_version"] > 1 and read_regular(path / MANIFEST) != json_bytes(manifest):
        raise _damaged(path / MANIFEST, "the manifest byte by byte as it was written")
    snapshot, written_hash = _rebuild(path)
    told = {name: manifest.get(name) for name in ("chip_id", "target", "taken_at", "origin", "parent")}
    if any(value != getattr(snapshot, name) for name, value in told.items()):
        raise _damaged(path, "a manifest that names the same chip, target and time as the snapshot")
    if not snapshot.hash == written_hash == manifest.get("snapshot_hash"):
        raise _damaged(path, "the content that was written (its hash differs)")
    check_tables(snapshot)
    return snapshot


def _rebuild(path: Path) -> tuple[CalibrationSnapshot, str]:
    """Return the snapshot as it stands there, and the hash that it should have."""
    if not (path / HEADER).is_file() or not (path / ARRAYS).is_file():
        raise _damaged(path, f"the files {HEADER} and {ARRAYS}")
    arrays = {name: frozen(array) for name, array in read_arrays(path / ARRAYS).items()}
    try:
        document = read_json(path / HEADER)
        written_hash = str(document.pop("hash"))
        first = document["schema_version"] == 1
        if set(document) != ({*_FIRST_TEXTS, "tables"} if first else {*_TEXTS, "tables", _CURVES}):
            raise KeyError("fields of the header")
        texts = _FIRST_TABLE_TEXTS if first else _TABLE_TEXTS
        document["tables"] = [
            _with_arrays(dict(table), "", texts, _TABLE_ARRAYS, arrays) for table in document["tables"]
        ]
        document[_CURVES] = [
            _with_arrays(dict(curve), f"{_CURVES}.", _CURVE_TEXTS, _CURVE_ARRAYS, arrays)
            for curve in document.get(_CURVES, ())
        ]
        snapshot = decode(CalibrationSnapshot, document, arrays)
    except BROKEN as error:
        raise _damaged(path / HEADER, "a readable snapshot") from error
    if set(_arrays(snapshot)) != set(arrays):
        raise _damaged(path / ARRAYS, f"the arrays of the tables that {HEADER} lists, each once")
    return snapshot, written_hash


def _with_arrays(
    texts: dict[str, Any],
    prefix: str,
    names: tuple[str, ...],
    parts: tuple[str, ...],
    arrays: dict[str, NDArray[Any]],
) -> dict[str, Any]:
    if set(texts) != set(names):
        raise KeyError("fields of a table or curve")
    found = {part: arrays.get(f"{prefix}{texts['name']}.{part}") for part in parts}
    return texts | {part: array for part, array in found.items() if array is not None}


def _damaged(path: Path, allowed: str) -> IntegrityError:
    hint = "restore the folder from a copy, or calibrate again"
    return IntegrityError(Problem(code="E701", field=KIND, value=quote_path(path), allowed=allowed, hint=hint))

"""Spoils files as an accident or a stranger would: values, keys, arrays, bytes; and seals folders again."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.storage.codec import digest, with_arrays
from sal_hw.storage.files import json_bytes, npz_bytes, sha256
from sal_hw.storage.ownership import MANIFEST, SEAL, seal_of
from sal_hw.storage.reading import read_npz

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 10**30, 2**63, 1e300, "", "x", "a" * 300, "10 ms", [], {}, [1], {"a": 1}),
    *("\ud800", "../x", "/etc/passwd", "weights.npz", "$array"),
)


def spots(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container of a tree with each of its keys or indices."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        yield from spots(value)


def spoilt_tree(rng: random.Random, tree: Any) -> Any:
    """Return a JSON document with one or two things changed."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.randint(1, 2)):
        found = list(spots(tree))
        if not found:
            break
        container, key = rng.choice(found)
        action = rng.choice(["delete", "replace", "rename", "wrap", "deep"])
        if action == "delete":
            del container[key]
        elif action == "rename" and isinstance(container, dict):
            container[rng.choice(["", "x", "a" * 300, f"{key}x"])] = container.pop(key)
        elif action == "wrap":
            container[key] = [container[key]]
        elif action == "deep":
            for _ in range(200):
                container[key] = [container[key]]
        else:
            container[key] = copy.deepcopy(rng.choice(VALUES))
    return tree


def spoilt_array(rng: random.Random, array: Any) -> Any:
    """Return an array of another shape, type or content."""
    array = np.array(array)
    types = ["i1", "u1", "f4", "i8", "f8", "?", "c16", "U8", "S8"]
    action = rng.choice(["flat", "type", "nan", "negative", "empty", "turned", "short", "deep"])
    if action == "type":
        return array.astype(rng.choice(types))
    if action == "nan":
        return np.full(array.shape, np.nan)
    if action == "negative":
        return array.astype(float) * -1e300 - 1
    if array.ndim and action in ("empty", "short"):
        return array[: 0 if action == "empty" else -1]
    return {"flat": array.reshape(-1), "turned": array.T}.get(action, array[None])


def spoilt_arrays(rng: random.Random, arrays: dict[str, Any]) -> dict[str, Any]:
    """Return arrays with one or two lost, renamed or changed."""
    arrays = dict(arrays)
    for _ in range(min(len(arrays), rng.randint(1, 2))):
        name = rng.choice(sorted(arrays))
        action = rng.choice(["lose", "rename", "change", "change", "change", "change"])
        if action == "change":
            arrays[name] = spoilt_array(rng, arrays[name])
        else:
            found = arrays.pop(name)
            arrays |= {} if action == "lose" else {rng.choice(["x", "x@ms", "a" * 300, f"{name}x"]): found}
    return arrays


def spoilt_bytes(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some changed, and sometimes cut short."""
    raw = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw[: rng.randrange(len(raw))]) if rng.random() < 0.2 else bytes(raw)


def spoil_folder(rng: random.Random, sound: Path, path: Path) -> str:
    """Copy a folder, spoil one of its files, and seal it again as somebody could who knows how.

    Returns
    -------
    str
        What was spoilt.
    """
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(sound, path)
    name = rng.choice(sorted(file.name for file in path.rglob("*.*") if file.suffix in (".json", ".npz")))
    file = next(path.rglob(name))
    how = rng.choice(["content", "content", "content", "bytes", "lose"])
    if how == "lose" and name != MANIFEST:
        file.unlink()
    elif how == "bytes":
        file.write_bytes(spoilt_bytes(rng, file.read_bytes()))
    elif file.suffix == ".npz":
        file.write_bytes(npz_bytes(spoilt_arrays(rng, read_npz(file.read_bytes()))))
    else:
        document = spoilt_tree(rng, json.loads(file.read_bytes()))
        file.write_bytes(json.dumps(document, indent=2, sort_keys=True).encode() + b"\n")
    if name != MANIFEST or how == "content":
        _seal(path, files=name != MANIFEST)
    return f"{how} of {name}"


def _seal(path: Path, *, files: bool) -> None:
    """Give programs and manifests the hashes that they would have if they were meant so."""
    try:
        document = json.loads((path / "program.json").read_bytes())
        arrays = read_npz((path / "program.npz").read_bytes())
        document["hash"] = digest(with_arrays(document["program"], arrays))
        (path / "program.json").write_bytes(json_bytes(document))
    except Exception:  # noqa: S110 - there is no program, or none that has a hash any more
        pass
    manifest = json.loads((path / MANIFEST).read_bytes())
    if files:
        found = [file for file in sorted(path.rglob("*")) if file.is_file() and file.name != MANIFEST]
        manifest["files"] = {file.relative_to(path).as_posix(): sha256(file.read_bytes()) for file in found}
    if isinstance(manifest, dict):
        manifest[SEAL] = seal_of(manifest)
    (path / MANIFEST).write_bytes(json_bytes(manifest))

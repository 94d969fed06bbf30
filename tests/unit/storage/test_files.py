"""A file stands whole under its name or not at all; equal content gives equal bytes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.storage.files import beside, is_temporary, json_bytes, npz_bytes, write_atomic
from sal_hw.storage.reading import read_npz

Failing = Callable[[Any, int, BaseException], Callable[..., Any]]


def temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob("*.tmp"))


#: everything that write_atomic asks of the operating system, and whether it comes before the new name is taken
_WRITE_POINTS = [
    (Path, "open", 1),
    (os, "fsync", 1),
    (Path, "replace", 1),
]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()], ids=["EIO", "ctrl-c"])
@pytest.mark.parametrize(("owner", "name", "at"), _WRITE_POINTS, ids=[point[1] for point in _WRITE_POINTS])
@pytest.mark.parametrize("old", [b"old content", None], ids=["replaces", "new"])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: bytes | None,
    owner: object,
    name: str,
    at: int,
    error: BaseException,
    failing: Failing,
) -> None:
    path = tmp_path / "file.json"
    if old is not None:
        path.write_bytes(old)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), at, error))
        with pytest.raises((InputError, KeyboardInterrupt)) as caught:
            write_atomic(path, b"new content")
    assert isinstance(caught.value, KeyboardInterrupt) == isinstance(error, KeyboardInterrupt)
    assert (path.read_bytes() if path.exists() else None) == old
    assert temporaries(tmp_path) == []


def test_a_write_is_flushed_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, order = tmp_path / "file", []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("replace"), replace(self, to))[1])
    write_atomic(path, b"content")
    assert order == ["fsync", "replace", "fsync"], "file, name, folder"
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_file_has_the_permissions_of_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("name", [".a.json.0a1b2c3d.tmp", "deep/.a.json.0a1b2c3d.tmp"])
def test_only_names_of_our_own_are_torn_files(name: str) -> None:
    assert is_temporary(name)
    assert not any(map(is_temporary, ("a.tmp", ".a.tmp", "notes.0a1b2c3d.tmp", ".a.json.0a1b2c3d.tmp2")))


def test_equal_arrays_give_equal_bytes() -> None:
    arrays = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([1, 2])}
    again = dict(reversed(list(arrays.items()))) | {"b": np.asfortranarray(arrays["b"])}
    assert npz_bytes(arrays) == npz_bytes(again)
    found = read_npz(npz_bytes(arrays))
    np.testing.assert_array_equal(found["b"], arrays["b"])


def test_single_numbers_stay_single_numbers() -> None:
    assert read_npz(npz_bytes({"done": np.array(7)}))["done"].shape == ()


def test_an_older_numpy_writes_the_same_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before numpy 2.2, every named argument of savez was an array."""
    save = np.savez
    monkeypatch.setattr(np, "savez", lambda file, **named: save(file, **{k: np.asarray(v) for k, v in named.items()}))
    assert set(read_npz(npz_bytes({"a": np.arange(5)}))) == {"a"}


def test_objects_and_nan_are_never_written() -> None:
    with pytest.raises(ValueError, match="array of objects"):
        npz_bytes({"a": np.array([object()])})
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"a": float("nan")})


def test_what_lies_beside_a_file_has_its_name_and_an_ending(tmp_path: Path) -> None:
    assert beside(tmp_path / "a.nir", ".json") == tmp_path / "a.nir.json"
    for nameless in (Path(), Path("/")):
        with pytest.raises(InputError) as caught:
            beside(nameless, ".json")
        assert caught.value.code == "E502"

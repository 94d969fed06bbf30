"""Files of numbers that somebody else has made: what is read, and what is refused before it takes memory."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.spec.arrays import read_values
from sal_hw.spec.values import FromFile

W = np.arange(6.0).reshape(2, 3)


def code_of(file: str, folder: Path, shape: tuple[int | None, ...] = (2, 3), key: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_values(FromFile(file=file, key=key), folder, shape, field="projections[0].weight")
    assert caught.value.field == "projections[0].weight.file"
    return caught.value.code


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i2", "<u8"])
def test_numbers_of_a_file(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "w.npy", W.astype(dtype))
    values = read_values(FromFile(file="w.npy"), tmp_path, (2, 3))
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, W)


def test_archive(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "w.npz", w=W, other=W.T)
    np.savez(tmp_path / "one.npz", only=W)
    np.testing.assert_array_equal(read_values(FromFile(file="w.npz", key="w"), tmp_path, (2, 3)), W)
    np.testing.assert_array_equal(read_values(FromFile(file="one.npz"), tmp_path, (2, 3)), W)
    assert code_of("w.npz", tmp_path) == "E403"
    assert code_of("w.npz", tmp_path, key="v") == "E403"
    assert code_of("w.npz", tmp_path, key="other") == "E405"


def test_subfolders_are_fine_and_links_inside_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "w.npy", W)
    (tmp_path / "link.npy").symlink_to(tmp_path / "data" / "w.npy")
    for file in ("data/w.npy", "link.npy"):
        np.testing.assert_array_equal(read_values(FromFile(file=file), tmp_path, (2, 3)), W)


def test_linked_folder_that_leaves_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    np.save(outside / "w.npy", W)
    (inside / "data").symlink_to(outside)
    assert code_of("data/w.npy", inside) == "E402"


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    (tmp_path / "p.npy").write_bytes(pickle.dumps(W))
    assert code_of("w.npy", tmp_path) == "E403"
    assert code_of("p.npy", tmp_path) == "E403"


def header_of(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "w.npy").write_bytes(header_of((10**6, 10**6)))
    assert code_of("w.npy", tmp_path, (10**6, 10**6)) == "E405"
    (tmp_path / "w.npy").write_bytes(header_of((10**4, 10**4)))
    assert code_of("w.npy", tmp_path, (10**4, 10**4)) == "E403"


def test_too_few_and_too_many_bytes(tmp_path: Path) -> None:
    raw = header_of((2, 3)) + W.tobytes()
    (tmp_path / "short.npy").write_bytes(raw[:-1])
    (tmp_path / "long.npy").write_bytes(raw + b"x")
    assert code_of("short.npy", tmp_path) == "E403"
    assert code_of("long.npy", tmp_path) == "E403"


def test_compressed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", header_of((2, 3)) + bytes(50_000_000))
    assert code_of("w.npz", tmp_path) == "E403"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04garbage", b"\x93NUMPY", b"\x93NUMPY\x09\x00\x00\x00{}"])
@pytest.mark.parametrize("name", ["w.npy", "w.npz"])
def test_broken_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert code_of(name, tmp_path) == "E403"


@pytest.mark.parametrize("seed", range(200))
def test_damaged_archives(tmp_path: Path, seed: int) -> None:
    np.savez_compressed(tmp_path / "w.npz", w=W)
    raw = bytearray((tmp_path / "w.npz").read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(0, len(raw), 3):
        raw[position] = rng.integers(256)
    (tmp_path / "w.npz").write_bytes(raw)
    try:
        read_values(FromFile(file="w.npz"), tmp_path, (2, 3))
    except InputError as error:
        damage = error
        assert damage.code.startswith(("E4", "E214"))


def test_a_key_needs_an_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", W)
    assert code_of("w.npy", tmp_path, key="w") == "E403"


def test_an_archive_is_opened_once_for_all_its_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory is as long as there are arrays, so that opening it for each would take time with their square."""
    opened = []
    original = zipfile.ZipFile.__init__
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *a, **k: (opened.append(a[1]), original(*a, **k))[1])
    path = tmp_path / "many.npz"
    for factor in (1.0, 2.0):
        np.savez(path, **{f"w{number}": factor * number * W for number in range(50)})
        opened.clear()
        for number in range(50):
            values = read_values(FromFile(file="many.npz", key=f"w{number}"), tmp_path, (2, 3))
            np.testing.assert_array_equal(values, factor * number * W)
        assert opened == [path]

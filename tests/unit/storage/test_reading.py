"""Files that somebody else made: nothing is believed, no memory is taken for promises, and nothing is waited for."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sal_hw.storage import reading
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import BROKEN, parse_json, read_header, read_json, read_npz, read_regular, sha256_of


def npy(shape: str = "(2,)", descr: str = "'<f8'", data: bytes = bytes(16), version: bytes = b"\1\0") -> bytes:
    """Return an .npy file with any header."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode("latin1")
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header + data


def npz(*members: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return an .npz file with members that may be no arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"a{number}.npy", member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(7),
        np.zeros((0, 3)),
        np.array(["a", "äöü"]),
        np.array([b"x"]),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.arange(3, dtype=">u2"),
    ],
    ids=str,
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves_is_read_as_numpy_reads_it(array: np.ndarray, save: object) -> None:
    buffer = io.BytesIO()
    save(buffer, x=array)  # type: ignore[operator]
    found = read_npz(buffer.getvalue())["x"]
    assert found.dtype == array.dtype
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array, strict=True)


@pytest.mark.parametrize(
    "data",
    [
        npz(npy("(1000000000000,)")),
        npz(npy("(1000000, 1000000)", version=b"\2\0")),
        npz(npy("(-1,)")),
        npz(npy("(True,)")),
        npz(npy("(" * 500 + ")" * 500)),
        npz(npy("(2,)", "'|O'")),
        npz(npy("(2,)", "[('x', '<f8')]")),
        npz(npy("(2,)", "'<f99'")),
        npz(npy("(1000000000000,)", "'<U0'", b"")),
        npz(npy(data=bytes(15))),
        npz(npy(data=bytes(17))),
        npz(b""),
        npz(b"\x93NUMPY\1\0\xff\xff"),
        npz(b"some text"),
        npz(npy())[:-30],
        b"PK\3\4",
        b"",
    ],
)
def test_arrays_that_are_not_what_they_promise_are_refused(data: bytes) -> None:
    with pytest.raises(BROKEN):
        read_npz(data)


def test_an_encrypted_array_is_refused() -> None:
    data = bytearray(npz(npy()))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(BROKEN, match="encrypted"):
        read_npz(bytes(data))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB of zeros in 64 KiB; with a limit that they pass, they are read."""
    zeros = npz(npy("(8388608,)", data=bytes(2**26)), compression=zipfile.ZIP_DEFLATED)
    assert read_npz(zeros)["a0"].size == 2**23
    monkeypatch.setattr(reading, "ALWAYS_UNPACKED", 2**25)
    with pytest.raises(ValueError, match="unpacks to more than"):
        read_npz(zeros)


def test_what_is_hardly_compressed_may_be_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ALWAYS_UNPACKED", 10)
    values = np.random.default_rng(1).normal(size=10_000)
    np.testing.assert_array_equal(read_npz(npz_bytes({"x": values}))["x"], values)


def test_headers_are_not_repaired() -> None:
    """Python 2 wrote lengths as 2L; numpy reads these with a warning."""
    with pytest.raises(ValueError, match="header"):
        read_header(io.BytesIO(npy("(2L,)")))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "NaN", "[1e999]", "-Infinity", "\xff", "{"])
def test_json_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text.encode("latin1"))


def test_a_document_is_an_object(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ValueError, match="no JSON object"):
        read_json(tmp_path / "list.json")


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
@pytest.mark.parametrize("read", [read_regular, sha256_of, read_json])
def test_nothing_waits_for_a_pipe_or_reads_a_device(tmp_path: Path, read: object) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises((OSError, ValueError)):
            read(path)  # type: ignore[operator]


def test_a_file_of_any_size_takes_no_memory_beyond_its_limit(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match="more than"):
        read_regular(tmp_path / "sparse")

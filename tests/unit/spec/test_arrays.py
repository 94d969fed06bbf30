"""Numbers from files and generators."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.spec.arrays import derive_seed, draw_values, read_sparse, read_values, realize_values
from sal_hw.spec.values import Beta, Constant, FromFile, Normal, Table, Uniform

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


def sparse_code(folder: Path, **arrays: object) -> str:
    np.savez(folder / "edges.npz", **{key: np.asarray(value) for key, value in arrays.items()})
    with pytest.raises(InputError) as caught:
        read_sparse(FromFile(file="edges.npz"), folder, (3, 2))
    return caught.value.code


def test_edges(tmp_path: Path) -> None:
    np.savez(tmp_path / "edges.npz", pre=[2, 0], post=[1, 0], weight=[0.5, 1.5])
    edges = read_sparse(FromFile(file="edges.npz"), tmp_path, (3, 2))
    assert (edges.pre.tolist(), edges.post.tolist(), edges.weight.tolist()) == ([2, 0], [1, 0], [0.5, 1.5])


def test_wrong_edges(tmp_path: Path) -> None:
    assert sparse_code(tmp_path, pre=[0], post=[0]) == "E403"
    assert sparse_code(tmp_path, pre=[0, 1], post=[0], weight=[1.0]) == "E405"
    assert sparse_code(tmp_path, pre=[3], post=[0], weight=[1.0]) == "E405"
    assert sparse_code(tmp_path, pre=[0], post=[-1], weight=[1.0]) == "E405"
    assert sparse_code(tmp_path, pre=[0.0], post=[0], weight=[1.0]) == "E404"
    assert sparse_code(tmp_path, pre=[0, 0], post=[1, 1], weight=[1.0, 2.0]) == "E405"
    assert sparse_code(tmp_path, pre=[0], post=[0], weight=[np.inf]) == "E406"
    assert sparse_code(tmp_path, pre=[[0]], post=[[0]], weight=[[1.0]]) == "E405"


def test_normal_draws() -> None:
    source = Normal(mean=1.0, std=2.0, noise_std=0.1, symmetric=True, skip=5)
    rng = np.random.default_rng(3)
    rng.standard_normal(5)
    upper = np.triu(rng.normal(1.0, 2.0, (4, 4)), k=1)
    expected = upper + upper.T + rng.normal(0.0, 0.1, (4, 4))
    np.testing.assert_array_equal(draw_values(source, (4, 4), 3), expected)


def test_skip_continues_one_generator() -> None:
    both = np.random.default_rng(9).normal(0.0, 0.2, 98 + 7)
    np.testing.assert_array_equal(draw_values(Normal(std=0.2, skip=98, seed=9), (7,), 0), both[98:])


def test_own_seed_wins() -> None:
    source = Uniform(low=-1.0, high=2.0, seed=5)
    np.testing.assert_array_equal(draw_values(source, (3,), 1), draw_values(source, (3,), 2))
    assert not np.array_equal(draw_values(Uniform(low=0.0, high=1.0), (3,), 1), draw_values(source, (3,), 2))


def test_beta_draws_are_scaled() -> None:
    values = draw_values(Beta(alpha=0.5, beta=0.5, low=-1.0, high=3.0, symmetric=True), (50, 50), 0)
    assert (np.diag(values) == 0).all()
    assert (values == values.T).all()
    assert -1.0 <= values.min() < -0.5
    assert 2.5 < values.max() <= 3.0


def test_seeds_depend_on_run_and_name() -> None:
    seeds = {derive_seed(run, *names) for run in (0, 1, 2**64 - 1) for names in ((), ("a",), ("b",), ("a", "b"))}
    assert len(seeds) == 12
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_seeds_are_the_same_in_every_process() -> None:
    code = "from sal_hw.spec.arrays import derive_seed; print(derive_seed(7, 'forward', 'weight'))"
    environment = {"PYTHONHASHSEED": "123"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert int(said.stdout) == derive_seed(7, "forward", "weight")


def test_any_source(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", W)
    sources = [
        Constant(value=2.0),
        Table(values=W),
        FromFile(file="w.npy"),
        Normal(),
        Uniform(low=0.0, high=1.0),
    ]
    for source in sources:
        assert realize_values(source, (2, 3), rng_seed=1, folder=tmp_path).shape == (2, 3)
    with pytest.raises(InputError) as caught:
        realize_values(Table(values=W), (3, 2), rng_seed=1, folder=tmp_path, field="x")
    assert caught.value.code == "E219"

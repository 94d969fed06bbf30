"""Numbers of generators and seeds, edges of sparse files, and that any source gives the wanted shape."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.spec.arrays import derive_seed, draw_values, read_sparse, realize_values
from sal_hw.spec.values import Beta, Constant, FromFile, Normal, Table, Uniform

W = np.arange(6.0).reshape(2, 3)


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

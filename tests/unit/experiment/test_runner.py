"""One seed, one result: byte for byte, whatever the threads and the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sal_hw.results.spike_store import read_spikes
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
SHORT = (
    "experiment.updates=6",
    "experiment.validation.every_updates=2",
    "experiment.validation.duration=20 s",
    "experiment.validation.warmup=0.5 s",
)
ARRAYS = ("traces.npz", "weights.npz")


def _arrays(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ARRAYS]


def _run(out: Path, *, seed: int = 5, threads: int = 1) -> list[bytes]:
    recipe = api.load_recipe(RECIPES / "sampling.yaml", overrides=SHORT, seed=seed)
    api.run(recipe, out=out, threads=threads, figures=False)
    return _arrays(out)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return _run(tmp_path_factory.mktemp("reference") / "run")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_the_arrays(reference: list[bytes], tmp_path: Path, threads: int) -> None:
    assert _run(tmp_path / "run", threads=threads) == reference


def test_another_process_gives_the_same_arrays(reference: list[bytes], tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = [word for override in SHORT for word in ("--set", override)]
    command = [sys.executable, "-c", "from sal_hw.cli.main import entry_point; entry_point()"]
    words = ["run", str(RECIPES / "sampling.yaml"), "--seed", "5", "--threads", "2", "--no-figures", "--out", str(out)]
    subprocess.run([*command, *words, *settings], check=True, capture_output=True, timeout=120)
    assert _arrays(out) == reference


def test_another_seed_gives_other_arrays(reference: list[bytes], tmp_path: Path) -> None:
    traces, weights = _run(tmp_path / "run", seed=6)
    assert traces != reference[0]
    assert weights != reference[1]


def test_the_seed_of_the_run_leaves_the_recipe_s_own_seeds_alone(tmp_path: Path) -> None:
    first, second = (api.load_recipe(RECIPES / "sampling.yaml", overrides=SHORT, seed=seed) for seed in (5, 6))
    one, other = api.compile_recipe(first), api.compile_recipe(second)
    np.testing.assert_array_equal(one.synapses[0].weights, other.synapses[0].weights)
    assert np.ptp(one.synapses[0].weights) > 0.5


@pytest.fixture
def with_spikes(tmp_path: Path) -> Path:
    text = (RECIPES / "two_neuron.yaml").read_text()
    probes = "probes:\n  - {kind: spikes, population: upper}\n  - {kind: spikes, population: lower}"
    recipe = tmp_path / "spikes.yaml"
    recipe.write_text(text.replace("probes:", probes))
    return recipe


def _spikes(recipe: Path, out: Path) -> dict[str, bytes]:
    loaded = api.load_recipe(recipe, overrides=["experiment.duration=30 s", "experiment.average_last_updates=1"])
    api.run(loaded, out=out, figures=False)
    return {path.name: path.read_bytes() for path in sorted((out / "spikes").glob("*.npz"))}


def test_streamed_spikes_are_the_same_in_each_run(
    with_spikes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _spikes(with_spikes, tmp_path / "whole")
    assert len(whole) == 1
    monkeypatch.setattr("sal_hw.results.spike_store.SPIKES_PER_PART", 500)
    parts, again = _spikes(with_spikes, tmp_path / "parts"), _spikes(with_spikes, tmp_path / "again")
    assert len(parts) > 3
    assert parts == again


def test_parts_of_spikes_read_as_one(with_spikes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _spikes(with_spikes, tmp_path / "whole")
    monkeypatch.setattr("sal_hw.results.spike_store.SPIKES_PER_PART", 500)
    _spikes(with_spikes, tmp_path / "parts")
    whole, parts = read_spikes(tmp_path / "whole"), read_spikes(tmp_path / "parts")
    assert set(whole) == set(parts) == {"upper", "lower"}
    for name, spikes in whole.items():
        np.testing.assert_array_equal(parts[name].time_ms, spikes.time_ms)
        np.testing.assert_array_equal(parts[name].neuron, spikes.neuron)
        assert len(spikes.time_ms) > 500
        # at most one spike per refractory time of 10 ms, in order
        assert np.diff(spikes.time_ms).min() >= 10.0 - 1e-9
        assert spikes.time_ms[0] >= 0.0
        assert 29_000.0 < spikes.time_ms[-1] < 30_000.0

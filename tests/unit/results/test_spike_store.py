"""Spikes go to disk in parts of limited size and come back as one record per population."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.results import spike_store
from sal_hw.results.spike_store import SpikeStore, read_spikes
from sal_hw.storage.artifact import ArtifactFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArtifactFolder:
    monkeypatch.setattr(spike_store, "SPIKES_PER_PART", 4)
    return ArtifactFolder.create(tmp_path / "run", "run")


def give(store: SpikeStore, population: str, *times: float) -> None:
    store(np.array(times), np.arange(len(times), dtype=np.int32), population)


def parts(folder: ArtifactFolder) -> list[str]:
    return sorted(path.name for path in (folder.path / "spikes").glob("*"))


def test_parts_read_as_one(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one", 1.0, 2.0)
    give(store, "other", 1.5)
    give(store, "one", 3.0)
    give(store, "one", 4.0, 5.0)
    store.flush()
    assert parts(folder) == ["000000.npz", "000001.npz"]
    found = read_spikes(folder.path)
    assert sorted(found) == ["one", "other"]
    assert found["one"].time_ms.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert found["one"].neuron.tolist() == [0, 1, 0, 0, 1]
    assert found["one"].neuron.dtype == np.int32
    assert found["other"].time_ms.tolist() == [1.5]


def test_a_part_is_written_as_soon_as_it_is_full(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one", 1.0, 2.0, 3.0)
    assert store.parts == 0
    give(store, "one", 4.0)
    assert (store.parts, parts(folder)) == (1, ["000000.npz"])


def test_nothing_is_written_where_nothing_spiked(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one")
    store.flush()
    assert store.parts == 0
    assert parts(folder) == []
    assert read_spikes(folder.path) == {}


def test_what_was_written_after_a_checkpoint_is_forgotten(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    for time in range(3):
        give(store, "one", *(4.0 * time + step for step in range(4)))
    store.rewind(1)
    give(store, "one", 100.0)
    store.flush()
    assert parts(folder) == ["000000.npz", "000001.npz"]
    assert read_spikes(folder.path)["one"].time_ms.tolist() == [0.0, 1.0, 2.0, 3.0, 100.0]

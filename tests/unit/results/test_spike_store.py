"""Spikes go to disk in parts of limited size and come back as one record per population."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import IntegrityError
from sal_hw.results import spike_store
from sal_hw.results.spike_store import SpikeStore, read_spikes
from sal_hw.storage.folder import ArtifactFolder


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


def test_where_a_part_ends_does_not_depend_on_checkpoints(folder: ArtifactFolder, tmp_path: Path) -> None:
    whole, piecewise = SpikeStore(folder), SpikeStore(ArtifactFolder.create(tmp_path / "pieces", "run"))
    for time in range(7):
        give(whole, "one", *(3.0 * time + step for step in range(3)))
        give(piecewise, "one", *(3.0 * time + step for step in range(3)))
        again = SpikeStore(ArtifactFolder(tmp_path / "pieces", "run"))
        again.restore(piecewise.checkpoint())
        piecewise = again
    whole.flush()
    piecewise.flush()
    assert parts(folder) == ["000000.npz", "000001.npz", "000002.npz", "000003.npz"]
    for name in parts(folder):
        assert (folder.path / "spikes" / name).read_bytes() == (tmp_path / "pieces" / "spikes" / name).read_bytes()


def test_what_was_written_after_a_checkpoint_is_forgotten(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one", 0.0, 1.0, 2.0, 3.0)
    give(store, "one", 4.0)
    kept = store.checkpoint()
    give(store, "one", 5.0, 6.0, 7.0)
    give(store, "one", 8.0)
    store.restore(kept)
    give(store, "one", 100.0)
    store.flush()
    assert parts(folder) == ["000000.npz", "000001.npz"]
    assert read_spikes(folder.path)["one"].time_ms.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 100.0]


def test_without_a_checkpoint_all_is_forgotten(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one", 0.0, 1.0, 2.0, 3.0)
    store.restore(None)
    store.flush()
    assert (store.parts, parts(folder)) == (0, [])


def test_a_part_that_was_changed_after_the_checkpoint_is_found(folder: ArtifactFolder) -> None:
    store = SpikeStore(folder)
    give(store, "one", 0.0, 1.0, 2.0, 3.0)
    kept, part = store.checkpoint(), folder.path / "spikes" / "000000.npz"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        store.restore(kept)
    assert caught.value.code == "E504"

"""Recorded spikes of a run folder: streamed into numbered files, read back as one record per population."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import Spikes
from sal_hw.storage.artifact import ArtifactFolder, read_arrays

#: spikes held in memory before they go to disk
SPIKES_PER_PART = 1_000_000

Arrays = dict[str, NDArray[Any]]


class SpikeStore:
    """Streams recorded spikes into numbered files of a run folder.

    Parameters
    ----------
    folder
        The run folder in the making.
    """

    def __init__(self, folder: ArtifactFolder) -> None:
        self._folder = folder
        self._held: dict[str, list[tuple[NDArray[np.float64], NDArray[np.int32]]]] = {}
        self._count = 0
        self.parts = 0

    def __call__(self, time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        """Take spikes; see :class:`sal_hw.contracts.backend.SpikeRecorder`."""
        self._held.setdefault(population, []).append((time_ms, neuron))
        self._count += len(time_ms)
        if self._count >= SPIKES_PER_PART:
            self.flush()

    def flush(self) -> None:
        """Write what is held in memory."""
        if self._count:
            arrays: Arrays = {}
            for population, pieces in self._held.items():
                arrays[f"time_ms.{population}"] = np.concatenate([time_ms for time_ms, _ in pieces])
                arrays[f"neuron.{population}"] = np.concatenate([neuron for _, neuron in pieces])
            self._folder.write_arrays(f"spikes/{self.parts:06d}.npz", arrays)
            self.parts += 1
        self._held, self._count = {}, 0

    def rewind(self, parts: int) -> None:
        """Forget all files from number `parts` on: they were written after the checkpoint."""
        for path in sorted((self._folder.path / "spikes").glob("*.npz")):
            if int(path.stem) >= parts:
                self._folder.discard(f"spikes/{path.name}")
        self.parts = parts


def read_spikes(path: Path) -> dict[str, Spikes]:
    """Return the recorded spikes of a run folder by population; empty if none were probed."""
    parts = [read_arrays(part) for part in sorted((path / "spikes").glob("*.npz"))]
    names = sorted({key.removeprefix("time_ms.") for part in parts for key in part if key.startswith("time_ms.")})
    return {
        name: Spikes(
            time_ms=np.concatenate([part[f"time_ms.{name}"] for part in parts if f"time_ms.{name}" in part]),
            neuron=np.concatenate([part[f"neuron.{name}"] for part in parts if f"neuron.{name}" in part]),
        )
        for name in names
    }

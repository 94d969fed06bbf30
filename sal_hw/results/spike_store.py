"""Recorded spikes of a run folder: streamed into numbered files, read back as one record per population.

Where a file ends depends on the spikes alone: what is not in a file yet when a run is interrupted is part of the
checkpoint, so that equal runs leave equal files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import Spikes
from sal_hw.storage.artifact import read_arrays
from sal_hw.storage.folder import ArtifactFolder

#: spikes held in memory before they go to disk
SPIKES_PER_PART = 1_000_000

Arrays = dict[str, NDArray[Any]]

#: names of the arrays in a checkpoint: sha256 of the files that are complete, and what is held
_PARTS, _HELD = "spikes.parts", "spikes.held."


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
        self._parts: list[str] = []

    @property
    def parts(self) -> int:
        """Files that are complete."""
        return len(self._parts)

    def __call__(self, time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        """Take spikes; see :class:`sal_hw.contracts.backend.SpikeRecorder`."""
        self._held.setdefault(population, []).append((time_ms, neuron))
        self._count += len(time_ms)
        if self._count >= SPIKES_PER_PART:
            self.flush()

    def _arrays(self) -> Arrays:
        """Return what is held in memory, one record per population."""
        arrays: Arrays = {}
        for population, pieces in self._held.items():
            arrays[f"time_ms.{population}"] = np.concatenate([time_ms for time_ms, _ in pieces])
            arrays[f"neuron.{population}"] = np.concatenate([neuron for _, neuron in pieces])
        return arrays

    def flush(self) -> None:
        """Write what is held in memory."""
        if self._count:
            name = _part(len(self._parts))
            self._folder.write_arrays(name, self._arrays())
            self._parts.append(self._folder.digest(name))
        self._held, self._count = {}, 0

    def checkpoint(self) -> Arrays:
        """Return everything needed to go on: which files are complete, and what is held in memory."""
        held = {f"{_HELD}{name}": values for name, values in self._arrays().items()}
        return {_PARTS: np.array(self._parts, dtype=np.str_), **held}

    def restore(self, arrays: Mapping[str, NDArray[Any]] | None) -> None:
        """Go on from a checkpoint, or from the beginning, and forget all files that were written after it.

        Raises
        ------
        IntegrityError
            E504 if a file is missing or was changed.
        """
        held = (
            {} if arrays is None else {key.removeprefix(_HELD): arrays[key] for key in arrays if key.startswith(_HELD)}
        )
        self._parts = [] if arrays is None else [str(digest) for digest in arrays[_PARTS]]
        self._held, self._count = {}, 0
        for key, time_ms in held.items():
            if key.startswith("time_ms."):
                population = key.removeprefix("time_ms.")
                self._held[population] = [(time_ms, held[f"neuron.{population}"])]
                self._count += len(time_ms)
        for number, digest in enumerate(self._parts):
            self._folder.trust(_part(number), digest)
        for path in sorted((self._folder.path / "spikes").glob("[0-9]*.npz")):
            if path.stem.isdecimal() and int(path.stem) >= len(self._parts):
                self._folder.discard(f"spikes/{path.name}")


def _part(number: int) -> str:
    return f"spikes/{number:06d}.npz"


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

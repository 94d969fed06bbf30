"""What all experiments share: they advance step by step, can be saved and restored, and end in metrics and traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.metrics import Found
from sal_hw.results.result import Axis, Trace, is_counted
from sal_hw.storage.artifact import believing

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """What an experiment found, before it becomes a run's result."""

    metrics: Mapping[str, Found]
    traces: dict[str, Trace]


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What an experiment will have found when it is done, by name, as far as protocol and program tell.

    Attributes
    ----------
    metrics
        Those of its outcome; a session's counters come on top.
    numbers
        Its traces that have one number per sample.
    """

    metrics: frozenset[str]
    numbers: frozenset[str]


class Experiment(Protocol):
    """An experiment on an open session.

    Attributes
    ----------
    done, total
        Weight updates so far and in all.
    """

    done: int
    total: int

    def step(self) -> None:
        """Advance to the next point where the experiment may be interrupted."""

    def outcome(self) -> Outcome:
        """Return metrics and traces of a finished experiment."""

    def checkpoint(self) -> Arrays:
        """Return what is known so far; the session is saved apart from it."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""


def next_stop(done: int, total: int, periods: Iterable[int]) -> int:
    """Return the next number of updates at which something is due: the next multiple of a period, or the end."""
    return min(total, *(done - done % period + period for period in periods))


class Recording:
    """Traces in the making: named series of numbers or arrays over weight updates.

    Parameters
    ----------
    axis
        What the series are sampled over.
    """

    def __init__(self, axis: Axis = "update") -> None:
        self._axis: Axis = axis
        self._at: dict[str, list[float]] = {}
        self._values: dict[str, list[NDArray[np.float64]]] = {}

    def add(self, name: str, at: float, value: object) -> None:
        """Append one sample."""
        self._at.setdefault(name, []).append(at)
        self._values.setdefault(name, []).append(np.asarray(value, dtype=np.float64))

    def last(self, name: str, samples: int) -> NDArray[np.float64]:
        """Return the last samples of a series, shape (samples, ...)."""
        return np.array(self._values[name][-samples:])

    def __contains__(self, name: str) -> bool:
        """Whether a series has samples."""
        return name in self._at

    def traces(self) -> dict[str, Trace]:
        """Return all series."""
        kind = np.int64 if is_counted(self._axis) else np.float64
        return {
            name: Trace(at=np.array(self._at[name], dtype=kind), values=np.array(values), axis=self._axis)
            for name, values in self._values.items()
        }

    def checkpoint(self) -> Arrays:
        """Return all series as arrays."""
        arrays: Arrays = {}
        for name, trace in self.traces().items():
            arrays |= {f"at.{name}": trace.at, f"trace.{name}": trace.values}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the series of :meth:`checkpoint`."""
        names = [key.removeprefix("at.") for key in arrays if key.startswith("at.")]
        self._at = {name: arrays[f"at.{name}"].tolist() for name in names}
        self._values = {name: list(arrays[f"trace.{name}"]) for name in names}


def restoring() -> AbstractContextManager[None]:
    """Return a context in which a checkpoint without all its parts is an integrity error, E504."""
    return believing(Path("checkpoint.npz"), "a checkpoint of this run with all its parts")

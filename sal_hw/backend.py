"""The protocol between experiments and whatever executes a compiled program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.result import Finding


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Moments:
    """First and second moments of binary states.

    Attributes
    ----------
    mean
        Shape (neurons,), <z_i>.
    coactivation
        Shape (neurons, neurons), <z_i z_j>; the diagonal has no meaning.
    """

    mean: NDArray[np.float64]
    coactivation: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Observation:
    """What was seen in a stretch of model time.

    Attributes
    ----------
    duration_ms
        Length of the stretch; of several chains, their sum.
    spike_counts
        Per population, shape (neurons,).
    state_counts
        Per population with a state probe, shape (2**neurons,); the first neuron is the most significant bit.
    """

    duration_ms: float
    spike_counts: dict[str, NDArray[np.int64]]
    state_counts: dict[str, NDArray[np.int64]]


class SpikeRecorder(Protocol):
    """Takes spikes as they come."""

    def __call__(self, time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        """Take the spikes of one population, in order of time; `neuron` counts within the population."""


class Session(Protocol):
    """A program that is loaded and can be run piece by piece.

    Weights, biases and the state of the network carry over from call to call.
    """

    def learn(self, updates: int) -> Observation:
        """Run `updates` update intervals with plasticity."""

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Run without plasticity, in independent chains that do not disturb the learning network."""

    def measure_moments(self, rule: str, duration_ms: float) -> Moments:
        """Return the moments as the synapses of a wake-sleep rule measure them, without plasticity."""

    def set_moments(self, rule: str, moments: Moments) -> None:
        """Set the wake phase's moments of a wake-sleep rule."""

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the present weights, shape (pre, post)."""

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the present biases, shape (neurons,)."""

    def findings(self) -> Sequence[Finding]:
        """Return what the executor noticed so far: silent neurons, weights at their limits, lost data."""

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""

    def close(self) -> None:
        """Release the machine."""


@runtime_checkable
class Backend(Protocol):
    """Something that executes compiled programs."""

    name: str

    def open(
        self,
        program: CompiledProgram,
        *,
        seed: int,
        threads: int = 1,
        recorder: SpikeRecorder | None = None,
    ) -> Session:
        """Load a program.

        Raises
        ------
        sal_hw.errors.DeviceError
            If the machine or its software is not available.
        """

"""The protocol between experiments and whatever executes a compiled program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.target.snapshot import CalibrationSnapshot


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
    membrane_ms, membrane_mv
        Per population with a membrane probe: times of the samples since the start, shape (samples,), and potentials,
        shape (samples, neurons).
    """

    duration_ms: float
    spike_counts: dict[str, NDArray[np.int64]]
    state_counts: dict[str, NDArray[np.int64]]
    membrane_ms: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    membrane_mv: dict[str, NDArray[np.float64]] = field(default_factory=dict)


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

    def counters(self) -> dict[str, int]:
        """Return how often what happened that belongs into a run's metrics, for example ``updates_missed``."""

    def findings(self) -> Sequence[Finding]:
        """Return what the executor noticed so far: silent neurons, weights at their limits, lost data."""

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""

    def close(self) -> None:
        """Release the machine."""


@runtime_checkable
class WholeRun(Protocol):
    """A session whose machine runs a program in one piece: an option, besides :class:`Session`."""

    @property
    def chip_id(self) -> str | None:
        """Which machine it was; None before the run."""

    def prepare(self, updates: int) -> None:
        """Take note of how many updates will be asked for in all, before the first one.

        Raises
        ------
        sal_hw.errors.SalHwError
            If the run fails.
        """


@runtime_checkable
class SensorReader(Protocol):
    """A session that hands out readings of correlation sensors: an option, besides :class:`Session`."""

    def sensor_readings(self, projection: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last update's causal and anti-causal readings, raw CADC codes, each of shape (pre, post).

        The program must have a correlation probe of that projection.
        """


@runtime_checkable
class SparseWeights(Protocol):
    """A session that knows weights after some updates only, those that its machine recorded: an option."""

    def knows_weights(self, projection: str) -> bool:
        """Whether the present weights of a projection are known; before the first and after the last update they are.

        Where they are not, :meth:`Session.weights` returns the last ones that are.
        """


def never() -> bool:
    """Return that nothing was interrupted."""
    return False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenRequest:
    """How a program is loaded.

    Attributes
    ----------
    seed
        Seed of everything random in the run.
    threads
        Threads for independent chains; the result does not depend on their number.
    recorder
        Takes the spikes of populations with a spike probe.
    chip
        The chip that is emulated; None is a nominal one. A machine is its own chip and takes None only.
    interrupted
        Asked whether to stop, by sessions whose steps may take long; they then raise
        :class:`sal_hw.errors.Interrupted` if the step does not end soon.
    """

    seed: int
    threads: int = 1
    recorder: SpikeRecorder | None = None
    chip: CalibrationSnapshot | None = None
    interrupted: Callable[[], bool] = never


@runtime_checkable
class Backend(Protocol):
    """Something that executes compiled programs."""

    name: str

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program.

        Raises
        ------
        sal_hw.errors.DeviceError
            E316 if a machine is asked to be another chip; others if it or its software is not available.
        """


@runtime_checkable
class ChipSource(Protocol):
    """A backend that can make up chips: an option, besides :class:`Backend`."""

    def add_activations(self, program: CompiledProgram, chip: CalibrationSnapshot) -> CalibrationSnapshot:
        """Return a chip's truth with the activation functions of the circuits that a sampling program uses."""

    def draw_chip(self, seed: int, *, spreads: Mapping[str, float]) -> CalibrationSnapshot:
        """Return the truth of a synthetic chip; equal arguments give equal chips.

        Parameters
        ----------
        seed
            0 .. 2**64 - 1.
        spreads
            Replace default spreads, by name.

        Raises
        ------
        sal_hw.errors.InputError
            E704 if a spread is unknown or absurd; E705 if the seed is out of range.
        """

    def drift_chip(
        self, chip: CalibrationSnapshot, drifts: Mapping[str, float], *, seed: int, taken_at: str
    ) -> CalibrationSnapshot:
        """Return the truth about a synthetic chip at a later time.

        Parameters
        ----------
        drifts
            By name of a spread: standard deviation of the change of each instance.

        Raises
        ------
        sal_hw.errors.InputError
            E704 if a name is unknown or a drift absurd.
        """


@runtime_checkable
class Machine(Backend, Protocol):
    """A backend that reaches a machine through software of its vendor: an option, besides :class:`Backend`."""

    front_ends: tuple[str, ...]

    def through(self, front_end: str | None, calibration_file: Path | None) -> Machine:
        """Return a backend that uses one front end and one calibration; None keeps its own choice."""

    def require(self, command: str | None = None) -> None:
        """Check that the software is installed, without loading it.

        Parameters
        ----------
        command
            Command that emulates instead, for the message.

        Raises
        ------
        sal_hw.errors.DeviceError
            If something is missing.
        """


@runtime_checkable
class ResultReader(Protocol):
    """A backend that takes over what its machine's software left in a folder: an option."""

    def read_result(self, folder: Path, program: CompiledProgram) -> Backend:
        """Return a backend whose sessions play a recorded run of the program back.

        Raises
        ------
        sal_hw.errors.IntegrityError
            If the folder is damaged or of another program.
        """


@runtime_checkable
class CalibrationReader(Protocol):
    """A backend that takes over calibrations of its machine's software: an option."""

    def read_calibration(self, path: Path, *, trust_pickle: bool, chip_id: str | None) -> CalibrationSnapshot:
        """Return what a calibration tells of its chip.

        Parameters
        ----------
        trust_pickle
            Whether a file that runs code when it is read may be read.
        chip_id
            Names the chip where the file does not.
        """

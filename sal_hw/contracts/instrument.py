"""What calibration needs of a chip: run a compiled program and look at spikes, membranes and sensors, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.results.result import Spikes
from sal_hw.target.snapshot import CalibrationSnapshot


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SensorReads:
    """Raw readings of the correlation sensors of one projection.

    Attributes
    ----------
    causal, anticausal
        Codes of the CADC, 0 .. 255, shape (updates, pre, post); they fall as correlation accumulates, and every
        reading empties the sensor.
    place
        Hemisphere, row and column of each synapse, shape (pre, post, 3), as the machine's own software placed them;
        None if they are where the program says.
    """

    causal: NDArray[np.uint8]
    anticausal: NDArray[np.uint8]
    place: NDArray[np.integer] | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """What a run of a program showed.

    Attributes
    ----------
    duration_ms
        Model time that it lasted.
    spikes
        Per population with a spike probe.
    sample_ms, samples
        Per population with a membrane probe: model times, shape (samples,), and raw codes of the CADC, 0 .. 255,
        shape (samples, neurons).
    sensors
        Per projection with a correlation probe.
    """

    duration_ms: float
    spikes: dict[str, Spikes] = field(default_factory=dict)
    sample_ms: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    samples: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    sensors: dict[str, SensorReads] = field(default_factory=dict)


@runtime_checkable
class Instrument(Protocol):
    """A chip on the bench. It sets what a program says, and nobody learns more of it than a reading.

    Attributes
    ----------
    chip_id
        Which chip.
    target
        Name of the target that programs for it are compiled for.
    conditions
        What the measurement depends on, by name: who drives the chip, which board voltages.
    software
        Versions by name.
    parallel
        Whether several threads may run programs at the same time; one chip runs one program.
    """

    chip_id: str
    target: str
    parallel: bool
    conditions: dict[str, str]
    software: dict[str, str]

    def now(self) -> str:
        """Return the time at the chip, UTC; of a synthetic chip its synthetic time."""

    def run(
        self, program: CompiledProgram, *, duration_ms: float, seed: int, tick: Callable[[], None] | None = None
    ) -> Reading:
        """Write a program to the chip, run it from rest and return what its probes saw.

        Parameters
        ----------
        duration_ms
            Model time; with a learning rule, enabled or not, a multiple of its update interval.
        seed
            Seed of the noise sources and, on an emulated chip, of all that is not reproducible on a real one.
        tick
            Called now and then while the program runs.

        Raises
        ------
        sal_hw.errors.DeviceError
            If the chip is not available or does not answer.
        """

    def read_reference(self, level_lsb: float, *, samples: int, seed: int) -> NDArray[np.uint8] | None:
        """Connect all CADC channels to a reference and return their codes, shape (samples, neurons).

        Parameters
        ----------
        level_lsb
            Voltage of the reference, in LSB of an ideal channel.

        Returns
        -------
        NDArray or None
            None if the channels cannot be connected to a reference.
        """


@runtime_checkable
class InstrumentSource(Protocol):
    """A backend whose chips can be calibrated: an option, besides :class:`sal_hw.contracts.backend.Backend`."""

    def open_instrument(
        self, *, chip: CalibrationSnapshot | None = None, synthetic_time: str | None = None, work: Path | None = None
    ) -> Instrument:
        """Return the instrument.

        Parameters
        ----------
        chip
            The truth about the chip to emulate; None on a machine.
        synthetic_time
            What the clock of an emulated chip shows, UTC.
        work
            Folder for files of the machine's software.

        Raises
        ------
        sal_hw.errors.DeviceError
            If the machine or its software is not available.
        """

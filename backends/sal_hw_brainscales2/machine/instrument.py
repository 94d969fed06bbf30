"""A chip on the bench: an :class:`~sal_hw.contracts.instrument.Instrument` through PyNN, in processes of its own.

It shows spikes, readings of correlation sensors, and membranes as far as PyNN records them: 100 samples of each, so
that a program with a membrane probe lasts at most 170 us of chip time. Longer ones, which most measurements of neurons
need, end with a :class:`sal_hw.errors.DeviceError` that says so before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw._version import __version__
from sal_hw.contracts.instrument import Reading, SensorReads
from sal_hw.errors import DeviceError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Spikes
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe
from sal_hw.target.snapshot_checks import TIME_FORMAT
from sal_hw_brainscales2.machine.importer import ChipResult
from sal_hw_brainscales2.machine.run_files.pynn import MAX_MEMBRANE_US, MAX_SAMPLES
from sal_hw_brainscales2.program import ChipProgram


class Run(Protocol):
    """Runs a program on the chip."""

    def __call__(self, program: CompiledProgram, *, updates: int, duration_ms: float, seed: int) -> ChipResult:
        """Return the checked result of so many updates, 0 without a learning rule, in a model time."""


class MachineInstrument:
    """Runs measurement programs on the chip.

    Parameters
    ----------
    run
        Runs a program.
    calibration
        What the conditions say of the vendor's calibration that runs use.

    Attributes
    ----------
    chip_id
        ``unknown`` until the first run has told.
    """

    def __init__(self, run: Run, *, calibration: str) -> None:
        self.chip_id = "unknown"
        self.target = "brainscales2"
        self.parallel = False
        self.conditions = {"instrument": "BrainScaleS-2 through PyNN", "calix": calibration}
        self.software = {"sal-hw": __version__, "numpy": np.__version__}
        self._run = run

    def now(self) -> str:
        """Return the present time, UTC."""
        return datetime.now(timezone.utc).strftime(TIME_FORMAT)

    def run(
        self, program: CompiledProgram, *, duration_ms: float, seed: int, tick: Callable[[], None] | None = None
    ) -> Reading:
        """Run a program.

        Raises
        ------
        DeviceError
            E813 if PyNN does not record what a probe asks for; E802, E803 if the chip fails, does not answer, or is
            another one than before.
        ValueError
            If a program with a learning rule is to end between two updates.
        """
        _check_shown(program, duration_ms)
        updates = 0 if program.update_ms is None else round(duration_ms / program.update_ms)
        if program.update_ms is not None and not np.isclose(updates * program.update_ms, duration_ms, rtol=1e-9):
            raise ValueError("a run with a learning rule lasts a whole number of update intervals")
        result = self._run(program, updates=updates, duration_ms=duration_ms, seed=seed)
        if tick is not None:
            tick()
        self._identify(result.header.chip_id)
        _check_updates(result)
        self.software |= result.header.software
        return _reading(program, result, duration_ms)

    def read_reference(self, level_lsb: float, *, samples: int, seed: int) -> NDArray[np.uint8] | None:
        """Return None: the vendor's calibration aligns the CADC channels, and no run file sets a reference."""
        del level_lsb, samples, seed
        return None

    def _identify(self, chip_id: str) -> None:
        """Take note of the chip; a campaign that went on with another one would mix their numbers."""
        if self.chip_id not in ("unknown", chip_id):
            raise DeviceError(
                Problem(
                    code="E802",
                    field="chip",
                    value=quote_value(chip_id),
                    allowed=f"the chip that the calibration began with, {self.chip_id}",
                    hint="reserve one chip for the whole calibration",
                )
            )
        self.chip_id = chip_id


def _check_updates(result: ChipResult) -> None:
    """Refuse a run in which updates did not take place: its readings cover other spans than a fit assumes."""
    missed = result.header.counters.updates_missed
    if missed:
        raise DeviceError(
            Problem(
                code="E802",
                field="run",
                value=f"{missed} of {result.updates} updates missed",
                allowed="a run in which every update took place: recording readings takes the processor longer",
                hint="repeat the command with --resume, or measure fewer circuits with --only-neurons",
            )
        )


def _check_shown(program: CompiledProgram, duration_ms: float) -> None:
    """Refuse probes whose recordings the chip cannot hand out, before it is asked."""
    duration_us = duration_ms * 1e3 / program.part_of(ChipProgram).time_scale
    if program.probes_of(MembraneProbe) and duration_us > MAX_MEMBRANE_US:
        allowed = (
            f"at most {MAX_MEMBRANE_US:g} us of chip time: PyNN records {MAX_SAMPLES} samples of a membrane in the "
            "FPGA's static memory, and has no way to the larger one (pynn-brainscales, recording.py)"
        )
        raise DeviceError(
            Problem(
                code="E813",
                field="instrument",
                value=f"membranes during {duration_us:g} us",
                allowed=allowed,
                hint="sal-hw calibrate --given SNAPSHOT --stage baselines: stages of the sensors need no membranes",
            )
        )
    for placed in program.part_of(ChipProgram).kernels:
        signs = {tile.polarity for tile in program.part_of(ChipProgram).tiles_of(placed.projection)}
        if len(signs) > 1 and _is_sensed(program, placed.projection):
            raise DeviceError(
                Problem(
                    code="E813",
                    field=f"projections.{placed.projection}.receptor",
                    value="signed",
                    allowed="a projection of one sign: a signed one has two synapses per weight, with sensors each",
                    hint="write receptor: excitatory",
                )
            )


def _unplaced(projection: str) -> Problem:
    return Problem(
        code="E813",
        field=f"projections.{projection}",
        value="no placement",
        allowed="a result that says where the vendor's software placed each synapse, as run_pynn.py writes it",
        hint="repeat the run with the run file of this version",
    )


def _is_sensed(program: CompiledProgram, projection: str) -> bool:
    return any(probe.projection == projection for probe in program.probes_of(CorrelationProbe))


def _reading(program: CompiledProgram, result: ChipResult, duration_ms: float) -> Reading:
    """Return a result in the form of a reading, in model time."""
    to_ms, arrays = program.part_of(ChipProgram).time_scale * 1e-3, result.arrays
    reading = Reading(duration_ms=duration_ms)
    for spikes in program.probes_of(SpikeProbe):
        key = f"spikes.{spikes.population}"
        reading.spikes[spikes.population] = Spikes(
            time_ms=arrays[f"{key}.time_us"] * to_ms, neuron=arrays[f"{key}.neuron"]
        )
    for membrane in program.probes_of(MembraneProbe):
        key = f"membrane.{membrane.population}"
        reading.sample_ms[membrane.population] = arrays[f"{key}.time_us"] * to_ms
        reading.samples[membrane.population] = arrays[key]
    for sensed in program.probes_of(CorrelationProbe):
        (sign,) = {tile.polarity for tile in program.part_of(ChipProgram).tiles_of(sensed.projection)}
        causal, anticausal = (arrays[f"{each}.{sensed.projection}.{sign}"] for each in ("causal", "anticausal"))
        place = arrays.get(f"placement.{sensed.projection}.{sign}")
        if place is None:
            raise DeviceError(_unplaced(sensed.projection))
        reading.sensors[sensed.projection] = SensorReads(causal=causal, anticausal=anticausal, place=place)
    return reading

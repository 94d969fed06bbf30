"""A chip on the bench: programs run through PyNN, in a process of their own; see :class:`sal_hw.instrument.Instrument`.

What it can show are spikes and readings of correlation sensors. Membranes of whole populations are not recorded by the
run files yet, so that stages which need them end with a :class:`sal_hw.errors.DeviceError` that says so; potentials and
time constants of the neurons are calibrated by the vendor's calix, with the file that `calibrate_sal.py` makes for a
program.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sal_hw._version import __version__
from sal_hw.errors import DeviceError, Problem
from sal_hw.instrument import Reading, SensorReads
from sal_hw.program import CompiledProgram
from sal_hw.result import Spikes
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe
from sal_hw.target.snapshot_checks import TIME_FORMAT
from sal_hw_brainscales2.importer import ChipResult

#: runs so many updates of a program with a seed
Run = Callable[[CompiledProgram, int, int], ChipResult]


class MachineInstrument:
    """Runs measurement programs on the chip.

    Parameters
    ----------
    run
        Takes a program, the number of updates and a seed.
    calibration_file
        The vendor's calibration that the runs use, for the conditions.

    Attributes
    ----------
    chip_id
        ``unknown`` until the first run has told.
    """

    def __init__(self, run: Run, *, calibration_file: Path | None) -> None:
        self.chip_id = "unknown"
        self.target = "brainscales2"
        self.parallel = False
        calibration = "the site's own" if calibration_file is None else calibration_file.name
        self.conditions = {"instrument": "BrainScaleS-2 through PyNN", "calix": calibration}
        self.software = {"sal-hw": __version__, "numpy": np.__version__}
        self._run = run

    def now(self) -> str:
        """Return the present time, UTC."""
        return datetime.now(timezone.utc).strftime(TIME_FORMAT)

    def run(
        self, program: CompiledProgram, *, duration_ms: float, seed: int, tick: Callable[[], None] | None = None
    ) -> Reading:
        """Run a program whose rules read sensors, enabled or not."""
        if program.chip is None:
            raise TypeError("an instrument runs programs that were compiled for a chip")
        if program.update_ms is None or any(isinstance(probe, MembraneProbe) for probe in program.probes):
            raise DeviceError(_not_recorded())
        updates = round(duration_ms / program.update_ms)
        result = self._run(program, updates, seed)
        if tick is not None:
            tick()
        self.chip_id = str(result.header["chip_id"])
        self.software |= {str(name): str(version) for name, version in result.header.get("software", {}).items()}
        return _reading(program, result, duration_ms)

    def read_reference(self, level_lsb: float, *, samples: int, seed: int) -> NDArray[np.uint8] | None:
        """Return None: the vendor's calibration aligns the CADC channels, and no run file sets a reference."""
        del level_lsb, samples, seed
        return None


def _not_recorded() -> Problem:
    return Problem(
        code="E813",
        field="instrument",
        value="a program that records membranes, or that has no rule",
        allowed="programs whose rules read correlation sensors (stages baselines, windows and balance): run files "
        "record no membranes of whole populations yet",
        hint="sal-hw calibrate --given NEURONS --stage baselines --stage balance, with a snapshot of the neurons",
    )


def _reading(program: CompiledProgram, result: ChipResult, duration_ms: float) -> Reading:
    """Return a result in the form of a reading: model time, and readings of both signs in one array."""
    if program.chip is None:
        raise TypeError("the program was not compiled for a chip")
    to_ms, arrays = program.chip.time_scale * 1e-3, result.arrays
    spikes = {}
    for probe in program.probes:
        if isinstance(probe, SpikeProbe):
            key = f"spikes.{probe.population}"
            times = arrays.get(f"{key}.time_us", np.zeros(0)) * to_ms
            neurons = arrays.get(f"{key}.neuron", np.zeros(0, dtype=np.int32))
            spikes[probe.population] = Spikes(time_ms=np.asarray(times), neuron=neurons.astype(np.int32))
    sensors = {
        probe.projection: SensorReads(
            causal=_of_signs(result, "causal", probe.projection),
            anticausal=_of_signs(result, "anticausal", probe.projection),
        )
        for probe in program.probes
        if isinstance(probe, CorrelationProbe)
    }
    return Reading(duration_ms=duration_ms, spikes=spikes, sensors=sensors)


def _of_signs(result: ChipResult, branch: str, projection: str) -> NDArray[np.uint8]:
    """Return the readings of one branch, shape (updates, pre, post); a sensed projection has rows of one sign."""
    keys = [f"{branch}.{projection}.{polarity}" for polarity in ("excitatory", "inhibitory")]
    found = [result.arrays[key] for key in keys if key in result.arrays]
    if len(found) != 1:
        raise DeviceError(
            Problem(
                code="E813",
                field=f"projections.{projection}.receptor",
                value="signed",
                allowed="a projection of one sign: a signed one has two synapses per weight, each with its own sensors",
                hint="write receptor: excitatory",
            )
        )
    return np.asarray(found[0], dtype=np.uint8)

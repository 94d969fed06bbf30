"""An emulated chip on the bench; see :class:`sal_hw.contracts.instrument.Instrument`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sal_hw._version import __version__
from sal_hw.contracts.instrument import Reading, SensorReads
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Spikes
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.membranes import read_codes
from sal_hw_brainscales2.emulation.model import DRAWN_AT, ChipModel
from sal_hw_brainscales2.emulation.sensor_reading import last_readings
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece
from sal_hw_emulator.lif_loader import Loaded

#: model time that is emulated before membranes become codes, so that long recordings take little memory
_PIECE_MS = 2_000.0

#: keys of the independent random streams of a run
_RUNNING, _READING, _REFERENCE = range(3)


class EmulatedInstrument:
    """Runs programs on an emulated chip and hands out what its probes saw; the chip's truth stays inside.

    Parameters
    ----------
    chip
        The truth about the chip.
    synthetic_time
        What its clock shows, UTC; None takes the time of the truth.
    """

    def __init__(self, chip: CalibrationSnapshot, *, synthetic_time: str | None = None) -> None:
        self.chip_id = chip.chip_id
        self.target = chip.target
        self.parallel = True
        self.conditions = {"instrument": "emulated chip"}
        self.software = {"sal-hw": __version__, "numpy": np.__version__}
        self._chip = ChipModel.from_snapshot(chip)
        self._channels = np.arange(chip.tables[0].measured.size) if chip.tables else np.zeros(0, dtype=np.int64)
        self._time = synthetic_time or chip.taken_at or DRAWN_AT

    def now(self) -> str:
        """Return the synthetic time."""
        return self._time

    def run(
        self, program: CompiledProgram, *, duration_ms: float, seed: int, tick: Callable[[], None] | None = None
    ) -> Reading:
        """Run a program from rest."""
        loaded = load_chip(program, self._chip, (seed,))
        simulation = LifSimulation(loaded.model, np.random.SeedSequence(seed, spawn_key=(_RUNNING,)))
        record = _Record(program, self._chip, loaded, np.random.SeedSequence(seed, spawn_key=(_READING,)))
        total = round(duration_ms / program.timestep_ms)
        reads = bool(record.sensed)
        piece = program.rules[0].update_steps if reads else round(_PIECE_MS / program.timestep_ms)
        if reads and total % piece:
            raise ValueError("a run with sensors lasts a whole number of update intervals")
        while simulation.step < total:
            record.add(simulation, simulation.run(min(piece, total - simulation.step)))
            if tick is not None:
                tick()
        return record.reading(duration_ms)

    def read_reference(self, level_lsb: float, *, samples: int, seed: int) -> NDArray[np.uint8] | None:
        """Return what all channels make of a reference voltage."""
        # one stream per level, so that levels may be read in any order
        key = (_REFERENCE, round(level_lsb * 1000))
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        levels = np.full((samples, len(self._channels)), level_lsb)
        return read_codes(self._chip, self._channels, levels, rng).astype(np.uint8)


class _Record:
    """What the probes of a program have seen so far."""

    def __init__(self, program: CompiledProgram, chip: ChipModel, loaded: Loaded, seed: np.random.SeedSequence) -> None:
        self._program = program
        self._chip = chip
        self._loaded = loaded
        self._rng = np.random.default_rng(seed)
        self._spiking = [program.neuron_block(item.population) for item in program.probes_of(SpikeProbe)]
        self._sampled = [program.neuron_block(item.population) for item in program.probes_of(MembraneProbe)]
        self.sensed = [item.projection for item in program.probes_of(CorrelationProbe)]
        self._spikes: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []
        self._sample_steps: list[NDArray[np.int64]] = []
        self._samples: dict[str, list[NDArray[np.uint8]]] = {block.population: [] for block in self._sampled}
        self._sensors: dict[str, list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]] = {n: [] for n in self.sensed}

    def add(self, simulation: LifSimulation, piece: Piece) -> None:
        """Take a piece of the run and the readings that its last update made."""
        self._spikes.append((piece.spike_step, piece.spike_neuron))
        self._sample_steps.append(piece.membrane_step)
        recorded = self._loaded.model.membrane
        for block in self._sampled:
            columns = np.searchsorted(recorded, np.arange(block.offset, block.offset + block.size))
            site = self._site()[block.offset : block.offset + block.size]
            codes = read_codes(self._chip, site, piece.membrane[:, columns], self._rng)
            self._samples[block.population].append(codes.astype(np.uint8))
        for name in self.sensed:
            causal, anticausal = last_readings(self._program, self._loaded, simulation, name)
            self._sensors[name].append((causal.astype(np.uint8), anticausal.astype(np.uint8)))

    def _site(self) -> NDArray[np.int64]:
        return self._program.part_of(ChipProgram).neurons.site

    def reading(self, duration_ms: float) -> Reading:
        """Return all of it."""
        step_ms = self._program.timestep_ms
        steps, neurons = (np.concatenate(each) for each in zip(*self._spikes, strict=True))
        # as in a run, a spike is given the beginning of its step; a sample is taken at the end
        sample_ms = np.asarray((np.concatenate(self._sample_steps) + 1) * step_ms, dtype=np.float64)
        spikes = {}
        for block in self._spiking:
            mine = (neurons >= block.offset) & (neurons < block.offset + block.size)
            spikes[block.population] = Spikes(
                time_ms=steps[mine] * step_ms, neuron=(neurons[mine] - block.offset).astype(np.int32)
            )
        return Reading(
            duration_ms=duration_ms,
            spikes=spikes,
            sample_ms=dict.fromkeys(self._samples, sample_ms),
            samples={name: np.concatenate(parts) for name, parts in self._samples.items()},
            sensors={
                name: SensorReads(causal=np.array([c for c, _ in parts]), anticausal=np.array([a for _, a in parts]))
                for name, parts in self._sensors.items()
            },
        )

"""The emulator as a backend: loads compiled programs into the engine that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sal_hw.contracts.backend import Session, SpikeRecorder
from sal_hw.contracts.instrument import Instrument
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation import model as chip_model
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.emulation.spreads import load_spreads


class EmulatorBackend:
    """Runs compiled programs in software."""

    name = "emulator"

    def open(
        self,
        program: CompiledProgram,
        *,
        seed: int,
        threads: int = 1,
        recorder: SpikeRecorder | None = None,
        chip: CalibrationSnapshot | None = None,
    ) -> Session:
        """Load a program into the engine for its neurons.

        Parameters
        ----------
        program
            What to run.
        seed
            Seed of everything random in the run.
        threads
            Threads for independent chains; the result does not depend on their number.
        recorder
            Takes the spikes of populations with a spike probe.
        chip
            The chip to emulate; None is a nominal one. Without effect on programs that were not compiled for a chip.
        """
        if program.digital is not None and program.digital.ticks is not None:
            from sal_hw_spinnaker.chunks.session import ChunkSession
            from sal_hw_spinnaker.emulation.ticks.runner import TickRunner

            return ChunkSession(program, TickRunner, seed=seed, recorder=recorder)
        if program.digital is not None:
            from sal_hw_spinnaker.emulation.fixed_point.session import FixedPointSession

            return FixedPointSession(program, seed=seed, threads=threads, recorder=recorder)
        if program.chip is not None or program.timing is None:
            from sal_hw_emulator.lif_session import LifSession

            model = ChipModel.from_snapshot(chip)
            return LifSession(program, model, seed=seed, threads=threads, recorder=recorder)
        from sal_hw_emulator.sampling_session import SamplingSession

        return SamplingSession(program, seed=seed, threads=threads, recorder=recorder)

    def add_activations(self, program: CompiledProgram, chip: CalibrationSnapshot) -> CalibrationSnapshot:
        """Return a chip's truth with the activation functions of a program's circuits, from long runs of each alone."""
        from sal_hw_brainscales2.emulation.activation import add_activations

        return add_activations(program, chip)

    def draw_chip(self, seed: int, *, spreads: Mapping[str, float]) -> CalibrationSnapshot:
        """Return the truth of a synthetic BrainScaleS-2 chip; see :class:`sal_hw.contracts.backend.ChipSource`."""
        return chip_model.draw_chip(seed, spreads=load_spreads().with_overrides(spreads))

    def drift_chip(
        self, chip: CalibrationSnapshot, drifts: Mapping[str, float], *, seed: int, taken_at: str
    ) -> CalibrationSnapshot:
        """Return the truth about a synthetic chip at a later time; see :class:`sal_hw.contracts.backend.ChipSource`."""
        from sal_hw_brainscales2.emulation.drift import drifted

        # the values are drifts and no spreads, but absurd ones and unknown names are the same
        spreads = load_spreads().with_overrides(drifts)
        return drifted(chip, spreads, drifts, seed=seed, taken_at=taken_at)

    def open_instrument(
        self, *, chip: CalibrationSnapshot | None = None, synthetic_time: str | None = None, work: Path | None = None
    ) -> Instrument:
        """Return an emulated chip on the bench; a nominal one for None."""
        from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument

        del work
        return EmulatedInstrument(chip or chip_model.nominal_chip(), synthetic_time=synthetic_time)

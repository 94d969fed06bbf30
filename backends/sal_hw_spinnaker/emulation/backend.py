"""Emulated SpiNNaker machines as a backend: words with the fixed-point engine, whole numbers tick by tick."""

from __future__ import annotations

from sal_hw.contracts.backend import Session, SpikeRecorder
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_emulator.backend import EmulatorBackend
from sal_hw_spinnaker.program import DigitalProgram
from sal_hw_spinnaker.ticks import TickProgram


class EmulatedMachineBackend(EmulatorBackend):
    """Runs programs for either machine in software, number for number."""

    def open(
        self,
        program: CompiledProgram,
        *,
        seed: int,
        threads: int = 1,
        recorder: SpikeRecorder | None = None,
        chip: CalibrationSnapshot | None = None,
    ) -> Session:
        """Load a program into the engine for its machine; `chip` is without effect: these machines do not differ."""
        if isinstance(program.part, TickProgram):
            from sal_hw_spinnaker.chunks.session import ChunkSession
            from sal_hw_spinnaker.emulation.ticks.runner import TickRunner

            return ChunkSession(program, TickRunner, seed=seed, recorder=recorder)
        if isinstance(program.part, DigitalProgram):
            from sal_hw_spinnaker.emulation.fixed_point.session import FixedPointSession

            return FixedPointSession(program, seed=seed, threads=threads, recorder=recorder)
        return super().open(program, seed=seed, threads=threads, recorder=recorder, chip=chip)

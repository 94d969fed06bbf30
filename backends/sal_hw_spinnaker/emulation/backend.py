"""Emulated SpiNNaker machines as a backend: words with the fixed-point engine, whole numbers tick by tick."""

from __future__ import annotations

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.program import CompiledProgram
from sal_hw_emulator.backend import EmulatorBackend
from sal_hw_spinnaker.program import DigitalProgram
from sal_hw_spinnaker.ticks import TickProgram


class EmulatedMachineBackend(EmulatorBackend):
    """Runs programs for either machine in software, number for number."""

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program into the engine for its machine; a chip is without effect: these machines do not differ."""
        if isinstance(program.part, TickProgram):
            from sal_hw_spinnaker.chunks.session import ChunkSession
            from sal_hw_spinnaker.emulation.ticks.runner import TickRunner

            return ChunkSession(program, TickRunner, seed=request.seed, recorder=request.recorder)
        if isinstance(program.part, DigitalProgram):
            from sal_hw_spinnaker.emulation.fixed_point.session import FixedPointSession

            return FixedPointSession(program, seed=request.seed, threads=request.threads, recorder=request.recorder)
        return super().open(program, request)

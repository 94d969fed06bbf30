"""The machine in emulation: what it stores, on the LIF engine that several targets share."""

from __future__ import annotations

from dataclasses import replace

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.program import CompiledProgram
from tiny_machine.program import TinyProgram


class TinyEmulator:
    """Runs programs for ``tiny``, see :class:`sal_hw.contracts.backend.Backend`."""

    name = "emulator"

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program; a chip is without effect: these machines do not differ."""
        from sal_hw_emulator.ideal_weights import IdealWeights
        from sal_hw_emulator.lif_session import LifSession

        stored = program.part_of(TinyProgram).weights_mv
        synapses = tuple(replace(block, weights=stored[block.projection]) for block in program.synapses)
        weights = IdealWeights(replace(program, synapses=synapses), request.seed)
        return LifSession(program, weights, seed=request.seed, threads=request.threads, recorder=request.recorder)

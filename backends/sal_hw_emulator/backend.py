"""The emulator as a backend: loads programs without a machine into the engine for their neurons."""

from __future__ import annotations

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.program import CompiledProgram


class EmulatorBackend:
    """Runs compiled programs in software; programs with a machine's part are emulated by that machine's wing."""

    name = "emulator"

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program into the engine for its neurons.

        Parameters
        ----------
        program
            What to run.
        request
            Seed, threads and recorder. A chip is without effect: these programs were not compiled for one.

        Raises
        ------
        TypeError
            If the program has a machine's part, which this backend does not know.
        """
        if program.part is not None:
            raise TypeError(f"programs for {program.target} run on the emulation that its target names")
        if program.timing is None:
            from sal_hw_emulator.ideal_weights import IdealWeights
            from sal_hw_emulator.lif_session import LifSession

            weights = IdealWeights(program, request.seed)
            return LifSession(program, weights, seed=request.seed, threads=request.threads, recorder=request.recorder)
        from sal_hw_emulator.sampling_session import SamplingSession

        return SamplingSession(program, seed=request.seed, threads=request.threads, recorder=request.recorder)

"""The emulator as a backend: loads compiled programs into the engine that runs them."""

from __future__ import annotations

from sal_hw.backend import Session, SpikeRecorder
from sal_hw.program import CompiledProgram
from sal_hw_emulator.sampling_session import SamplingSession


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
    ) -> Session:
        """Load a program of sampling neurons.

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
        """
        return SamplingSession(program, seed=seed, threads=threads, recorder=recorder)

"""The emulator as a backend: loads programs without a machine into the engine for their neurons."""

from __future__ import annotations

from sal_hw.contracts.backend import Session, SpikeRecorder
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot


class EmulatorBackend:
    """Runs compiled programs in software; programs with a machine's part are emulated by that machine's wing."""

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
            Without effect: these programs were not compiled for a chip.

        Raises
        ------
        TypeError
            If the program has a machine's part, which this backend does not know.
        """
        del chip
        if program.part is not None:
            raise TypeError(f"programs for {program.target} run on the emulation that its target names")
        if program.timing is None:
            from sal_hw_emulator.ideal_weights import IdealWeights
            from sal_hw_emulator.lif_session import LifSession

            return LifSession(program, IdealWeights(program, seed), seed=seed, threads=threads, recorder=recorder)
        from sal_hw_emulator.sampling_session import SamplingSession

        return SamplingSession(program, seed=seed, threads=threads, recorder=recorder)

"""SpiNNaker 1 as a backend: programs are mapped on a virtual board, or run on a machine, through sPyNNaker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.mapping import MappingReport
from sal_hw.contracts.software import Software, look_for
from sal_hw.errors import DeviceError, InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw_spinnaker.spinnaker1.access import MachineAccess, require_machine
from sal_hw_spinnaker.spinnaker1.sdk import MODULES, require_software

NAME = "spinnaker1"

#: wall-clock seconds that mapping a network may take; a choice, ten times what 200 000 neurons take on two cores
MAPPING_DEADLINE_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SpinnakerBackend:
    """Maps and runs programs with sPyNNaker.

    Attributes
    ----------
    machine
        The machine that programs run on; None looks it up in the environment, see ``access``.
    deadline_s
        Wall-clock limit of a mapping or run, seconds; None estimates a generous one.
    """

    machine: MachineAccess | None = None
    deadline_s: float | None = None
    name: str = NAME
    front_ends: tuple[str, ...] = ("spynnaker",)

    def through(self, front_end: str | None, calibration_file: Path | None) -> SpinnakerBackend:
        """Return this backend.

        Raises
        ------
        InputError
            E812 if a calibration is given: a digital machine has none.
        """
        del front_end
        if calibration_file is not None:
            allowed = f"nothing: {self.name} is digital and not calibrated"
            value = quote_value(str(calibration_file))
            raise InputError(Problem(code="E812", field="calix", value=value, allowed=allowed, hint="leave it away"))
        return self

    def software(self) -> tuple[Software, ...]:
        """Return which modules are here, and of which release."""
        return tuple(look_for(name) for name in MODULES)

    def require(self, command: str | None = None) -> None:
        """Check that sPyNNaker is installed and that a machine is named.

        Raises
        ------
        DeviceError
            E830 if the software is missing, E831 if no machine is named.
        """
        require_software(command)
        require_machine(self.machine, command)

    def map_program(self, program: CompiledProgram, *, updates: int, seed: int) -> MappingReport:
        """Map a program on a virtual board and compare all of it; see :class:`sal_hw.contracts.mapping.Mapper`."""
        from sal_hw_spinnaker.spinnaker1.job import make_job
        from sal_hw_spinnaker.spinnaker1.mapping import compare
        from sal_hw_spinnaker.spinnaker1.process import execute

        require_software()
        job = make_job(program, "map", updates=updates, seed=seed)
        return compare(program, job, *execute(job, None, deadline_s=self.deadline_s or MAPPING_DEADLINE_S))

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Return a session that runs the program when it is told how long.

        Parameters
        ----------
        program
            What to run; it must have been compiled for SpiNNaker and learn.
        request
            The seed is that of the machine's sources of noise; threads are without effect.

        Raises
        ------
        DeviceError
            E830 or E831 if there is no software or machine, E808 if the program is not run in one piece, E316 if a chip
            is named.
        """
        from sal_hw_spinnaker.spinnaker1.session import MachineRun, SpinnakerSession

        if request.chip is not None:
            allowed = "nothing: a machine is its own chip"
            raise DeviceError(
                Problem(code="E316", field="chip", value=quote_value(request.chip.chip_id), allowed=allowed)
            )
        self.require()
        run = MachineRun(
            program=program, seed=request.seed, access=require_machine(self.machine), deadline_s=self.deadline_s
        )
        return SpinnakerSession(program, run, recorder=request.recorder)

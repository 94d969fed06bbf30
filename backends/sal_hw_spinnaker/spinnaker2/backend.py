"""SpiNNaker2 as a backend: the host runs chunk after chunk on a chip and learns in between."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.software import Software, look_for
from sal_hw.errors import DeviceError, InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw_spinnaker.chunks.session import ChunkSession
from sal_hw_spinnaker.spinnaker2.description import FRONT_END, NAME
from sal_hw_spinnaker.spinnaker2.process import MachineRunner
from sal_hw_spinnaker.spinnaker2.sdk import PACKAGE, chip_address, require_software

if TYPE_CHECKING:
    from sal_hw_spinnaker.spinnaker2.result import RecordedRun


@dataclass(frozen=True, kw_only=True, slots=True)
class SpiNNaker2Backend:
    """Runs compiled programs on a chip.

    Attributes
    ----------
    address
        Of the chip's board; None takes the one that the environment names.
    deadline_s
        Wall-clock limit of a chunk; None estimates a generous one.
    """

    address: str | None = None
    deadline_s: float | None = None
    name: str = NAME
    front_ends: tuple[str, ...] = (FRONT_END,)

    def through(self, front_end: str | None, calibration_file: Path | None) -> SpiNNaker2Backend:
        """Return this backend.

        Raises
        ------
        InputError
            E812 if there is no such front end, or if a calibration is given: nothing is calibrated here.
        """
        if front_end not in (None, FRONT_END):
            allowed = f"a front end of {NAME}: {FRONT_END}"
            raise InputError(Problem(code="E812", field="via", value=quote_value(front_end), allowed=allowed))
        if calibration_file is not None:
            value = quote_value(str(calibration_file))
            allowed = f"nothing: {NAME} is not calibrated"
            raise InputError(Problem(code="E812", field="calix", value=value, allowed=allowed, hint="leave it away"))
        return self

    def software(self) -> tuple[Software, ...]:
        """Return which modules are here, and of which release."""
        return tuple(look_for(name) for name in (PACKAGE,))

    def require(self, command: str | None = None) -> None:
        """Check that the software is installed and a chip is named.

        Parameters
        ----------
        command
            Command that emulates instead, for the message.

        Raises
        ------
        DeviceError
            E801 or E840.
        """
        require_software(command)
        self._address(os.environ, command)

    def _address(self, environment: Mapping[str, str], command: str | None = None) -> str:
        return self.address if self.address is not None else chip_address(environment, command)

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Return a session on a chip.

        Parameters
        ----------
        program
            What to run; it must have been compiled for this machine.
        request
            The seed is that of all noise and of stochastic rounding, which the host draws; threads are without effect:
            there is one chip.

        Raises
        ------
        DeviceError
            E801 if the software is missing, E840 if no chip is named, E316 if a snapshot is given.
        """
        if request.chip is not None:
            allowed = "nothing: a machine is its own chip"
            problem = Problem(code="E316", field="chip", value=quote_value(request.chip.chip_id), allowed=allowed)
            raise DeviceError(problem)
        self.require()
        address = self._address(os.environ)
        runner = partial(MachineRunner, address=address, deadline_s=self.deadline_s)
        return ChunkSession(program, runner, seed=request.seed, recorder=request.recorder, chip_id=f"{NAME}:{address}")

    def read_result(self, folder: Path, program: CompiledProgram) -> RecordedRun:
        """Return a backend that plays a run file's result back; see :class:`sal_hw.contracts.backend.ResultReader`."""
        from sal_hw_spinnaker.spinnaker2.result import RecordedRun, read_result

        return RecordedRun(result=read_result(folder, program))

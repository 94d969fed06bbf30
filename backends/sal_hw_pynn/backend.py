"""Brian2 and NEST through PyNN as backends."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.software import Software, look_for
from sal_hw.errors import DeviceError, InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.sdk import MODULES, require


class PynnBackend:
    """Runs compiled programs in a simulator.

    Parameters
    ----------
    simulator
        Which one.

    Attributes
    ----------
    name
        The name that it is registered under.
    front_ends
        There is one way to the simulator.
    """

    front_ends: tuple[str, ...] = ("pynn",)

    def __init__(self, simulator: Simulator) -> None:
        self._simulator: Simulator = simulator
        self.name = f"pynn:{simulator}"

    def through(self, front_end: str | None, calibration_file: Path | None) -> PynnBackend:
        """Return this backend.

        Raises
        ------
        InputError
            E812 if a calibration is given: a simulator has none.
        """
        del front_end
        if calibration_file is not None:
            allowed = f"nothing: {self.name} is not calibrated"
            value = quote_value(str(calibration_file))
            raise InputError(Problem(code="E812", field="calix", value=value, allowed=allowed, hint="leave it away"))
        return self

    def software(self) -> tuple[Software, ...]:
        """Return which modules are here, and of which release."""
        return tuple(look_for(name) for name in MODULES[self._simulator])

    def require(self, command: str | None = None) -> None:
        """Check that PyNN and the simulator are installed; see :func:`sal_hw_pynn.sdk.require`."""
        del command
        require(self._simulator)

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program into a simulator's process.

        Parameters
        ----------
        program
            What to run; it must have been compiled for this simulator.
        request
            The seed is that of all noise: simulators draw no random numbers themselves. Threads are without effect:
            those of a simulator would wait for each other more than they compute. There is no chip.

        Raises
        ------
        DeviceError
            E820 if the simulator is missing; E316 if a chip is named.
        """
        from sal_hw_pynn.session import PynnSession

        if request.chip is not None:
            problem = Problem(
                code="E316",
                field="chip",
                value=quote_value(request.chip.chip_id),
                allowed=f"nothing: {self.name} has no chip",
            )
            raise DeviceError(problem)
        self.require()
        return PynnSession(
            program, self._simulator, seed=request.seed, recorder=request.recorder, interrupted=request.interrupted
        )


class Brian2Backend(PynnBackend):
    """Runs compiled programs in Brian2."""

    def __init__(self) -> None:
        super().__init__("brian2")


class NestBackend(PynnBackend):
    """Runs compiled programs in NEST."""

    def __init__(self) -> None:
        super().__init__("nest")

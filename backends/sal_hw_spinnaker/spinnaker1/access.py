"""Which SpiNNaker machine is used: named in the environment or in Python, never taken from the user's own files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sal_hw.errors import DeviceError, Problem, quote_value

#: variables of the environment that name the machine
MACHINE, SERVER, VERSION = "SAL_HW_SPINNAKER_MACHINE", "SAL_HW_SPINNAKER_SPALLOC", "SAL_HW_SPINNAKER_VERSION"

#: the kind of board that most machines are made of, with 48 chips (SpiNNMachine, version/version_factory.py)
BOARD_VERSION = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineAccess:
    """How a machine is reached.

    Attributes
    ----------
    machine_name
        Address of a board of one's own.
    spalloc_server
        Address of a server that lends machines; a name and password may be part of it, or in ``SPALLOC_USER`` and
        ``SPALLOC_PASSWORD``.
    version
        Kind of the boards.
    """

    machine_name: str | None = None
    spalloc_server: str | None = None
    version: int = BOARD_VERSION

    @property
    def label(self) -> str:
        """What the machine is called in results: never a password."""
        if self.spalloc_server is not None:
            found = urlsplit(self.spalloc_server)
            return found.hostname or self.spalloc_server.rpartition("@")[2]
        return self.machine_name or "none"

    def settings(self) -> str:
        """Return the lines of sPyNNaker's configuration that name the machine."""
        named = (
            f"machine_name = {self.machine_name}"
            if self.machine_name is not None
            else f"spalloc_server = {self.spalloc_server}"
        )
        return f"{named}\nversion = {self.version}\n"

    def without_secrets(self, text: str) -> str:
        """Return a text of the vendor's software without the server's address, which may hold a password."""
        return text if self.spalloc_server is None else text.replace(self.spalloc_server, self.label)


def find_machine(environment: Mapping[str, str] = os.environ) -> MachineAccess:
    """Return the machine that the environment names.

    Raises
    ------
    DeviceError
        E831 if it names none, two, or one that cannot be.
    """
    machine, server = environment.get(MACHINE) or None, environment.get(SERVER) or None
    version = environment.get(VERSION) or str(BOARD_VERSION)
    given = [item for item in (machine, server) if item is not None]
    if len(given) != 1:
        words = "none of them is set" if not given else "both are set"
        raise DeviceError(_no_machine(f"{MACHINE} (address of a board) or {SERVER} (address of a server); {words}"))
    # they become lines of a configuration file
    if not given[0].isprintable() or " " in given[0]:
        raise DeviceError(_no_machine("an address without blanks", value="an address with blanks"))
    if not version.isdecimal():
        raise DeviceError(_no_machine(f"a whole number in {VERSION}, 5 for most boards", value=version))
    return MachineAccess(machine_name=machine, spalloc_server=server, version=int(version))


def require_machine(access: MachineAccess | None, command: str | None = None) -> MachineAccess:
    """Return the machine that was named in Python, or in the environment; see :func:`find_machine`.

    Parameters
    ----------
    command
        Command that emulates instead, for the message.
    """
    if access is not None:
        return access
    try:
        return find_machine()
    except DeviceError as error:
        if command is None:
            raise
        (problem,) = error.problems
        hint = f"{problem.hint}, or on the emulator: {command}"
        raise DeviceError(
            Problem(code="E831", field=problem.field, value=problem.value, allowed=problem.allowed, hint=hint)
        ) from error


def _no_machine(allowed: str, value: str = "spinnaker1") -> Problem:
    return Problem(
        code="E831",
        field="target",
        value=quote_value(value),
        allowed=f"a SpiNNaker machine, named by a variable of the environment: {allowed}",
        hint="name one; without one the program can be mapped with --map-only",
    )

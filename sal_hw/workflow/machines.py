"""What runs a target's programs: the machine through its vendor's software, or the emulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sal_hw.contracts.backend import Backend, Machine
from sal_hw.contracts.mapping import Mapper
from sal_hw.contracts.targets import Target, load_backend
from sal_hw.errors import DeviceError, InputError, Problem, SalHwError, quote_value


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How a machine is reached; without effect on emulators.

    Attributes
    ----------
    via
        Front end of the vendor's software; None is the backend's own choice.
    calibration_file
        The vendor's calibration of the machine, as its software wrote it; None is the one that the machine's site
        keeps.
    """

    via: str | None = None
    calibration_file: Path | None = None


def choose_backend(
    target: Target, *, emulate: bool, access: Access | None = None, command: str | None = None
) -> Backend:
    """Return what runs a target's programs: the machine, or the emulator if asked for.

    Parameters
    ----------
    access
        How the machine is reached.
    command
        Command that runs the same program on the emulator, for the message if the machine is not available.

    Raises
    ------
    DeviceError
        E305 if there is nothing to run it on, or what the backend finds missing; a machine is never replaced by the
        emulator without a word.
    InputError
        E812 if the backend has no front end of that name.
    """
    name = target.emulator if emulate or target.description.emulated else target.backend
    if name is None:
        raise DeviceError(_nothing_runs(target, emulate=emulate))
    backend = load_backend(name)
    if isinstance(backend, Machine):
        backend = _reach(backend, access or Access())
        backend.require(command)
        return backend
    if access is not None and access != Access():
        raise InputError(_no_machine(backend.name, access))
    return backend


def choose_mapper(target: Target) -> Mapper:
    """Return what maps a target's programs without the machine.

    Raises
    ------
    InputError
        E835 if nothing does.
    """
    backend = None if target.backend is None else load_backend(target.backend)
    if isinstance(backend, Mapper):
        return backend
    family = target.description.family
    allowed = f"a target whose software maps programs without the machine; that of {family} does not"
    hint = "sal-hw targets --matrix shows where programs are mapped; sal-hw check shows what a program uses"
    raise InputError(Problem(code="E835", field="map-only", value=quote_value(family), allowed=allowed, hint=hint))


def _reach(machine: Machine, access: Access) -> Machine:
    if access.via is not None and access.via not in machine.front_ends:
        allowed = f"a front end of {machine.name}: {', '.join(machine.front_ends)}"
        raise InputError(Problem(code="E812", field="via", value=quote_value(access.via), allowed=allowed))
    return machine.through(access.via, access.calibration_file)


def runs_here(target: Target) -> bool:
    """Whether programs of a target run without ``--emulate`` on this computer."""
    if target.backend is None:
        return target.description.emulated
    try:
        choose_backend(target, emulate=False)
    except SalHwError:
        return False
    return True


def _no_machine(name: str, access: Access) -> Problem:
    field, value = ("via", access.via) if access.via is not None else ("calix", str(access.calibration_file))
    return Problem(
        code="E812",
        field=field,
        value=quote_value(value),
        allowed=f"nothing: the {name} needs no software of a vendor",
        hint="leave it away, or leave --emulate away to run on the machine",
    )


def _nothing_runs(target: Target, *, emulate: bool) -> Problem:
    family = target.description.family
    allowed = f"a target with an emulator; none is registered for {family}"
    hint = "sal-hw targets shows what runs where"
    if not emulate:
        allowed = f"a machine: no chip software is installed that has registered itself as the backend of {family}"
    if not emulate and target.emulator is not None:
        hint = "add --emulate (in Python emulate=True) to run the same program on the emulated chip; sal-hw targets "
        hint += "shows what runs where"
    return Problem(code="E305", field="target", value=quote_value(family), allowed=allowed, hint=hint)

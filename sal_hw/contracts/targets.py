"""A target: a kind of machine and how programs for it are made; targets, backends and calibrators by name.

Third parties register in the groups ``sal_hw.targets`` and ``sal_hw.backends``, exactly as the packages of this
project do. A target is a :class:`Target`; a backend is a class without constructor arguments. What calibrates chips is
registered in ``sal_hw.calibrators`` under the name ``default``; it is a class without constructor arguments, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol, TypeAlias

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.calibrator import Calibrator
from sal_hw.contracts.report import ProgramReport, Reporter
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.registry import BACKENDS, CALIBRATORS, TARGETS, load, names
from sal_hw.target.description import TargetDescription

#: a pass takes the compiler's draft and returns the next one
Pass: TypeAlias = Callable[[Any], Any]


class ProgramFiles(Protocol):
    """Makes the files that run a program with the machine's own software, without this package."""

    def __call__(
        self, program: CompiledProgram, *, updates: int, seed: int, via: str | None = None
    ) -> dict[str, bytes]:
        """Return the files by their path below the program's folder; equal arguments give equal bytes.

        Parameters
        ----------
        updates
            How many weight updates a run lasts.
        seed
            Seed of what the program leaves open.
        via
            The front end that must be able to run it; None is any of them.

        Raises
        ------
        InputError
            If no front end, or not the one that is named, can run the program.
        """


class RunCosts(Protocol):
    """Tells what a run takes of a machine, before anything runs."""

    def __call__(self, program: CompiledProgram, *, updates: int, seed: int) -> ProgramReport:
        """Return time and memory of a run of so many weight updates."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontEndFeatures:
    """What a front end of a machine's software is for, in words.

    Attributes
    ----------
    name
        As ``--via`` takes it.
    releases
        Of the software that it is for.
    cannot
        What it cannot do, of what the target can.
    """

    name: str
    releases: str
    cannot: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A kind of machine and how programs for it are made.

    Attributes
    ----------
    description
        Its limits as data.
    passes
        The compiler's passes, in order.
    backend, emulator
        Names of the backends that run its programs on the machine and in emulation; None where there is none.
    files
        Makes files for the machine's own software from a program; None where there are none.
    report
        Tells what a program uses of the machine; None where the notes of the passes say all.
    costs
        Tells what a run takes of the machine; None where nobody waits for one.
    front_ends
        Front ends of the machine's software, the default first; empty where there is no choice.
    """

    description: TargetDescription
    passes: tuple[Pass, ...]
    backend: str | None
    emulator: str | None
    files: ProgramFiles | None = None
    report: Reporter | None = None
    costs: RunCosts | None = None
    front_ends: tuple[FrontEndFeatures, ...] = ()


def target_names() -> tuple[str, ...]:
    """Return the names of all registered targets, sorted."""
    return names(TARGETS)


def load_target(name: str) -> Target:
    """Return a registered target.

    Raises
    ------
    InputError
        E301 if there is none of that name.
    """
    known = names(TARGETS)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else "sal-hw targets lists them"
        raise InputError(
            Problem(
                code="E301",
                field="target",
                value=quote_value(name),
                allowed=f"a registered target: {', '.join(known)}",
                hint=hint,
            )
        )
    target: Target = load(TARGETS, name)
    return target


def load_backend(name: str) -> Backend:
    """Return a new backend of a registered kind.

    Raises
    ------
    InputError
        E303 if there is none of that name.
    """
    known = names(BACKENDS)
    if name not in known:
        raise InputError(
            Problem(
                code="E303",
                field="backend",
                value=quote_value(name),
                allowed=f"a registered backend: {', '.join(known)}",
                hint="sal-hw doctor shows what is installed",
            )
        )
    backend: Backend = load(BACKENDS, name)()
    return backend


def load_calibrator() -> Calibrator:
    """Return what calibrates chips.

    Raises
    ------
    InputError
        E303 if nothing is registered.
    """
    if "default" not in names(CALIBRATORS):
        raise InputError(
            Problem(
                code="E303",
                field="calibrator",
                allowed=f"a package that registers 'default' in the entry-point group {CALIBRATORS}",
                hint="install sal-hw again; its calibration package is part of it",
            )
        )
    calibrator: Calibrator = load(CALIBRATORS, "default")()
    return calibrator

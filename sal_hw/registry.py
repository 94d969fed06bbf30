"""Targets and backends by name, found through entry points.

Third parties register in the groups ``sal_hw.targets`` and ``sal_hw.backends``, exactly as the packages of this
project do. A target is a :class:`Target`; a backend is a class without constructor arguments. Studies, experiments with
an engine of their own, are registered in ``sal_hw.studies`` under the kind of their protocol. What calibrates chips is
registered in ``sal_hw.calibrators`` under the name ``default``; it is a class without constructor arguments, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeAlias

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.calibrator import Calibrator
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription

TARGETS = "sal_hw.targets"
BACKENDS = "sal_hw.backends"
CALIBRATORS = "sal_hw.calibrators"
STUDIES = "sal_hw.studies"

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
    """

    description: TargetDescription
    passes: tuple[Pass, ...]
    backend: str | None
    emulator: str | None
    files: ProgramFiles | None = None


def _find(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def target_names() -> tuple[str, ...]:
    """Return the names of all registered targets, sorted."""
    return tuple(sorted(_find(TARGETS)))


def load_target(name: str) -> Target:
    """Return a registered target.

    Raises
    ------
    InputError
        E301 if there is none of that name.
    """
    known = _find(TARGETS)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else "sal-hw targets lists them"
        raise InputError(
            Problem(
                code="E301",
                field="target",
                value=quote_value(name),
                allowed=f"a registered target: {', '.join(sorted(known))}",
                hint=hint,
            )
        )
    target: Target = known[name].load()
    return target


def load_backend(name: str) -> Backend:
    """Return a new backend of a registered kind.

    Raises
    ------
    InputError
        E303 if there is none of that name.
    """
    known = _find(BACKENDS)
    if name not in known:
        raise InputError(
            Problem(
                code="E303",
                field="backend",
                value=quote_value(name),
                allowed=f"a registered backend: {', '.join(sorted(known))}",
                hint="sal-hw doctor shows what is installed",
            )
        )
    backend: Backend = known[name].load()()
    return backend


def load_study(kind: str) -> Callable[..., Any]:
    """Return what makes the studies of a kind, a :class:`sal_hw.experiment.study.StudyFactory`.

    Raises
    ------
    InputError
        E303 if nothing is registered for that kind.
    """
    known = _find(STUDIES)
    if kind not in known:
        raise InputError(
            Problem(
                code="E303",
                field="experiment.kind",
                value=quote_value(kind),
                allowed=f"a study that is installed: {', '.join(sorted(known)) or 'there is none'}",
                hint="install sal-hw again; its studies are part of it",
            )
        )
    factory: Callable[..., Any] = known[kind].load()
    return factory


def load_calibrator() -> Calibrator:
    """Return what calibrates chips.

    Raises
    ------
    InputError
        E303 if nothing is registered.
    """
    found = _find(CALIBRATORS).get("default")
    if found is None:
        raise InputError(
            Problem(
                code="E303",
                field="calibrator",
                allowed=f"a package that registers 'default' in the entry-point group {CALIBRATORS}",
                hint="install sal-hw again; its calibration package is part of it",
            )
        )
    calibrator: Calibrator = found.load()()
    return calibrator

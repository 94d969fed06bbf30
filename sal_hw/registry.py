"""Targets, backends, studies and figures by name, found through entry points.

Third parties register in the groups ``sal_hw.targets`` and ``sal_hw.backends``, exactly as the packages of this
project do. A target is a :class:`Target`; a backend is a class without constructor arguments. Studies, experiments with
an engine of their own, are registered in ``sal_hw.studies`` under the kind of their protocol. Kinds of figures, each a
:class:`sal_hw.plots.Kind`, are registered in ``sal_hw.plots`` under their names. What calibrates chips is
registered in ``sal_hw.calibrators`` under the name ``default``; it is a class without constructor arguments, too.

Nothing is imported before it is asked for by its name. A name that two packages register is refused, and so is what
cannot be imported; all other names go on working.
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
PLOTS = "sal_hw.plots"

#: every group, with what one of its entries is called
GROUPS = {
    TARGETS: "target",
    BACKENDS: "backend",
    CALIBRATORS: "calibrator",
    STUDIES: "study",
    PLOTS: "kind of figure",
}

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


def _find(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=group):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def names(group: str) -> tuple[str, ...]:
    """Return all names that are registered in a group, sorted; nothing is imported."""
    return tuple(sorted(_find(group)))


def load(group: str, name: str) -> Any:
    """Import what is registered under a name.

    Raises
    ------
    KeyError
        If nothing is.
    InputError
        E317 if more than one package registers the name; E318 if it cannot be imported.
    """
    points = _find(group)[name]
    if len(points) > 1:
        raise InputError(_registered_twice(group, name))
    try:
        return points[0].load()
    except Exception as error:  # importing runs foreign code, which may fail in any way
        raise InputError(_not_loadable(group, points[0], error)) from error


def origin_of(group: str, name: str) -> str:
    """Return what a name stands for and which packages register it, in words."""
    return " and ".join(sorted(f"{point.value} of the package {_package(point)}" for point in _find(group)[name]))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module.partition(".")[0]


def _registered_twice(group: str, name: str) -> Problem:
    return Problem(
        code="E317",
        field=GROUPS[group],
        value=quote_value(name),
        allowed=f"a name that is registered once in {group}; found {origin_of(group, name)}",
        hint="uninstall one of the packages",
    )


def _not_loadable(group: str, point: EntryPoint, error: Exception) -> Problem:
    return Problem(
        code="E318",
        field=GROUPS[group],
        value=quote_value(point.name),
        allowed=f"something that can be imported; {origin_of(group, point.name)} fails with "
        f"{type(error).__name__}: {error}",
        hint=f"install {_package(point)} again, or uninstall it",
    )


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


def load_study(kind: str) -> Callable[..., Any]:
    """Return what makes the studies of a kind, a :class:`sal_hw.experiment.study.StudyFactory`.

    Raises
    ------
    InputError
        E303 if nothing is registered for that kind.
    """
    known = names(STUDIES)
    if kind not in known:
        raise InputError(
            Problem(
                code="E303",
                field="experiment.kind",
                value=quote_value(kind),
                allowed=f"a study that is installed: {', '.join(known) or 'there is none'}",
                hint="install sal-hw again; its studies are part of it",
            )
        )
    factory: Callable[..., Any] = load(STUDIES, kind)
    return factory


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

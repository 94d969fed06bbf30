"""What packages bring, by name, found through entry points.

Third parties register exactly as the packages of this project do. What an entry has to be is said beside its type: see
:mod:`sal_hw.contracts.targets` for targets, backends and calibrators,
:mod:`sal_hw.experiment.study` for studies, :mod:`sal_hw.spec.experiments` for their schemas,
:class:`sal_hw.contracts.capability.Capability`, :class:`sal_hw.plots.Kind` for kinds of figures, and
:mod:`sal_hw.results.stored_program` for the classes of machines' parts of programs, by target.

Nothing is imported before it is asked for by its name. A name that two packages register is refused, and so is what
cannot be imported; all other names go on working.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sal_hw.errors import InputError, Problem, quote_value

TARGETS = "sal_hw.targets"
BACKENDS = "sal_hw.backends"
CALIBRATORS = "sal_hw.calibrators"
STUDIES = "sal_hw.studies"
STUDY_SCHEMAS = "sal_hw.study_schemas"
PLOTS = "sal_hw.plots"
CAPABILITIES = "sal_hw.capabilities"
PROGRAM_PARTS = "sal_hw.program_parts"

#: every group, with what one of its entries is called
GROUPS = {
    TARGETS: "target",
    BACKENDS: "backend",
    CALIBRATORS: "calibrator",
    STUDIES: "study",
    STUDY_SCHEMAS: "schema of a study",
    PLOTS: "kind of figure",
    CAPABILITIES: "capability",
    PROGRAM_PARTS: "part of programs",
}


def _find(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    return _search(group, tuple(sys.path))


@cache
def _search(group: str, path: tuple[str, ...]) -> dict[str, tuple[EntryPoint, ...]]:
    """Read what every package on the path registers, once: a recipe asks for it many times."""
    del path  # entry_points looks there
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

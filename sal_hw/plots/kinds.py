"""The kinds of figures that are installed, looked up by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import FigureTable
from sal_hw.registry import PLOTS, load, names, origin_of
from sal_hw.results.result import RunResult
from sal_hw.spec.findings import did_you_mean, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def all_kinds() -> dict[str, Kind]:
    """Return every kind of figure that can be used, by name and in the order of lists.

    What is registered and cannot be used is left out; :func:`unusable_kinds` says why.
    """
    return _sort_out()[0]


def unusable_kinds() -> tuple[Problem, ...]:
    """Return what is wrong with kinds of figures that are registered and cannot be used, one finding per name."""
    return _sort_out()[1]


def _sort_out() -> tuple[dict[str, Kind], tuple[Problem, ...]]:
    usable: list[Kind] = []
    problems: list[Problem] = []
    for name in names(PLOTS):
        try:
            usable.append(load_kind(name))
        except InputError as error:
            problems += error.problems
    return {kind.name: kind for kind in sorted(usable, key=lambda kind: (kind.order, kind.name))}, tuple(problems)


def load_kind(name: str) -> Kind:
    """Return the kind of figure that is registered under a name.

    Raises
    ------
    KeyError
        If nothing is.
    InputError
        E317 if two packages register it; E318 if it cannot be imported or is none.
    """
    kind = load(PLOTS, name)
    if isinstance(kind, Kind) and kind.name == name:
        return kind
    raise InputError(
        Problem(
            code="E318",
            field="kind of figure",
            value=quote_value(name),
            allowed=f"a sal_hw.plots.Kind of that name, which {origin_of(PLOTS, name)} is not",
            hint="tell the authors of the package",
        )
    )


def available(result: RunResult) -> tuple[str, ...]:
    """Return the kinds of figures that a run can show."""
    return tuple(name for name, kind in all_kinds().items() if kind.tabulate(result) is not None)


def collect(kind: str, results: Mapping[str, RunResult]) -> FigureTable:
    """Return the numbers of a figure, exactly as :func:`draw` shows them.

    Parameters
    ----------
    kind
        A name of :func:`all_kinds`.
    results
        Runs by the label that tells them apart.

    Raises
    ------
    InputError
        E507 if there is no such kind; E317 or E318 if it cannot be used; E508, one finding per run, if runs lack
        what it needs.
    ValueError
        If there is no run.
    """
    wanted = _find(kind)
    if not results:
        raise ValueError("a figure needs at least one run")
    # a table without rows is nothing to draw, either
    tables = {label: wanted.tabulate(result) or None for label, result in results.items()}
    found = {label: table for label, table in tables.items() if table is not None}
    if len(found) < len(tables):
        raise InputError(_lacking(wanted, label) for label, table in tables.items() if table is None)
    layout = list(next(iter(found.values())).columns)
    differing = [label for label, table in found.items() if list(table.columns) != layout]
    if differing:
        raise InputError(_incomparable(wanted, label, next(iter(found))) for label in differing)
    return FigureTable.stack(found, by="run")


def draw(kind: str, results: Mapping[str, RunResult]) -> Figure:
    """Draw a figure of one run, or of several over each other.

    Parameters
    ----------
    kind
        A name of :func:`all_kinds`.
    results
        Runs by the label that tells them apart in the legend.

    Raises
    ------
    InputError
        See :func:`collect`.
    """
    return render(kind, collect(kind, results))


def render(kind: str, table: FigureTable) -> Figure:
    """Draw a figure from its numbers.

    Parameters
    ----------
    kind
        A name of :func:`all_kinds`.
    table
        From :func:`collect`.

    Raises
    ------
    InputError
        E507 if there is no such kind; E317 or E318 if it cannot be used.
    """
    return _find(kind).paint(table)


def _find(kind: str) -> Kind:
    known = names(PLOTS)
    if kind in known:
        return load_kind(kind)
    problem = Problem(
        code="E507",
        field="kind",
        value=quote_value(kind),
        allowed=f"a kind of figure: {listed(known)}",
        hint=did_you_mean(kind, known) or "sal-hw plot --list RUN tells what a run can show",
    )
    raise InputError(problem)


def _lacking(kind: Kind, label: str) -> Problem:
    return Problem(
        code="E508",
        field="run",
        value=quote_value(label),
        allowed=f'the figure "{kind.name}" needs {kind.needs}; this run has none',
        hint=kind.source,
    )


def _incomparable(kind: Kind, label: str, other: str) -> Problem:
    return Problem(
        code="E508",
        field="run",
        value=quote_value(label),
        allowed=f'runs that recorded the same things as {quote_value(other)} for the figure "{kind.name}"',
        hint="draw it on its own",
    )

"""The one error tree: every error has a code, fields and a hint, and maps to an exit code.

A :class:`Problem` is one finding about user input or about a file. Errors carry problems, so that all
independent findings of one pass reach the user together. Everything here pickles, since runs may live in
other processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

MAX_VALUE_CHARACTERS = 80
MAX_SHOWN_PROBLEMS = 20
#: findings after which reading a recipe ends; nobody mends more in one go
MAX_PROBLEMS = 1000


def quote_value(value: object) -> str:
    """Return `value` as one printable line of at most 80 characters, control characters escaped."""
    text = value if isinstance(value, str) else _represent(value)
    escaped = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    if len(escaped) > MAX_VALUE_CHARACTERS:
        escaped = escaped[: MAX_VALUE_CHARACTERS - 3] + "..."
    return f'"{escaped}"' if isinstance(value, str) else escaped


def quote_path(path: str | os.PathLike[str]) -> str:
    """Return a path as one printable line: whole, since half of one leads nowhere."""
    return f'"{_printable(os.fspath(path))}"'


def _printable(text: str) -> str:
    """Escape what a terminal might obey: names of files and keys are foreign text."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _represent(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # Python refuses to print numbers of more than 4300 digits, and foreign objects may do anything
        return f"<{type(value).__name__} that cannot be printed>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding about something the user gave.

    Attributes
    ----------
    code
        Stable code, for example ``E214``; ``sal-hw explain E214`` tells more.
    field
        Path of the field, for example ``projections[2].weight``; empty when a whole file is meant.
    allowed
        What is allowed, with unit and reason.
    value
        The offending value, already quoted by :func:`quote_value`; None when there is none.
    hint
        The nearest legal value, a "did you mean", or a command.
    file, line, column
        Where it stands (1-based); None when the input is not a file.
    """

    code: str
    field: str
    allowed: str
    value: str | None = None
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def location(self) -> str:
        """``file:line:column`` as far as it is known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def render(self) -> str:
        """Return the finding as the indented text block that the command line shows."""
        subject = self.field if self.value is None else f"{self.field} = {self.value}".removeprefix(" = ")
        head = "  ".join(part for part in (self.location, self.code, subject) if part)
        lines = [head, f"    {self.allowed}"]
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(_printable(line) for line in lines)

    def as_document(self) -> dict[str, Any]:
        """Return the finding as plain JSON data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def at(self, *, file: str | None, line: int | None = None, column: int | None = None) -> Problem:
        """Return the same finding with a place in a file."""
        return replace(self, file=file, line=line, column=column)


def sort_key(problem: Problem) -> tuple[str, int, int, str]:
    """Order findings by file, line and column."""
    return (problem.file or "", problem.line or 0, problem.column or 0, problem.code)


class SalHwError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problems
        At least one finding; the first one gives ``.code``, ``.field``, ``.value`` and ``.hint``.
    """

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        found = (problems,) if isinstance(problems, Problem) else tuple(sorted(problems, key=sort_key))
        if not found:
            raise ValueError("an error needs at least one problem")
        self.problems = found
        super().__init__(found)

    def __reduce__(self) -> tuple[type[SalHwError], tuple[tuple[Problem, ...]]]:
        """Pickle by the findings alone."""
        return type(self), (self.problems,)

    def __str__(self) -> str:
        return self.render()

    @property
    def code(self) -> str:
        """Code of the first finding."""
        return self.problems[0].code

    @property
    def field(self) -> str:
        """Field path of the first finding."""
        return self.problems[0].field

    @property
    def value(self) -> str | None:
        """Quoted value of the first finding."""
        return self.problems[0].value

    @property
    def hint(self) -> str | None:
        """Hint of the first finding."""
        return self.problems[0].hint

    def render(self) -> str:
        """Return the first 20 findings, sorted by line, and how many more there are."""
        shown = [problem.render() for problem in self.problems[:MAX_SHOWN_PROBLEMS]]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"... and {hidden} more")
        return "\n".join(shown)


class InputError(SalHwError):
    """Something the user gave is not acceptable (exit code 2)."""

    exit_code = 2


class CalibrationError(SalHwError):
    """Calibration is missing, stale, of another chip or below quality (exit code 3)."""

    exit_code = 3


class DeviceError(SalHwError):
    """The device or its software is unavailable or hung (exit code 4)."""

    exit_code = 4


class DegradedError(SalHwError):
    """The run finished, but degraded, and ``--strict`` was asked for (exit code 5)."""

    exit_code = 5


class IntegrityError(SalHwError):
    """Stored data does not match its checksums or its schema (exit code 6)."""

    exit_code = 6


class IncompleteError(SalHwError):
    """The run is incomplete and can be resumed (exit code 7)."""

    exit_code = 7


class Interrupted(IncompleteError):  # noqa: N818 - not a mistake: the user asked for it
    """The run was interrupted; what is done is kept if it has a folder (exit code 130)."""

    exit_code = 130

"""What commands share: data to stdout, talk to stderr, errors as text or JSON."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sal_hw.errors import InputError, Problem, SalHwError, quote_value
from sal_hw.shell_words import command

#: version of everything that --json prints
JSON_FORMAT = 1

#: what the operating system has run out of, whichever file was asked for
_SYSTEM_WIDE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}


def say(text: str = "") -> None:
    """Talk to the user, on stderr."""
    sys.stderr.write(text + "\n")


def show(text: str = "") -> None:
    """Print data, on stdout."""
    sys.stdout.write(text + "\n")


def show_next(*words: object) -> None:
    """Print the next useful command; see :func:`sal_hw.shell_words.command`."""
    show(f"next: {command(*words)}")


def show_json(document: dict[str, Any]) -> None:
    """Print a JSON document, on stdout."""
    show(json.dumps({"format": JSON_FORMAT, **document}, indent=2, sort_keys=True, allow_nan=False))


def show_table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> None:
    """Print a table with aligned columns, on stdout."""
    widths = [max(len(row[index]) for row in [header, *rows]) for index in range(len(header))]
    lines = [header, tuple("-" * width for width in widths), *rows]
    for line in lines:
        show("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_metrics(metrics: Mapping[str, object], undefined: Mapping[str, str], title: str) -> None:
    """Print metrics as a table, and why some of them have no value."""
    values = {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in metrics.items()}
    rows = [(name, "undefined" if name in undefined else text) for name, text in values.items() if name != "verdict"]
    show_table(rows, (title, "value"))
    for name, reason in undefined.items():
        show(f"undefined: {name}, since {reason}")


def report_error(error: SalHwError, *, as_json: bool) -> int:
    """Report an error that was raised on purpose; return the exit code."""
    if as_json:
        problems = [problem.as_document() for problem in error.problems]
        show_json({"status": "error", "exit_code": error.exit_code, "problems": problems})
    else:
        say(error.render())
        say(f"next: {command('explain', error.code)}")
    return error.exit_code


def report_usage(error: Exception, *, as_json: bool) -> int | None:
    """Report a wrong use of the command line; return None if `error` is something else."""
    message = getattr(error, "format_message", None)
    if message is None:
        return None
    context = getattr(error, "ctx", None)
    usage = f"{context.get_usage()}\n" if context is not None else ""
    command = context.command_path if context is not None else "sal-hw"
    if as_json:
        problem = {"code": "E604", "field": "command line", "allowed": message(), "hint": f"{command} --help"}
        show_json({"status": "error", "exit_code": 2, "problems": [problem]})
    else:
        say(f"{usage}E604  {message()}\n    hint: {command} --help")
    return 2


def refused_by_system(error: Exception) -> SalHwError | None:
    """Return what to tell the user if it is the computer that has not enough memory, or refuses a file.

    Such an error is no bug: where it can be foreseen, it is raised with more words.
    """
    if isinstance(error, MemoryError):
        hint = "make the network, the record or the file smaller, or use a computer with more memory"
        return InputError(
            Problem(code="E512", field="memory", allowed="what fits into this computer's memory", hint=hint)
        )
    if not isinstance(error, OSError) or (error.filename is None and error.errno not in _SYSTEM_WIDE):
        return None
    value = None if error.filename is None else quote_value(os.fsdecode(error.filename))
    allowed = f"files that can be used; the operating system says: {error.strerror or error}"
    hint = "check its name and permissions" if error.filename is not None else "free some of it and try again"
    return InputError(Problem(code="E511", field="file", value=value, allowed=allowed, hint=hint))


def report_bug(error: Exception, *, as_json: bool) -> int:
    """Report something that should not have happened."""
    text = f"{type(error).__name__}: {error}"
    if as_json:
        problem = {"code": "E900", "field": "sal-hw", "allowed": text, "hint": "repeat with --debug"}
        show_json({"status": "bug", "exit_code": 1, "problems": [problem]})
    else:
        say(f"E900  this is a bug of sal-hw, not of your input: {text}\n    hint: repeat with --debug and report it")
    return 1

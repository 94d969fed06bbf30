"""Progress: a bar with the remaining time on a terminal, elsewhere one line per 10 % or 30 s."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from sal_hw.cli.console import say
from sal_hw.cli.signals import INTERRUPTED, Stopped, exit_code_of, obeyed
from sal_hw.errors import SalHwError

Report = Callable[[int, int], None]

_SECONDS_BETWEEN_LINES = 30.0
_SHARE_BETWEEN_LINES = 0.1


@contextmanager
def progress_bar(what: str, *, quiet: bool = False, steps: str = "updates") -> Iterator[Report]:
    """Give a function that shows how much of `what` is done; `steps` names what is counted."""
    if quiet:
        yield lambda _done, _total: None
    elif sys.stderr.isatty():
        with _bar(what) as report:
            yield report
    else:
        yield _Lines(what, steps)


@contextmanager
def _bar(what: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class _Lines:
    """Progress for logs."""

    def __init__(self, what: str, steps: str) -> None:
        self._what = what
        self._steps = steps
        self._begin = self._shown_at = time.monotonic()
        self._shown_share = 0.0

    def __call__(self, done: int, total: int) -> None:
        now, share = time.monotonic(), done / total
        due = share - self._shown_share >= _SHARE_BETWEEN_LINES or now - self._shown_at >= _SECONDS_BETWEEN_LINES
        if due:
            left = (now - self._begin) * (1.0 / share - 1.0) if share else 0.0
            say(f"{self._what}: {done} of {total} {self._steps} ({share:.0%}), {left:.0f} s left")
            self._shown_at, self._shown_share = now, share


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed, or SIGTERM or SIGHUP sent; a second one stops at once."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if received:
            raise Stopped(number)
        received.append(number)
        # the signal may have come while something else was being said
        with suppress(RuntimeError):
            say("stopping at the next safe point; press Ctrl-C again to stop at once")

    previous = {number: signal.signal(number, note) for number in obeyed()}
    try:
        yield lambda: bool(received)
    except SalHwError as error:
        if received and error.exit_code == INTERRUPTED:
            error.exit_code = exit_code_of(received[0])
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


StageReport = Callable[[str, float, float], None]


@contextmanager
def stage_progress(*, quiet: bool = False) -> Iterator[StageReport]:
    """Give a function that shows which stage runs and which share of all of them is done."""
    if quiet:
        yield lambda _stage, _done, _total: None
    elif sys.stderr.isatty():
        with _stage_bar() as report:
            yield report
    else:
        yield _StageLines()


@contextmanager
def _stage_bar() -> Iterator[StageReport]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # the clock is drawn several times a second, whatever the measurement does
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=1.0)
        yield lambda stage, done, total: bars.update(task, description=stage, completed=done, total=total)


class _StageLines:
    """Stages for logs: one line as each begins, and one every 30 s."""

    def __init__(self) -> None:
        self._stage = ""
        self._begin = self._shown_at = time.monotonic()

    def __call__(self, stage: str, done: float, total: float) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._shown_at < _SECONDS_BETWEEN_LINES:
            return
        say(f"calibrate: {stage}, {done / total:.0%} done after {now - self._begin:.0f} s")
        self._stage, self._shown_at = stage, now

"""Signals that end a command: Ctrl-C, SIGTERM and SIGHUP are treated alike, and told apart by the exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: exit codes: 130 for Ctrl-C, 143 for what others send, both 128 plus the number of SIGINT or SIGTERM
INTERRUPTED, TERMINATED = 130, 143


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end.

    Parameters
    ----------
    number
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code_of(number: int) -> int:
    """Return the exit code of a command that was ended by a signal."""
    return INTERRUPTED if number == signal.SIGINT else TERMINATED


def exit_code_after(error: BaseException) -> int:
    """Return the exit code of a command that was ended by an exception: of the signal that it carries, or 130."""
    return exit_code_of(error.number) if isinstance(error, Stopped) else INTERRUPTED


def obeyed() -> tuple[signal.Signals, ...]:
    """Return the signals that end a command; a hang-up does not where it is ignored, as below nohup."""
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, hang_up


def stop_at_once(number: int, _frame: FrameType | None) -> None:
    """End the command wherever it is, as Ctrl-C does, so that what it holds is given back.

    Raises
    ------
    Stopped
        Always.
    """
    raise Stopped(number)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end what follows as Ctrl-C does."""
    previous = {number: signal.signal(number, stop_at_once) for number in obeyed() if number != signal.SIGINT}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

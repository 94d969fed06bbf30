"""Runs of the command line that things happen to: forked, so that two hundred of them take minutes."""

from __future__ import annotations

import io
import json
import os
import random
import select
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from sal_hw.cli.main import main
from sal_hw.experiment import runner
from sal_hw.results import spike_store

ROOT = Path(__file__).parents[2]

#: wall-clock seconds between checkpoints, and spikes per file, so small that there are many
CHECKPOINT_EVERY_S, SPIKES_PER_PART = 0.02, 2_000

runner.CHECKPOINT_EVERY_S = CHECKPOINT_EVERY_S
spike_store.SPIKES_PER_PART = SPIKES_PER_PART

#: files that tell when and by whom, which no two runs have in common
OF_THE_MOMENT = ("manifest.json", ".lock")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, minus the signal's number if it was killed, and what it said."""

    code: int
    said: str


class Command:
    """A command in a process of its own that runs already; it ends by itself or by what is done to it."""

    def __init__(self, *words: str, folder: Path, before: Callable[[], None] = lambda: None) -> None:
        self._log = folder / f"log-{random.getrandbits(48):012x}"
        self._steps, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._steps)
            _become(words, folder, self._log, theirs, before)
        os.close(theirs)

    def wait_for_steps(self) -> None:
        """Wait until the run has loaded its program and steps, or has ended."""
        select.select((self._steps,), (), (), 120.0)

    def send(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if not self.has_ended():
            os.kill(self.pid, number)

    def has_ended(self) -> bool:
        """Whether it has ended; it is not reaped."""
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def wait(self) -> Ended:
        """Wait for its end."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self._steps)
        said = self._log.read_text(errors="replace") if self._log.exists() else ""
        self._log.unlink(missing_ok=True)
        return Ended(os.waitstatus_to_exitcode(status), said)


def _become(words: tuple[str, ...], folder: Path, log: Path, steps: int, before: Callable[[], None]) -> None:
    """Be the command line, and never return."""
    code = 99
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        # nohup, and shells that start something in the background, have these ignored
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        advance = runner.advance

        def announced(*given: object, **named: object) -> None:
            os.write(steps, b"x")
            advance(*given, **named)  # type: ignore[arg-type]

        runner.advance = announced
        before()
        from sal_hw.cli.signals import ended_by_signals

        with ended_by_signals():
            code = main(words)
    finally:
        import sys

        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass
class Case:
    """A run that things happen to.

    Attributes
    ----------
    words
        What is asked for, without the folder.
    home
        Where its folders are.
    lasts_s
        Wall-clock seconds of its steps without interruption.
    expected
        Files of the run without interruption.
    """

    name: str
    words: tuple[str, ...]
    home: Path
    lasts_s: float = 0.0
    expected: dict[str, bytes] = field(default_factory=dict)

    def begin(self, out: str, *more: str, before: Callable[[], None] = lambda: None) -> Command:
        """Begin the run in a folder."""
        return Command(*self.words, "--out", out, *more, folder=self.home, before=before)

    def prepare(self) -> None:
        """Run it twice without interruption: once here, so that all is loaded that others fork, and once as they do."""
        if _quietly([*self.words, "--out", str(self.home / "first")]) != 0:
            raise RuntimeError(f"{self.name} does not even run")
        command = self.begin("whole")
        command.wait_for_steps()
        begin = time.monotonic()
        ended = command.wait()
        self.lasts_s = time.monotonic() - begin
        if ended.code != 0:
            raise RuntimeError(f"{self.name} does not even run: {ended.said}")
        self.expected = content(self.home / "whole")
        if content(self.home / "first") != self.expected:
            raise RuntimeError(f"{self.name}: two runs without interruption differ")

    def what_is_wrong(self, out: Path, ended: Ended) -> str | None:
        """Return how a finished run differs from the one without interruption; None if it does not."""
        if ended.code != 0:
            return f"exit code {ended.code}: {ended.said[-300:]}"
        found = content(out)
        if found != self.expected:
            names = sorted(key for key in {*found, *self.expected} if found.get(key) != self.expected.get(key))
            return f"other bytes in {', '.join(names)}"
        listed = json.loads((out / "manifest.json").read_bytes())["files"]
        whole = json.loads((self.home / "whole" / "manifest.json").read_bytes())["files"]
        return None if listed == whole else "other files in the manifest"

    def finish(self, out: str) -> str | None:
        """Go on with an interrupted run up to its end, begin it where nothing was kept, and compare."""
        ended = self.begin(out, "--resume").wait()
        if ended.code == 2 and "nothing is to be resumed" in ended.said:
            ended = self.begin(out).wait()
        wrong = self.what_is_wrong(self.home / out, ended)
        if wrong is None:
            shutil.rmtree(self.home / out)
        return wrong


def _quietly(words: list[str]) -> int:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return main(words)


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files that equal runs have in common; torn files count."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in OF_THE_MOMENT)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def interrupt(case: Case, out: str, number: int, at: float, *more: str) -> Ended:
    """Begin a run, or go on with it, and send a signal after a share of the time that its steps last."""
    command = case.begin(out, *more)
    command.wait_for_steps()
    time.sleep(at * case.lasts_s)
    command.send(number)
    return command.wait()


KILLED = -signal.SIGKILL

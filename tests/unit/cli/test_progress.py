"""Progress in logs: few lines, each with what is left; ctrl-c is noted once and obeyed the second time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from sal_hw.cli import progress
from sal_hw.cli.progress import interruptible, progress_bar, stage_progress
from sal_hw.errors import Problem
from sal_hw.experiment.runner import Interrupted

Captured = pytest.CaptureFixture[str]


class Clock:
    """Stands for the module's clock."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_a_line_for_every_tenth(clock: Clock, capsys: Captured) -> None:
    with progress_bar("pair") as report:
        for done in range(65):
            clock.now = 0.1 * done
            report(done, 64)
    lines = capsys.readouterr().err.splitlines()
    # a tenth of 64 updates is reached with the seventh
    assert lines[0] == "pair: 7 of 64 updates (11%), 6 s left"
    assert [int(line.split()[1]) for line in lines] == [7, 14, 21, 28, 35, 42, 49, 56, 63]


def test_slow_steps_get_a_line_every_half_minute(clock: Clock, capsys: Captured) -> None:
    with progress_bar("stack", steps="epochs") as report:
        for done in range(1, 5):
            clock.now += 20.0
            report(done, 1000)
    assert [line.split(" epochs")[0] for line in capsys.readouterr().err.splitlines()] == [
        "stack: 2 of 1000",
        "stack: 4 of 1000",
    ]


def test_quiet_is_quiet(capsys: Captured) -> None:
    with progress_bar("pair", quiet=True) as report, stage_progress(quiet=True) as stage:
        report(5, 10)
        stage("membranes", 1.0, 2.0)
    assert capsys.readouterr().err == ""


def test_each_stage_gets_a_line_as_it_begins(clock: Clock, capsys: Captured) -> None:
    with stage_progress() as report:
        for name, now, done in (("one", 0.0, 0.0), ("one", 5.0, 1.0), ("other", 6.0, 2.0), ("other", 40.0, 3.0)):
            clock.now = now
            report(name, done, 4.0)
    assert capsys.readouterr().err.splitlines() == [
        "calibrate: one, 0% done after 0 s",
        "calibrate: other, 50% done after 6 s",
        "calibrate: other, 75% done after 40 s",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_and_a_second_one_obeyed(capsys: Captured, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with interruptible() as stopped:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert "press Ctrl-C again to stop at once" in capsys.readouterr().err
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=["int", "term", "hup"]
)
def test_the_exit_code_tells_the_signal(number: signal.Signals, code: int) -> None:
    def run() -> None:
        with interruptible():
            os.kill(os.getpid(), number)
            raise Interrupted(Problem(code="E602", field="run", allowed="an end"))

    with pytest.raises(Interrupted) as caught:
        run()
    assert caught.value.exit_code == code
    assert Interrupted.exit_code == 130


def test_a_hang_up_is_ignored_where_it_was() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as stopped:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stopped()
    finally:
        signal.signal(signal.SIGHUP, before)

"""Progress in logs: few lines, each with what is left; ctrl-c is noted once and obeyed the second time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from sal_hw.cli import progress
from sal_hw.cli.progress import interruptible, progress_bar, stage_progress

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


def test_ctrl_c_is_noted_and_a_second_one_obeyed(capsys: Captured) -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as pressed:
        assert not pressed()
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert "press Ctrl-C again to stop at once" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before

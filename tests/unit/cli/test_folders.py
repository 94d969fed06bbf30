"""Folders of commands: never one for two, and never replaced unless they are what the command makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.storage.locks import locked

RECIPES = Path(__file__).parents[3] / "recipes"
RUN = (
    "run",
    str(RECIPES / "two_neuron.yaml"),
    "--no-figures",
    "--set",
    "experiment.duration=3 s",
    "--set",
    "experiment.average_last_updates=1",
)
COMPILE = ("compile", str(RECIPES / "two_neuron.yaml"), "--no-figures")
DRAW = ("snapshot", "draw", "--seed", "7")
COMMANDS = {"run": (*RUN, "--out"), "compile": (*COMPILE, "--out"), "snapshot": (*DRAW, "-o")}


@pytest.fixture
def same_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every run the same time of its beginning."""
    from datetime import datetime

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Stopped:
            del tz
            return cls(2026, 1, 31, 12)

    monkeypatch.setattr("sal_hw.cli.run.datetime", Stopped)


@pytest.mark.usefixtures("same_second")
def test_runs_of_one_second_have_folders_of_their_own(terminal: Terminal) -> None:
    for _ in range(3):
        assert terminal(*RUN) == 0
    names = sorted(path.name for path in Path("runs").iterdir())
    assert len(names) == 3
    assert [name.removeprefix(names[0]) for name in names] == ["", "-2", "-3"]
    assert f"folder: {Path('runs') / names[2]}" in terminal.out


@pytest.mark.parametrize("made", COMMANDS)
@pytest.mark.parametrize("wanted", COMMANDS)
def test_force_replaces_the_same_kind_only(terminal: Terminal, made: str, wanted: str) -> None:
    assert terminal(*COMMANDS[made], "out") == 0
    assert terminal(*COMMANDS[wanted], "out") == 2
    assert "E501" in terminal.err
    assert ("--force" in terminal.err) == (made == wanted)
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert terminal(*COMMANDS[wanted], "out", "--force") == (0 if made == wanted else 2)
    if made != wanted:
        assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["thesis.tex", "result/result.npz", "results/spikes.npz"])
def test_results_of_others_in_a_folder_are_kept(terminal: Terminal, command: str, name: str) -> None:
    assert terminal(*COMMANDS[command], "out") == 0
    (Path("out") / name).parent.mkdir(exist_ok=True)
    (Path("out") / name).write_bytes(b"from a chip")
    assert terminal(*COMMANDS[command], "out", "--force") == 2
    assert name in terminal.err
    assert (Path("out") / name).read_bytes() == b"from a chip"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_writer_is_refused(terminal: Terminal, command: str) -> None:
    Path("out").mkdir()
    with locked(Path("out")):
        assert terminal(*COMMANDS[command], "out", "--force") == 2
    assert "E509" in terminal.err
    assert terminal(*COMMANDS[command], "out") == 0


def test_resuming_a_finished_run_is_success_and_says_so(terminal: Terminal) -> None:
    assert terminal(*RUN, "--out", "out") == 0
    assert terminal(*RUN, "--out", "out", "--resume") == 0
    assert "nothing was left to resume" in terminal.err
    assert "verdict: ok" in terminal.out
    assert terminal(*RUN, "--out", "nowhere", "--resume") == 2
    assert "nothing is to be resumed" in terminal.err


def test_a_figure_replaces_neither_picture_nor_numbers_unasked(terminal: Terminal) -> None:
    assert terminal(*RUN, "--out", "out") == 0
    Path("mine.csv").write_text("measured for years")
    assert terminal("plot", "alignment", "out", "-o", "mine.png") == 2
    assert "mine.csv" in terminal.err
    assert Path("mine.csv").read_text() == "measured for years"
    assert terminal("plot", "alignment", "out", "-o", "out/alignment.png", "--force") == 2
    assert "manifest" in terminal.err
    assert terminal("plot", "alignment", "out", "-o", "alignment.png") == 0
    assert terminal("plot", "--list", "out") == 0

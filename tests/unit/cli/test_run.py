"""``sal-hw run``: folders, figures, progress, strictness, and what goes on after ctrl-c."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.storage.artifact import is_unfinished
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
TWO_NEURON, SAMPLING = str(RECIPES / "two_neuron.yaml"), str(RECIPES / "sampling.yaml")
SHORT = ("--set", "experiment.duration=6 s", "--set", "experiment.average_last_updates=1")
#: both weights run into the ends of a tight range and stay there
DEGRADED = (
    *("--set", "plasticity.alignment.polarity=inverted", "--set", "plasticity.alignment.learning_rate=1"),
    *("--set", "projections.forward.weight_max=1.6", "--set", "projections.backward.weight_min=0.4"),
    *("--set", "experiment.duration=12 s", "--set", "experiment.average_last_updates=1"),
)


def test_run_keeps_and_tells_what_it_found(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *SHORT, "--seed", "9", "--no-figures", "--out", "out", "--json") == 0
    kept = api.load_run("out")
    assert terminal.document["metrics"] == kept.metrics
    assert terminal.document["health"] == {"verdict": "ok", "findings": []}
    assert terminal.document["folder"] == "out"
    assert kept.result.seed == 9


def test_run_without_a_folder_makes_a_new_one_each_time(terminal: Terminal) -> None:
    for _ in range(2):
        assert terminal("run", TWO_NEURON, *SHORT, "--no-figures") == 0
    folders = sorted(Path("runs").iterdir())
    assert len(folders) == 2
    assert all(folder.name.startswith("two_neuron-") and "-seed1" in folder.name for folder in folders)


def test_run_draws_figures(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *SHORT, "--out", "out", "--json") == 0
    figures = [Path(name) for name in terminal.document["figures"]]
    assert figures
    assert all(figure.read_bytes().startswith(b"\x89PNG") for figure in figures)


def test_progress_is_talk_and_results_are_data(terminal: Terminal) -> None:
    terminal("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out")
    assert "updates (" in terminal.err
    assert "updates (" not in terminal.out
    assert "verdict: ok" in terminal.out


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, "--dry-run", "--out", "out") == 0
    assert list(Path().iterdir()) == []


def test_check_and_compile_name_the_same_program(terminal: Terminal) -> None:
    hashes = []
    for words in (("check",), ("compile", "-o", "program"), ("run", "--dry-run")):
        assert terminal(words[0], TWO_NEURON, *words[1:], "--json") == 0
        hashes.append(terminal.document["program_hash"])
    assert len(set(hashes)) == 1
    assert len(hashes[0]) == 64


def test_a_degraded_run_is_a_success_unless_strict(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *DEGRADED, "--no-figures", "--out", "out") == 0
    assert "verdict: degraded" in terminal.out
    assert "weights_at_limit x 2" in terminal.err


def test_strict_refuses_a_degraded_run_and_keeps_it(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *DEGRADED, "--no-figures", "--out", "out", "--strict") == 5
    assert "E605" in terminal.err
    assert "E605" not in terminal.out
    assert terminal.last_line.startswith("next: sal-hw ")
    assert api.load_run("out").health.verdict == "degraded"


def test_strict_in_json_is_still_one_document(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *DEGRADED, "--no-figures", "--out", "out", "--strict", "--json") == 5
    document = terminal.document
    assert (document["status"], document["exit_code"]) == ("error", 5)
    assert [problem["code"] for problem in document["problems"]] == ["E605"]
    assert document["health"]["verdict"] == "degraded"


def test_strict_accepts_a_sound_run(terminal: Terminal) -> None:
    assert terminal("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out", "--strict") == 0


def test_an_existing_folder_is_kept_unless_forced(terminal: Terminal) -> None:
    words = ("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out")
    assert terminal(*words) == 0
    manifest = Path("out/manifest.json").read_bytes()
    assert terminal(*words, "--seed", "2") == 2
    assert "E501" in terminal.err
    assert "--force" in terminal.err
    assert Path("out/manifest.json").read_bytes() == manifest
    assert terminal(*words, "--seed", "2", "--force") == 0
    assert api.load_run("out").result.seed == 2


def test_a_diverging_run_stops_and_says_where(terminal: Terminal) -> None:
    words = ("--set", "plasticity.alignment.polarity=inverted", "--set", "plasticity.alignment.learning_rate=1000")
    assert terminal("run", TWO_NEURON, *words, "--no-figures", "--out", "out") == 2
    assert "E601" in terminal.err
    assert "from 0 to 0" in terminal.err


_FEW_UPDATES = (
    *("--set", "experiment.updates=20", "--set", "experiment.validation.every_updates=2"),
    *("--set", "experiment.validation.duration=10 s", "--set", "experiment.validation.warmup=0.5 s"),
)
#: the command line, which gets the signal of its first argument in the middle of the third of ten steps
_INTERRUPTED = """
import os
import sys
from sal_hw.cli.main import entry_point
from sal_hw.experiment.train_distribution import TrainDistributionExperiment
step, number = TrainDistributionExperiment.step, int(sys.argv.pop(1))
def interrupted(experiment):
    if experiment.done == 4:
        os.kill(os.getpid(), number)
    step(experiment)
TrainDistributionExperiment.step = interrupted
entry_point()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=["int", "term", "hup"]
)
def test_a_signal_leaves_a_run_that_goes_on(terminal: Terminal, number: signal.Signals, code: int) -> None:
    words = ("run", SAMPLING, *_FEW_UPDATES, "--no-figures", "--out")
    command = [sys.executable, "-c", _INTERRUPTED, str(int(number)), *words, "out"]
    ended = subprocess.run(command, check=False, capture_output=True)
    assert ended.returncode == code, ended.stderr.decode()
    assert ended.stdout == b""
    assert b"E602" in ended.stderr
    assert b"6 of 20 updates" in ended.stderr
    assert b"--resume" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert is_unfinished(Path("out"))
    assert terminal(*words, "out", "--seed", "3", "--resume") == 2
    assert "E506" in terminal.err
    assert terminal(*words, "out", "--resume") == 0
    assert terminal(*words, "whole") == 0
    for name in ("traces.npz", "weights.npz", "metrics.json"):
        assert (Path("out") / name).read_bytes() == (Path("whole") / name).read_bytes()

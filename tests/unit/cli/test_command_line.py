"""The command line as its users and their scripts see it: output, exit codes, errors, interruption."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.cli.main import main
from sal_hw.error_texts.catalog import CATALOG
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
PROCESS = (sys.executable, "-c", "from sal_hw.cli.main import entry_point; entry_point()")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("finished") / "run"
    overrides = [word for word in SHORT if word != "--set"]
    api.run(api.load_recipe(TWO_NEURON, overrides=overrides), out=out, figures=False)
    return str(out)


# --- what works -------------------------------------------------------------------------------------------------------


def _working(finished: str) -> dict[str, tuple[str, ...]]:
    return {
        "run": ("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out"),
        "dry run": ("run", TWO_NEURON, "--dry-run"),
        "check": ("check", TWO_NEURON),
        "compile": ("compile", TWO_NEURON, "-o", "program"),
        "plot": ("plot", "weights", finished, "-o", "weights.png"),
        "plot --list": ("plot", "--list", finished),
        "targets": ("targets",),
        "doctor": ("doctor",),
        "explain": ("explain",),
        "explain one": ("explain", "e214"),
    }


_COMMANDS = tuple(_working(""))


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_ends_with_the_next_one(terminal: Terminal, finished: str, command: str) -> None:
    words = list(_working(finished)[command])
    if command == "plot":
        terminal("plot", "--list", finished, "--json")
        words[1] = min(terminal.document["kinds"])
    assert terminal(*words) == 0
    assert terminal.last_line.startswith("next: sal-hw ")
    assert "E900" not in terminal.err


@pytest.mark.parametrize("command", _COMMANDS)
def test_json_is_one_versioned_document(terminal: Terminal, finished: str, command: str) -> None:
    words = list(_working(finished)[command])
    if command == "plot":
        terminal("plot", "--list", finished, "--json")
        words[1] = min(terminal.document["kinds"])
    assert terminal(*words, "--json") == 0
    assert terminal.document["status"] == "ok"
    assert terminal.err == ""


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


def test_doctor_finds_the_emulator_sound(terminal: Terminal) -> None:
    assert terminal("doctor", "--json") == 0
    findings = {item["what"]: item["ok"] for item in terminal.document["findings"]}
    assert findings["emulator"] is True
    assert findings["target ideal"] is True
    assert all(findings.values())


def test_doctor_names_what_cannot_be_imported(terminal: Terminal, install: Callable[..., None]) -> None:
    install("foreign", "import not_there_at_all", plots={"bang": "foreign:KIND"})
    assert terminal("doctor", "--json") == 4
    (broken,) = (item for item in terminal.document["findings"] if not item["ok"])
    assert broken["what"] == "kind of figure bang"
    assert "foreign:KIND of the package foreign fails with ModuleNotFoundError" in broken["detail"]


@pytest.mark.parametrize(
    ("group", "what"),
    [("plots", "kind of figure"), ("study_schemas", "schema of a study"), ("capabilities", "capability")],
)
def test_doctor_names_what_is_not_what_its_group_is_for(
    terminal: Terminal, install: Callable[..., None], group: str, what: str
) -> None:
    install("foreign", "THING = 7", **{group: {"bang": "foreign:THING"}})
    assert terminal("doctor", "--json") == 4
    broken = {item["what"]: item["detail"] for item in terminal.document["findings"] if not item["ok"]}
    assert "which foreign:THING of the package foreign is not" in broken.pop(f"{what} bang")
    # nobody can tell whether the emulator's little network wants a capability that cannot be asked
    assert list(broken) == (["emulator"] if group == "capabilities" else [])


def test_explain_knows_every_code(terminal: Terminal) -> None:
    terminal("explain", "--json")
    assert terminal.document["codes"] == {code: entry.title for code, entry in CATALOG.items()}


def test_version(terminal: Terminal) -> None:
    from sal_hw import __version__

    assert terminal("--version") == 0
    assert terminal.out == f"sal-hw {__version__}\n"


# --- a degraded run ---------------------------------------------------------------------------------------------------


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


# --- errors -----------------------------------------------------------------------------------------------------------

_WRONG = {
    "unknown command": (("rum", TWO_NEURON), "E604"),
    "unknown option": (("run", TWO_NEURON, "--sede", "3"), "E604"),
    "missing argument": (("run",), "E604"),
    "not a number": (("run", TWO_NEURON, "--seed", "many"), "E604"),
    "resume without out": (("run", TWO_NEURON, "--resume"), "E604"),
    "kind without run": (("plot", "weights"), "E604"),
    "unknown target": (("check", TWO_NEURON, "--target", "ideel"), "E301"),
    "unknown code": (("explain", "E2144"), "E603"),
    "no run": (("plot", "--list", "nowhere"), "E505"),
    "unit missing": (("check", TWO_NEURON, "--set", "timestep=0.4"), None),
    "no recipe": (("check", "nowhere.yaml"), None),
}


@pytest.mark.parametrize("case", _WRONG)
def test_bad_input_exits_with_2_and_talks_on_stderr(terminal: Terminal, case: str) -> None:
    words, code = _WRONG[case]
    assert terminal(*words) == 2
    assert terminal.out == ""
    assert (code or "E") in terminal.err
    assert "hint:" in terminal.err or case == "no recipe"


@pytest.mark.parametrize("case", _WRONG)
def test_bad_input_in_json(terminal: Terminal, case: str) -> None:
    words, code = _WRONG[case]
    assert terminal(*words, "--json") == 2
    document = terminal.document
    assert (document["status"], document["exit_code"]) == ("error", 2)
    assert document["problems"]
    for problem in document["problems"]:
        assert problem["code"] in CATALOG
        assert code in (None, problem["code"])
    assert terminal.err == ""


def test_a_misspelt_target_gets_a_suggestion(terminal: Terminal) -> None:
    terminal("run", TWO_NEURON, "--target", "ideel")
    assert 'target = "ideel"' in terminal.err
    assert 'did you mean "ideal"?' in terminal.err
    assert list(Path().iterdir()) == []


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


def test_a_damaged_run_exits_with_6(terminal: Terminal) -> None:
    terminal("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out")
    Path("out/metrics.json").write_text("{}\n")
    assert terminal("plot", "--list", "out") == 6
    assert "E504" in terminal.err


def test_a_diverging_run_stops_and_says_where(terminal: Terminal) -> None:
    words = ("--set", "plasticity.alignment.polarity=inverted", "--set", "plasticity.alignment.learning_rate=1000")
    assert terminal("run", TWO_NEURON, *words, "--no-figures", "--out", "out") == 2
    assert "E601" in terminal.err
    assert "from 0 to 0" in terminal.err


@pytest.mark.parametrize("as_json", [False, True])
def test_a_bug_is_called_a_bug(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the moon is in the way")

    monkeypatch.setattr(api, "load_recipe", fail)
    assert terminal("check", TWO_NEURON, *(("--json",) if as_json else ())) == 1
    text = terminal.out if as_json else terminal.err
    assert "E900" in text
    assert "the moon is in the way" in text
    assert "--debug" in text
    if as_json:
        assert terminal.document["status"] == "bug"
    else:
        assert terminal.out == ""


def test_debug_lets_the_error_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the moon is in the way")

    monkeypatch.setattr(api, "load_recipe", fail)
    with pytest.raises(RuntimeError, match="moon"):
        main(["check", TWO_NEURON, "--debug"])


# --- processes --------------------------------------------------------------------------------------------------------

_FEW_UPDATES = (
    *("--set", "experiment.updates=20", "--set", "experiment.validation.every_updates=2"),
    *("--set", "experiment.validation.duration=10 s", "--set", "experiment.validation.warmup=0.5 s"),
)

#: the command line, whose user presses ctrl-c in the middle of the third of ten steps
_INTERRUPTED = """
import os
import signal
from sal_hw.cli.main import entry_point
from sal_hw.experiment.train_distribution import TrainDistributionExperiment
step = TrainDistributionExperiment.step
def interrupted(experiment):
    if experiment.done == 4:
        os.kill(os.getpid(), signal.SIGINT)
    step(experiment)
TrainDistributionExperiment.step = interrupted
entry_point()
"""


def test_ctrl_c_exits_with_130_and_leaves_a_run_that_goes_on(terminal: Terminal) -> None:
    words = ("run", SAMPLING, *_FEW_UPDATES, "--no-figures", "--out")
    ended = subprocess.run([sys.executable, "-c", _INTERRUPTED, *words, "out"], check=False, capture_output=True)
    assert ended.returncode == 130, ended.stderr.decode()
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


_IMPORTED = """
import sys
from sal_hw.cli.main import main
code = main(sys.argv[1:])
heavy = [name for name in ("numpy", "numba", "matplotlib", "pint", "yaml") if name in sys.modules]
sys.stderr.write(",".join(heavy))
sys.exit(code)
"""


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)], ids=" ".join)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *words], capture_output=True, check=True, text=True, timeout=60.0
    )
    assert process.stderr == ""
    assert "sal-hw" in process.stdout


@pytest.mark.parametrize("command", ["run", "check", "compile", "plot", "targets", "doctor", "explain"])
def test_help_shows_an_example(terminal: Terminal, command: str) -> None:
    assert terminal(command, "--help") == 0
    assert f"Example: sal-hw {command}" in terminal.out

"""The command line as its users and their scripts see it: output, exit codes, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.cli.main import main
from sal_hw.error_texts.catalog import CATALOG
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
TWO_NEURON, SAMPLING = str(RECIPES / "two_neuron.yaml"), str(RECIPES / "sampling.yaml")
SHORT = ("--set", "experiment.duration=6 s", "--set", "experiment.average_last_updates=1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("finished") / "run"
    overrides = [word for word in SHORT if word != "--set"]
    api.run(api.load_recipe(TWO_NEURON, overrides=overrides), out=out, figures=False)
    return str(out)


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


def test_explain_knows_every_code(terminal: Terminal) -> None:
    terminal("explain", "--json")
    assert terminal.document["codes"] == {code: entry.title for code, entry in CATALOG.items()}


def test_version(terminal: Terminal) -> None:
    from sal_hw import __version__

    assert terminal("--version") == 0
    assert terminal.out == f"sal-hw {__version__}\n"


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


def test_a_damaged_run_exits_with_6(terminal: Terminal) -> None:
    terminal("run", TWO_NEURON, *SHORT, "--no-figures", "--out", "out")
    Path("out/metrics.json").write_text("{}\n")
    assert terminal("plot", "--list", "out") == 6
    assert "E504" in terminal.err


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

"""What somebody else's package adds to an installed sal-hw: the worked example, in a clean environment."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from clean_environment import ROOT, CleanEnvironment, build_wheel
from markdown_code import code_of

#: an environment of its own has no compiled engines yet
pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "docs" / "examples" / "tiny_machine"
PAIR = "recipes/tiny_pair.yaml"
PAGE = ROOT / "docs" / "extending.md"
COMMANDS = [line for code in code_of(PAGE) if code.language == "bash" for line in code.text.splitlines()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel_file: Path) -> CleanEnvironment:
    folder = tmp_path_factory.mktemp("third_party")
    return CleanEnvironment(folder / "env", [wheel_file, build_wheel(EXAMPLE, folder)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the example's recipes, in which the page's commands run."""
    found = tmp_path_factory.mktemp("page")
    shutil.copytree(EXAMPLE / "recipes", found / "recipes")
    return found


@pytest.fixture(scope="module")
def ended(installed: CleanEnvironment, folder: Path) -> dict[str, CompletedProcess[str]]:
    """Return how each command of the page ended, all run in their order."""
    return {command: installed.run(*shlex.split(command), folder=folder) for command in COMMANDS}


def test_the_checkout_is_not_in_the_environment(installed: CleanEnvironment, tmp_path: Path) -> None:
    program = "import sal_hw, sal_hw_emulator, tiny_machine; print(sal_hw.__file__, sal_hw_emulator.__file__)"
    found = installed.run("python", "-c", program, folder=tmp_path)
    assert found.returncode == 0, found.stderr
    assert str(ROOT) not in found.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(ended: dict[str, CompletedProcess[str]], command: str) -> None:
    found = ended[command]
    assert found.returncode == 0, found.stdout + found.stderr


def test_its_target_is_listed(ended: dict[str, CompletedProcess[str]]) -> None:
    assert "tiny: made up: 16 LIF neurons with weights of at most 1 mV" in ended["sal-hw targets"].stdout


def test_a_clip_of_its_pass_is_told_before_the_run_and_after(ended: dict[str, CompletedProcess[str]]) -> None:
    table = ended["sal-hw check recipes/tiny_pair.yaml --target tiny"].stdout
    (header,) = (line.split() for line in table.splitlines() if line.startswith("owner"))
    (row,) = (line.split() for line in table.splitlines() if line.startswith("forward"))
    assert row[header.index("clipped") - 1] == "1"
    ran = ended["sal-hw run recipes/tiny_pair.yaml --target tiny --out tiny-run"]
    assert "tiny (emulate), seed 1" in ran.stdout
    assert "verdict: degraded" in ran.stdout
    assert "weights_clipped x 1: 1 weights of forward were cut to 1; the largest wanted is 1.5" in ran.stderr


def test_its_capability_is_asked_for(installed: CleanEnvironment, folder: Path) -> None:
    unlike = ("--set", "populations.upper.neuron.tau_syn_inh=3 ms")
    found = installed.run("sal-hw", "check", PAIR, "--target", "tiny", *unlike, folder=folder)
    assert found.returncode == 2
    assert "target tiny has no capability 'unlike_time_constants', which population upper needs" in found.stderr
    assert installed.run("sal-hw", "check", PAIR, *unlike, folder=folder).returncode == 0


def test_its_study_runs(ended: dict[str, CompletedProcess[str]]) -> None:
    assert "largest_share" in ended["sal-hw run recipes/clip_share.yaml"].stdout


def test_its_figure_is_drawn(ended: dict[str, CompletedProcess[str]], folder: Path) -> None:
    assert "largest-weights" in ended["sal-hw plot --list tiny-run"].stdout
    numbers = (folder / "largest-weights.csv").read_text().splitlines()
    assert numbers[0] == "run,projection,largest_mv"
    assert (folder / "largest-weights.png").stat().st_size > 1000


def test_the_kit_s_tests_pass_for_it(installed: CleanEnvironment, tmp_path: Path) -> None:
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    found = installed.run(*command, folder=tmp_path)
    assert found.returncode == 0, found.stdout
    assert "passed" in found.stdout

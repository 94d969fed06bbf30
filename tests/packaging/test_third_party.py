"""What somebody else's package adds to an installed sal-hw: the worked example, in a clean environment."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from clean_environment import ROOT, CleanEnvironment, build_wheel
from markdown_code import code_of

EXAMPLE = ROOT / "docs" / "examples" / "tiny_machine"
PAIR = str(EXAMPLE / "recipes" / "tiny_pair.yaml")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel_file: Path) -> CleanEnvironment:
    folder = tmp_path_factory.mktemp("third_party")
    return CleanEnvironment(folder / "env", [wheel_file, build_wheel(EXAMPLE, folder)])


def test_the_checkout_is_not_in_the_environment(installed: CleanEnvironment, tmp_path: Path) -> None:
    program = "import sal_hw, sal_hw_emulator, tiny_machine; print(sal_hw.__file__, sal_hw_emulator.__file__)"
    ended = installed.run("python", "-c", program, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert str(ROOT) not in ended.stdout


def test_its_target_is_listed(installed: CleanEnvironment, tmp_path: Path) -> None:
    ended = installed.run("sal-hw", "targets", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "tiny: made up: 16 LIF neurons with weights of at most 1 mV" in ended.stdout


def test_a_program_is_checked_and_run(installed: CleanEnvironment, tmp_path: Path) -> None:
    checked = installed.run("sal-hw", "check", PAIR, "--target", "tiny", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ran = installed.run("sal-hw", "run", PAIR, "--target", "tiny", "--out", "run", folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "tiny (emulate), seed 1" in ran.stdout


def test_commands_of_the_page_run(installed: CleanEnvironment, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "recipes", tmp_path / "recipes")
    blocks = [code.text for code in code_of(ROOT / "docs" / "extending.md") if code.language == "bash"]
    commands = [line for text in blocks for line in text.splitlines()]
    assert commands
    for command in commands:
        ended = installed.run(*shlex.split(command, comments=True), folder=tmp_path)
        assert ended.returncode == 0, command + ended.stdout + ended.stderr


def test_the_kit_s_tests_pass_for_it(installed: CleanEnvironment, tmp_path: Path) -> None:
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    ended = installed.run(*command, folder=tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "passed" in ended.stdout

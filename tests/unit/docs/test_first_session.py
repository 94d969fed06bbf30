"""The walk to a chip and the job for others' CI: every command of them exists, and recipes of them compile."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer.main
import yaml

from sal_hw.cli.main import app
from sal_hw.workflow import api
from sal_hw_brainscales2.machine.program_files import CALIBRATION_FILE, RUN_FILES, program_files
from sal_hw_brainscales2.machine.sdk import ZERO_MOCK

ROOT = Path(__file__).parents[3]
WALK, JOB = ROOT / "docs" / "first_session.md", ROOT / "docs" / "examples" / "brainscales2_check.yml"


def commands() -> list[list[str]]:
    """Return the words of each call of sal-hw in both files."""
    job = yaml.safe_load(JOB.read_text())
    text = "\n".join(re.findall(r"^```\n(.*?)^```", WALK.read_text(), re.DOTALL | re.MULTILINE))
    text += "\n".join(step.get("run", "") for each in job["jobs"].values() for step in each["steps"])
    for name, value in job["env"].items():
        text = text.replace(f"${name}", value)
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("sal-hw ")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(words):
    command = typer.main.get_command(app).commands[words[0]]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("words", [each for each in commands() if each[0] == "compile"], ids=" ".join)
def test_what_is_compiled_has_a_run_file_for_pynn(words):
    def values(option):
        return [after for word, after in pairwise(words) if word == option]

    recipe = api.load_recipe(ROOT / words[1], presets=values("--preset"), overrides=values("--set"))
    program = api.compile_recipe(recipe, target="brainscales2")
    files = program_files(program, updates=20, seed=1, via="pynn")
    assert {CALIBRATION_FILE, RUN_FILES["pynn"]} <= set(files)


def test_the_job_has_a_connection_without_a_chip_and_says_that_it_has_not_run():
    text = JOB.read_text()
    assert f"--env {ZERO_MOCK}=1" in text
    assert "HAVE NOT RUN THIS JOB" in text
    assert "Nobody has walked this way yet" in WALK.read_text()


def test_what_the_walk_leads_to_is_there():
    for name in re.findall(r"\]\(([^)#]+)\)", WALK.read_text()):
        assert (WALK.parent / name).is_file(), name
    assert "docs/first_session.md" in (ROOT / "README.md").read_text()

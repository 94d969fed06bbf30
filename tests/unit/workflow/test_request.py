"""A request says how it is repeated on the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.workflow.machines import Access
from sal_hw.workflow.request import RunRequest
from sal_hw_brainscales2.emulation.model import nominal_chip

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"


def test_every_choice_of_a_machine_is_in_the_command() -> None:
    asked = RunRequest(
        target="brainscales2",
        emulate=True,
        via="pynn",
        calibration_file=Path("a.pbin"),
        chip=7,
        calibration=Path("my chip"),
        max_calibration_age_hours=36.0,
        strict=True,
    )
    assert asked.command("r.yaml") == (
        "sal-hw run r.yaml --target brainscales2 --emulate --via pynn --calix a.pbin --chip 7 "
        "--calibration 'my chip' --max-calibration-age 36 --strict"
    )
    assert asked.access == Access(via="pynn", calibration_file=Path("a.pbin"))


def test_a_snapshot_in_memory_has_no_name() -> None:
    asked = RunRequest(target="brainscales2", chip=nominal_chip(), calibration="truth")
    assert asked.command("r.yaml") == "sal-hw run r.yaml --target brainscales2 --calibration truth"


def test_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "two neurons.yaml"
    recipe.write_bytes(RECIPE.read_bytes())
    words = shlex.split(RunRequest(strict=True).command(recipe))
    assert words[:1] == ["sal-hw"]
    assert main((*words[1:], "--dry-run")) == 0

"""What a target tells of a program is shown, stored and drawn, whoever wrote the target."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.cli.main import main

RECIPE = Path(__file__).parents[3] / "recipes" / "two_populations.yaml"

TOLD = """
from dataclasses import replace

from sal_hw.contracts.report import ProgramReport, ReportTable
from sal_hw_emulator.target import ideal_target


class Reporter:
    def describe(self, program, target):
        return ProgramReport(
            document={"drawers": {"used": program.n_neurons}},
            tables=(ReportTable(title="drawers in use", header=("drawer", "neurons"), rows=(("top", "32"),)),),
            remarks=("all drawers are " + 30 * "very " + "tidy",),
            tabulated_passes=("realize_neurons",),
        )

    def draw(self, program, target, folder, calibration):
        folder.mkdir(parents=True)
        (folder / "drawers.png").write_bytes(b"a picture")
        return (folder / "drawers.png",)


TARGET = replace(
    ideal_target, description=replace(ideal_target.description, family="cupboard"), report=Reporter()
)
"""


@pytest.fixture
def cupboard(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("cupboard", TOLD, targets={"cupboard": "cupboard:TARGET"})
    monkeypatch.chdir(tmp_path)


def test_tables_and_remarks_follow_the_passes(cupboard: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("check", str(RECIPE), "--target", "cupboard")) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("drawers in use")
    assert lines[start + 1 : start + 4] == ["drawer  neurons", "------  -------", "top     32"]
    assert lines[start + 5].startswith("all drawers are very")
    assert max(map(len, lines[:-2])) <= 100
    # nothing can be known of one cupboard that is not true of all
    assert lines[-2].endswith("no problems on cupboard")
    assert lines[-3] == ""


def test_data_and_pictures_are_part_of_the_program(cupboard: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("compile", str(RECIPE), "--target", "cupboard", "-o", "out", "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["drawers"] == {"used": 32}
    assert document["figures"] == ["out/figures/drawers.png"]
    assert json.loads(Path("out/report.json").read_text())["drawers"] == {"used": 32}
    assert "figures/drawers.png" in Path("out/manifest.json").read_text()


def test_pictures_can_be_left_out(cupboard: None) -> None:
    assert main(("compile", str(RECIPE), "--target", "cupboard", "-o", "out", "--no-figures")) == 0
    assert not Path("out/figures").exists()


def test_a_target_that_tells_nothing_shows_its_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("check", str(RECIPE), "--target", "ideal")) == 0
    assert "---" not in capsys.readouterr().out

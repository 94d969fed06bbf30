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


CUTTING = """
from dataclasses import replace

import numpy as np

from sal_hw.program import PassRecord, ScaledWeights
from sal_hw.storage.codec import frozen
from sal_hw_emulator.target import ideal_target

def cut(draft):
    blocks, scaling = [], []
    for block in draft.synapses:
        stored = np.clip(block.weights, -0.5, 0.5)
        scaling.append(
            ScaledWeights(
                owner=block.projection,
                lsb=np.full(block.weights.shape[1], 0.001),
                requested_max=float(np.abs(block.weights).max()),
                representable_max=0.5,
                clipped=int((stored != block.weights).sum()),
                zeroed=0,
                total=block.weights.size,
                worst_error=float(np.abs(stored - block.weights).max()),
            )
        )
        blocks.append(replace(block, weights=frozen(stored)))
    return draft.recorded(PassRecord(name="cut"), synapses=tuple(blocks), scaling=tuple(scaling))


TARGET = replace(
    ideal_target,
    description=replace(ideal_target.description, family="cutter"),
    passes=(*ideal_target.passes, cut),
)
"""


def test_what_a_foreign_pass_cuts_is_told(
    install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("cutter", CUTTING, targets={"cutter": "cutter:TARGET"})
    monkeypatch.chdir(tmp_path)
    short = ("--set", "parameters.duration=20 s")
    assert main(("check", str(RECIPE), "--target", "cutter")) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("forward "))
    assert main(("check", str(RECIPE), "--target", "cutter", "--json")) == 0
    entry, *_ = json.loads(capsys.readouterr().out)["weights"]
    assert (entry["owner"], entry["unit"], entry["representable_max"]) == ("forward", "mV", 0.5)
    assert 0 < entry["clipped"] < entry["total"] == 256
    assert str(entry["clipped"]) in row.split()
    assert main(("run", str(RECIPE), "--target", "cutter", *short, "--no-figures", "--json", "--out", "out")) == 0
    findings = json.loads(capsys.readouterr().out)["health"]["findings"]
    cut = {item["advice"].split(" of ")[1].split()[0]: item for item in findings if item["kind"] == "weights_clipped"}
    assert (cut["forward"]["count"], cut["forward"]["severity"]) == (entry["clipped"], "degraded")


def test_a_target_that_tells_nothing_shows_its_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("check", str(RECIPE), "--target", "ideal")) == 0
    assert "---" not in capsys.readouterr().out

"""What is told of a program for SpiNNaker 1 is what the program holds."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.targets import load_target
from sal_hw.workflow import api
from sal_hw_spinnaker.program import DigitalProgram

RECIPE = Path(__file__).parents[4] / "recipes" / "two_populations.yaml"


def test_cores_scales_and_learning_are_those_of_the_program(tmp_path: Path) -> None:
    target = load_target("spinnaker1")
    program = api.compile_recipe(api.load_recipe(RECIPE), target=target)
    part = program.part_of(DigitalProgram)
    assert target.report is not None
    told = target.report.describe(program, target.description)
    counts = next(item.counts for item in program.trace if item.name == "place_on_cores")
    assert sum(item["cores"] for item in told.document["cores"]) == counts["cores"]
    assert [item["neurons"] for item in told.document["cores"]] == [16, 16]
    for item, scale in zip(told.document["scales"], part.scales, strict=True):
        # a word is shifted to an S16.15 number
        assert item["one_word_mv"] == 2.0 ** (item["shift"] - 15) == scale.lsb_mv
    (learning,) = told.document["plasticity"]
    assert (learning["projection"], learning["drift_mv_per_s"]) == ("feedback", part.plasticity[0].drift_mv_per_s)
    (cores,) = told.tables
    assert [row[0] for row in cores.rows] == ["visible", "hidden"]
    assert all(len(row) == len(cores.header) for row in cores.rows)
    assert target.report.draw(program, target.description, tmp_path / "figures", None) == ()
    assert not (tmp_path / "figures").exists()

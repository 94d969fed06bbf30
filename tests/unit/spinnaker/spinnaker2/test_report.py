"""What is told of a program for SpiNNaker2 is what the program holds."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.targets import load_target
from sal_hw.workflow import api
from sal_hw_spinnaker.ticks import TickProgram

RECIPE = Path(__file__).parents[4] / "recipes" / "two_populations.yaml"


def test_elements_scales_and_the_host_are_those_of_the_program() -> None:
    target = load_target("spinnaker2")
    program = api.compile_recipe(api.load_recipe(RECIPE), target=target)
    part = program.part_of(TickProgram)
    assert target.report is not None
    told = target.report.describe(program, target.description)
    counts = next(item.counts for item in program.trace if item.name == "place_on_elements")
    assert sum(item["elements"] for item in told.document["elements"]) == counts["processing elements"]
    assert [item["one_mv"] for item in told.document["scales"]] == [item.lsb_mv for item in part.scales]
    # one interval of 2 s in ticks of 1 ms
    assert told.document["host"] == {"chunk_ticks": 2000, "shadow": True, "rounding": "nearest"}
    (elements,) = told.tables
    assert [row[0] for row in elements.rows[:2]] == ["visible", "hidden"]
    assert all(len(row) == len(elements.header) for row in elements.rows)

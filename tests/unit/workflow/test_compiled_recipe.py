"""What is compiled to be looked at is what is compiled to be run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.contracts.targets import load_target
from sal_hw.errors import InputError
from sal_hw.workflow import api
from sal_hw.workflow.compiled_recipe import REPORT_SCHEMA, compile_without_running
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.prepare import prepare
from sal_hw.workflow.request import RunRequest
from sal_hw_brainscales2.emulation.model import draw_chip

RECIPES = Path(__file__).parents[3] / "recipes"
SMALL = ("parameters.size=6", "parameters.duration=40 s")
EMULATED = RunRequest(target="brainscales2", emulate=True)


@pytest.fixture(scope="module")
def alignment() -> NetworkRecipe:
    """Two small populations for a chip."""
    return api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=SMALL).job.on_network()


@pytest.mark.parametrize("asked", [{}, {"chip": 7}, {"chip": 7, "calibration": "truth"}, {"seed": 9}])
def test_a_check_compiles_what_the_run_runs(alignment: NetworkRecipe, asked: dict[str, object]) -> None:
    request = replace(EMULATED, **asked)  # type: ignore[arg-type]
    recipe = api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=SMALL)
    prepared = prepare(recipe, request).program
    assert prepared is not None
    assert compile_without_running(alignment, request).program.hash == prepared.hash


def test_what_was_known_of_the_chip_is_said(alignment: NetworkRecipe) -> None:
    nothing = compile_without_running(alignment, EMULATED)
    assert nothing.knowledge == "nothing is known of the chip: every circuit and synapse counts as nominal"
    assert nothing.as_document()["calibration_chip_id"] is None
    all_of_it = compile_without_running(alignment, replace(EMULATED, chip=7, calibration="truth"))
    assert all_of_it.knowledge == "all is known of synthetic-7"
    document = all_of_it.as_document()
    assert (document["schema_version"], document["chip_id"]) == (REPORT_SCHEMA, "synthetic-7")
    assert document["program_hash"] == all_of_it.program.hash
    assert [item["pass"] for item in document["trace"]] == [item.name for item in all_of_it.program.trace]


def test_a_measured_snapshot_needs_no_emulated_chip(alignment: NetworkRecipe) -> None:
    found = compile_without_running(alignment, replace(EMULATED, calibration=draw_chip(7)))
    assert (found.chips.chip, found.program.snapshot_hash) == (None, draw_chip(7).hash)


def test_a_target_without_backends_compiles(alignment: NetworkRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(load_target("brainscales2"), backend=None, emulator=None)
    monkeypatch.setattr("sal_hw.workflow.compiled_recipe.load_target", lambda _: bare)
    assert compile_without_running(alignment, EMULATED).chips.calibration is None
    with pytest.raises(Exception, match="E305"):
        compile_without_running(alignment, replace(EMULATED, chip=7))


def test_the_next_command_runs_it_here(alignment: NetworkRecipe) -> None:
    command = compile_without_running(alignment, RunRequest(target="brainscales2", chip=7)).run_command()
    assert command == f"sal-hw run {alignment.file.path} --target brainscales2 --emulate --chip 7"
    ideal = compile_without_running(alignment, RunRequest()).run_command()
    assert ideal == f"sal-hw run {alignment.file.path} --target ideal"


def test_strict_refuses_what_would_be_cut() -> None:
    wide = (*SMALL, "projections[0].weight.std=60")
    recipe = api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=wide).job.on_network()
    cut = compile_without_running(recipe, EMULATED)
    report = cut.report()
    assert report is not None
    clipped = cut.program.scaling_of("forward").clipped
    assert 30 < clipped <= 36
    assert any(entry["clipped"] == clipped for entry in report.document["weights"])
    with pytest.raises(InputError, match="forward") as caught:
        compile_without_running(recipe, replace(EMULATED, strict=True))
    assert caught.value.code == "E313"

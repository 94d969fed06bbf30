"""A dry run refuses what the run refuses, with the same words; and a run does no more before it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sal_hw.experiment.runner import Interrupted
from sal_hw.target.snapshot_io import write_snapshot
from sal_hw.workflow import api
from sal_hw.workflow.checked_recipe import Recipe
from sal_hw.workflow.jobs.network import PreparedNetwork
from sal_hw.workflow.jobs.study import PreparedStudy
from sal_hw.workflow.prepare import prepare
from sal_hw.workflow.request import RunRequest
from sal_hw_brainscales2.emulation.model import draw_chip

Ask: TypeAlias = Callable[..., tuple[int, dict[str, Any]]]

RECIPES = Path(__file__).parents[3] / "recipes"
TWO_NEURON = str(RECIPES / "two_neuron.yaml")
STUDY = str(RECIPES / "paper" / "fig2c_spike_timing.yaml")
SMALL = ("--set", "parameters.size=6", "--set", "parameters.duration=40 s")
CHIP = (str(RECIPES / "chip_alignment.yaml"), "--target", "brainscales2", *SMALL)
EMULATED = (*CHIP, "--emulate")


def _interrupted(seed: int) -> None:
    with pytest.raises(Interrupted):
        api.run(api.load_recipe(TWO_NEURON), seed=seed, out="out", interrupted=lambda: True)


def _old_calibration() -> None:
    write_snapshot(Path("old"), replace(draw_chip(7), taken_at="2020-01-01T00:00:00Z"))


def _foreign_folder() -> None:
    Path("out").mkdir()
    Path("out", "thesis.tex").touch()


#: what is there before, what is asked for, and the code and exit code of the refusal
REFUSALS: dict[str, tuple[Callable[[], object], tuple[str, ...], str, int]] = {
    "no such target": (list, (TWO_NEURON, "--target", "brainscales3"), "E301", 2),
    "too large": (list, (*EMULATED, "--set", "parameters.size=600"), "E304", 2),
    "no software": (list, CHIP, "E801", 4),
    "a front end for the emulator": (list, (*EMULATED, "--via", "pynn"), "E812", 2),
    "no such front end": (list, (*CHIP, "--via", "nothing"), "E812", 2),
    "no chip": (list, (TWO_NEURON, "--chip", "7"), "E316", 2),
    "no such snapshot": (list, (*EMULATED, "--calibration", "missing"), "E505", 2),
    "another chip": (_old_calibration, (*EMULATED, "--calibration", "old", "--chip", "8"), "E706", 3),
    "too old": (
        _old_calibration,
        (*EMULATED, "--chip", "7", "--calibration", "old", "--max-calibration-age", "24"),
        "E708",
        3,
    ),
    "a study on a machine": (list, (STUDY, "--target", "brainscales2"), "E330", 2),
    "a foreign folder": (_foreign_folder, (TWO_NEURON, "--out", "out"), "E501", 2),
    "a foreign folder, forced": (_foreign_folder, (TWO_NEURON, "--out", "out", "--force"), "E501", 2),
    "a folder of ours": (lambda: _interrupted(1), (TWO_NEURON, "--out", "out"), "E501", 2),
    "a folder of a study": (_foreign_folder, (STUDY, "--out", "out"), "E501", 2),
    "below a file": (lambda: Path("out").touch(), (TWO_NEURON, "--out", "out/run"), "E502", 2),
    "nothing to go on with": (list, (TWO_NEURON, "--out", "out", "--resume"), "E505", 2),
    "another run": (lambda: _interrupted(1), (TWO_NEURON, "--seed", "2", "--out", "out", "--resume"), "E506", 2),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_dry_run_refuses_what_the_run_refuses(ask: Ask, case: str) -> None:
    before, words, code, exit_code = REFUSALS[case]
    before()
    there = sorted(Path().rglob("*"))
    dry, real = ask("run", *words, "--dry-run"), ask("run", *words, "--no-figures")
    assert {problem["code"] for problem in real[1]["problems"]} == {code}
    assert real[0] == exit_code
    assert dry == real
    assert sorted(Path().rglob("*")) == there


@pytest.mark.parametrize("more", [("--force",), ("--resume", "--seed", "1")])
def test_a_dry_run_allows_what_the_run_allows_and_leaves_the_folder(ask: Ask, more: tuple[str, ...]) -> None:
    _interrupted(1)
    kept = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    code, document = ask("run", TWO_NEURON, "--out", "out", *more, "--dry-run")
    assert (code, document["backend"]) == (0, "emulator")
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == kept


def _loaded(path: str) -> Recipe:
    return api.load_recipe(path)


def test_a_prepared_network_is_what_the_run_keeps(tmp_path: Path) -> None:
    recipe = _loaded(TWO_NEURON)
    prepared = prepare(recipe, RunRequest(seed=3))
    assert isinstance(prepared, PreparedNetwork)
    assert prepared.program.seed == prepared.seed == 3
    with pytest.raises(Interrupted):
        api.run(recipe, seed=3, out=tmp_path / "run", interrupted=lambda: True)
    assert prepare(recipe, RunRequest(seed=3, out=tmp_path / "run", resume=True)).identity == prepared.identity


def test_nothing_is_compiled_for_a_study() -> None:
    recipe = _loaded(STUDY)
    prepared = prepare(recipe, RunRequest())
    assert isinstance(prepared, PreparedStudy)
    assert (prepared.program, prepared.backend_name, prepared.seed) == (None, "study", recipe.seed)
    assert prepare(recipe, RunRequest(seed=recipe.seed + 1)).identity != prepared.identity


def test_another_chip_is_another_run() -> None:
    recipe = api.load_recipe(CHIP[0], overrides=("parameters.size=6", "parameters.duration=40 s"))
    asked = RunRequest(target="brainscales2", emulate=True)
    found = [prepare(recipe, replace(asked, chip=chip)).identity for chip in (None, 7, 8)]
    assert len({identity["chip_hash"] for identity in found}) == 3
    assert len({identity["program_hash"] for identity in found}) == 1

"""Which chip is emulated and what is known of it: chips by seed, name, path or as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.targets import Target, load_backend, load_target
from sal_hw.errors import CalibrationError, SalHwError
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.target.snapshot_io import write_snapshot
from sal_hw.workflow import api
from sal_hw.workflow.chip_choice import ChipChoice, Chips, choose_chips, with_activations
from sal_hw_brainscales2.emulation.model import draw_chip, nominal_chip

RECIPES = Path(__file__).parents[3] / "recipes"


def parts(chips: Chips) -> tuple[CalibrationSnapshot | None, CalibrationSnapshot | None, bool]:
    """Return chips as what can be compared."""
    return chips.chip, chips.calibration, chips.knows_all


NOTHING = (None, None, False)


@pytest.fixture(scope="module")
def target() -> Target:
    """Return a target whose chips differ."""
    return load_target("brainscales2")


@pytest.fixture(scope="module")
def emulation(target: Target) -> Backend:
    """Return what emulates its chips."""
    return load_backend(str(target.emulator))


@pytest.fixture(scope="module")
def seventh() -> CalibrationSnapshot:
    """Return the truth about a synthetic chip."""
    return draw_chip(7)


def test_a_chip_is_named_in_several_ways(
    target: Target, emulation: Backend, seventh: CalibrationSnapshot, tmp_path: Path
) -> None:
    write_snapshot(tmp_path / "chip", seventh)
    choices: tuple[ChipChoice, ...] = (7, "7", seventh, tmp_path / "chip", str(tmp_path / "chip"))
    for choice in choices:
        found = choose_chips(target, emulation, choice, None)
        assert found.chip is not None
        assert (found.chip.hash, found.calibration, found.knows_all) == (seventh.hash, None, False)


def test_nothing_asked_for_is_a_nominal_chip(target: Target, emulation: Backend) -> None:
    for choice in (None, "nominal"):
        assert parts(choose_chips(target, emulation, choice, None)) == NOTHING


def test_the_truth_is_that_of_the_emulated_chip(target: Target, emulation: Backend) -> None:
    found = choose_chips(target, emulation, 7, "truth")
    assert found.calibration is found.chip
    assert found.knows_all
    # there is nothing to know of a nominal chip
    assert parts(choose_chips(target, emulation, None, "truth")) == NOTHING


def test_a_calibration_of_the_nominal_chip_fits_it(target: Target, emulation: Backend) -> None:
    known = nominal_chip()
    assert parts(choose_chips(target, emulation, "nominal", known)) == (None, known, False)


@pytest.mark.parametrize(
    ("name", "chip", "calibration", "code"),
    [
        ("ideal", 7, None, "E316"),
        ("ideal", None, "truth", "E316"),
        ("brainscales2", None, 7, "E316"),
        ("brainscales2", 8, "seventh", "E706"),
        ("brainscales2", None, "seventh", "E706"),
    ],
)
def test_what_does_not_fit_is_refused(
    seventh: CalibrationSnapshot, emulation: Backend, name: str, chip: ChipChoice, calibration: ChipChoice, code: str
) -> None:
    known = seventh if calibration == "seventh" else calibration
    with pytest.raises(SalHwError) as caught:
        choose_chips(load_target(name), emulation, chip, known)
    assert caught.value.code == code


def test_a_machine_is_its_own_chip(target: Target, seventh: CalibrationSnapshot) -> None:
    machine = load_backend(str(target.backend))
    assert parts(choose_chips(target, machine, None, seventh)) == (None, seventh, False)
    with pytest.raises(SalHwError, match="add --emulate") as caught:
        choose_chips(target, machine, seventh, None)
    assert caught.value.code == "E316"


def test_only_old_calibrations_are_too_old(target: Target, emulation: Backend, seventh: CalibrationSnapshot) -> None:
    old = replace(seventh, taken_at="2020-01-01T00:00:00Z")
    assert choose_chips(target, emulation, 7, old).calibration is old
    assert choose_chips(target, emulation, 7, old, max_age_hours=1e9).calibration is old
    with pytest.raises(CalibrationError, match="hours ago") as caught:
        choose_chips(target, emulation, 7, old, max_age_hours=24.0)
    assert caught.value.code == "E708"


def test_activations_are_learned_for_the_truth_of_sampling_programs_only(
    emulation: Backend, seventh: CalibrationSnapshot
) -> None:
    program = api.compile_recipe(api.load_recipe(RECIPES / "two_populations.yaml"))
    for chips in (Chips(), Chips(chip=seventh), Chips(chip=seventh, calibration=seventh)):
        assert with_activations(emulation, program, chips) is None
    # programs of other neurons have no activation functions
    assert with_activations(emulation, program, Chips(chip=seventh, calibration=seventh, knows_all=True)) is None

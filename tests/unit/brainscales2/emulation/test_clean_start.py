"""An emulated chip whose sensors are charged and whose baselines differ: kernels that start clean learn as known ones.

Angles are means of the last ten updates of the shipped recipe, 600 s of model time, chip 7, and depend on its seeds.
The converters' noise stays at its default: without any, no number of reads tells more of a baseline than a whole LSB.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend
from sal_hw.target.tables import TABLES
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads

RECIPE = Path(__file__).parents[4] / "recipes" / "chip_alignment.yaml"
KEPT = ("baseline", "cadc_noise", "branch_correlation")


def baselines_alone():
    """A chip that differs from a nominal one by its baselines, 8 LSB, and the noise of its converters."""
    spreads = load_spreads()
    return draw_chip(7, spreads=spreads.with_overrides({e.name: 0.0 for e in spreads.entries if e.name not in KEPT}))


def without_baselines(chip):
    """All that is known of a chip but its baselines, which are taken for nominal."""
    tables = [
        replace(table, measured=np.full_like(table.measured, TABLES[table.name].nominal))
        if table.name.startswith("baseline")
        else table
        for table in chip.tables
    ]
    return replace(chip, tables=tuple(tables))


def angle(tmp_path, chip, known, baselines):
    sets = [] if baselines == "measured" else [f"plasticity[0].baselines={baselines}"]
    result = api.run(
        api.load_recipe(RECIPE, overrides=sets),
        target="brainscales2",
        emulate=True,
        chip=chip,
        calibration=known,
        out=tmp_path / f"{baselines}{known is chip}",
    )
    return result.metrics["angle_final"]


@pytest.mark.slow
def test_baselines_that_the_kernel_measures_are_as_good_as_known_ones(tmp_path):
    chip = baselines_alone()
    assert angle(tmp_path, chip, without_baselines(chip), "calibrated") > 75.0
    known = angle(tmp_path, chip, chip, "calibrated")
    assert known < 25.0
    assert angle(tmp_path, chip, without_baselines(chip), "measured") == pytest.approx(known, abs=2.0)


@pytest.mark.slow
def test_the_same_with_all_spreads_and_the_balance_known(tmp_path):
    chip = draw_chip(7)
    known = angle(tmp_path, chip, chip, "calibrated")
    assert angle(tmp_path, chip, without_baselines(chip), "measured") == pytest.approx(known, abs=2.0)


def one_update(program, chip):
    backend = load_backend("emulator:brainscales2")
    with_chip = OpenRequest(seed=3, threads=1, chip=chip)
    session = backend.open(program, with_chip)
    session.learn(1)
    return session.weights("feedback")


def test_the_first_update_does_not_learn_what_sensors_are_found_with():
    sets = ["parameters.size=8", "parameters.learning_rate=0.1", "parameters.update_every=400 ms"]
    recipe = api.load_recipe(RECIPE, overrides=sets)
    program = api.compile_recipe(recipe, target="brainscales2")
    # what a kernel without a start would do; it has no baselines either, so they are given
    chip = draw_chip(7, spreads=load_spreads().with_overrides({"cadc_noise": 0.0}))
    given = api.compile_recipe(
        api.load_recipe(RECIPE, overrides=[*sets, "plasticity[0].baselines=calibrated"]),
        target="brainscales2",
        snapshot=chip,
    )
    dirty = replace(
        given, part=replace(given.part, kernels=tuple(replace(k, lead_calls=0) for k in given.part.kernels))
    )
    begin = given.synapse_block("feedback").weights
    # about three spikes per neuron in 400 ms, 0.1 mV per pair; what sensors are found with is up to 190 pairs
    changes = {
        name: np.abs(one_update(each, chip) - begin).max() for name, each in (("clean", given), ("dirty", dirty))
    }
    assert changes["clean"] < 0.6
    assert changes["dirty"] > 1.0
    assert np.abs(one_update(program, chip) - begin).max() < 0.6

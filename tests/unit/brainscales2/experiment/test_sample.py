"""Sampling on emulated chips: how close five circuits come to a Boltzmann distribution.

1000 s are N = 100 000 refractory times, about as many independent samples. A perfect sampler of 32 states then shows a
divergence of 31 / 2N = 1.6e-4 with a standard deviation of sqrt(62) / 2N = 4e-5; all that is found is far above.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sal_hw.experiment.metrics import kullback_leibler
from sal_hw.workflow import api

RECIPE = Path(__file__).parents[4] / "recipes" / "chip_sampling.yaml"
FLOOR, FLOOR_DEVIATION = 1.55e-4, 3.9e-5
STATES = (np.arange(32)[:, None] >> np.arange(4, -1, -1)) & 1


@cache
def _run(chip=None, calibration=None, seed=1, target="brainscales2"):
    recipe = api.load_recipe(RECIPE, seed=seed)
    return api.run(recipe, target=target, emulate=True, chip=chip, calibration=calibration, figures=False).result


def _divergence(**options):
    return _run(**options).metrics["dkl_final"]


def test_a_nominal_chip_samples():
    result = _run()
    metrics = result.metrics
    assert metrics["dkl_sampling_floor"] == pytest.approx(FLOOR)
    # activation functions that are not quite logistic and PSPs that are not rectangles cost a few times the floor
    assert FLOOR < metrics["dkl_final"] < 0.003
    assert metrics["states_unseen_final"] == 0
    assert metrics["verdict"] == "ok"
    target = result.traces["state_target"].values[-1]
    activity = result.traces["activity"].values[-1]
    np.testing.assert_allclose(activity, target @ STATES, atol=0.02)
    assert metrics["rate_mean_hz"] == pytest.approx(activity.mean() / 10e-3)
    # the recorded divergence is that of the recorded counts, and falls as samples come in
    counts = result.traces["state_counts"].values[-1]
    assert metrics["dkl_final"] == pytest.approx(kullback_leibler(target, counts))
    divergence = result.traces["dkl"].values
    assert len(divergence) == 20
    # after 50 s the floor alone is 20 times higher, 3.1e-3
    assert divergence[0] > divergence[-1] + 10 * FLOOR


@pytest.mark.parametrize("chip", [7, *(pytest.param(chip, marks=pytest.mark.slow) for chip in (8, 9))])
def test_a_chip_samples_only_if_its_activation_functions_are_known(chip):
    nominal, known, blind = _divergence(), _divergence(chip=chip, calibration="truth"), _divergence(chip=chip)
    # gains of 10 % shift potentials by more than a slope; what is known leaves the 0.5 LSB by which potentials differ
    # from one setting to the next, sum p (1 - p) (0.05)^2 / 2 = 1e-3 or so
    assert blind > 0.3
    assert known < 0.01
    assert blind > 50.0 * known
    assert known > nominal - 5.0 * FLOOR_DEVIATION


def test_the_offsets_alone_do_not_make_a_sampler(tmp_path):
    # the calibration of a chip without its activation functions: potentials are right, gains of the noise are not
    from sal_hw.target.snapshot_io import write_snapshot
    from sal_hw_brainscales2.emulation.model import draw_chip

    write_snapshot(tmp_path / "chip", draw_chip(7))
    found = _divergence(chip=7, calibration=str(tmp_path / "chip"))
    assert 5.0 * _divergence(chip=7, calibration="truth") < found < _divergence(chip=7)


@pytest.mark.slow
def test_without_a_chip_only_the_floor_is_left():
    found = _divergence(target="ideal")
    assert found == pytest.approx(FLOOR, abs=5.0 * FLOOR_DEVIATION)
    assert found < _divergence()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_other_noise_gives_the_same_divergence(seed):
    # of a sampler that is off by D, the divergence scatters by sqrt(2 D / N) on top of the floor's deviation
    expected = _divergence()
    deviation = np.hypot(FLOOR_DEVIATION, np.sqrt(2.0 * expected / 100_000))
    assert _divergence(seed=seed) == pytest.approx(expected, abs=4.0 * np.sqrt(2.0) * deviation)

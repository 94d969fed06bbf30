"""Sampling on emulated chips: how close five circuits come to a Boltzmann distribution.

200 s are N = 20 000 refractory times, about as many independent samples. A perfect sampler of 32 states then shows a
divergence of 31 / 2N = 7.8e-4 with a standard deviation of sqrt(62) / 2N = 2e-4; all that is found is far above. The
slow tests run for the recipe's 1000 s.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sal_hw.experiment.metrics import kullback_leibler
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation import activation

RECIPE = Path(__file__).parents[4] / "recipes" / "chip_sampling.yaml"
DURATIONS = [200, pytest.param(1000, marks=pytest.mark.slow)]
FLOOR, FLOOR_DEVIATION = 1.55e-4, 3.9e-5
STATES = (np.arange(32)[:, None] >> np.arange(4, -1, -1)) & 1


@pytest.fixture(autouse=True)
def short_truth(monkeypatch):
    """Let 20 s instead of 100 s per potential tell what is true of a chip: its middles are then known to 0.25 LSB."""
    monkeypatch.setattr(activation, "TRUTH_DURATION_MS", 20_000.0)


@cache
def _run(chip=None, calibration=None, seed=1, target="brainscales2", duration=1000):
    recipe = api.load_recipe(RECIPE, seed=seed, overrides=[f"experiment.duration={duration} s"])
    return api.run(recipe, target=target, emulate=True, chip=chip, calibration=calibration, figures=False).result


def _divergence(**options):
    return _run(**options).metrics["dkl_final"]


@pytest.mark.parametrize("duration", DURATIONS)
def test_a_nominal_chip_samples(duration):
    result = _run(duration=duration)
    metrics = result.metrics
    floor = FLOOR * 1000 / duration
    assert metrics["dkl_sampling_floor"] == pytest.approx(floor)
    # activation functions that are not quite logistic and PSPs that are not rectangles cost a few times the floor;
    # no sampler gets below it by more than three standard deviations
    least = floor - 3.0 * FLOOR_DEVIATION * 1000 / duration
    assert least < metrics["dkl_final"] < 0.003
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
    # after the first of 20 records the floor alone is 20 times higher
    assert divergence[0] > divergence[-1] + 5 * floor


@pytest.mark.parametrize(
    ("chip", "duration"), [(7, 200), *(pytest.param(chip, 1000, marks=pytest.mark.slow) for chip in (7, 8, 9))]
)
def test_a_chip_samples_only_if_its_activation_functions_are_known(chip, duration):
    nominal = _divergence(duration=duration)
    known = _divergence(chip=chip, calibration="truth", duration=duration)
    blind = _divergence(chip=chip, duration=duration)
    # gains of 10 % shift potentials by more than a slope; what is known leaves the 0.5 LSB by which potentials differ
    # from one setting to the next, sum p (1 - p) (0.05)^2 / 2 = 1e-3 or so
    assert blind > 0.3
    assert known < 0.01
    assert blind > 50.0 * known
    assert known > nominal - 5.0 * FLOOR_DEVIATION * 1000 / duration


def test_the_offsets_alone_do_not_make_a_sampler(tmp_path):
    # the calibration of a chip without its activation functions: potentials are right, gains of the noise are not
    from sal_hw.target.snapshot_io import write_snapshot
    from sal_hw_brainscales2.emulation.model import draw_chip

    write_snapshot(tmp_path / "chip", draw_chip(7))
    found = _divergence(chip=7, calibration=str(tmp_path / "chip"), duration=200)
    known, blind = _divergence(chip=7, calibration="truth", duration=200), _divergence(chip=7, duration=200)
    assert 5.0 * known < found < blind


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

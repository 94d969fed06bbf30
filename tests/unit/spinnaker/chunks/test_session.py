"""SAL by a host between chunks, on the emulated machine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.experiment.runner import run_program
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz
from sal_hw.target.description import Range
from sal_hw.workflow import api
from sal_hw_spinnaker.emulation.backend import EmulatedMachineBackend as EmulatorBackend
from sal_hw_spinnaker.spinnaker2.target import spinnaker2_target, spinnaker2_with

RECIPE = Path(__file__).parents[4] / "recipes" / "two_populations.yaml"
#: 256 independent pairs of weights scatter around 90 degrees by 180 / pi / 16 degrees; the recipe's seeds are near
SCATTER = 3.6
#: noise of four whole numbers of up to 15, so that few bits leave it as it is: 1.5 mV are 15
NOISE = tuple(
    f"stimuli.{kind}_{name}.weight={sign}0.4 mV"
    for kind, sign in (("excite", ""), ("inhibit", "-"))
    for name in ("visible", "hidden")
)


def program(*overrides, seed=1, target=spinnaker2_target):
    recipe = api.load_recipe(RECIPE, overrides=overrides, seed=seed)
    return api.compile_recipe(recipe, target=target)


def of_bits(limit, **options):
    """Return the target with weights of up to `limit`, whatever the delays; 32767 is as good as float."""
    target = spinnaker2_with(**options)
    limits = target.description.limits | {"weight": Range(low=-limit, high=limit, step=1)}
    return replace(target, description=replace(target.description, limits=limits))


@cache
def run(*overrides, seed=1):
    recipe = api.load_recipe(RECIPE, overrides=overrides, seed=seed)
    return run_program(program(*overrides, seed=seed), recipe.protocol, EmulatorBackend(), seed=seed)


def test_the_angle_falls():
    found = run()
    assert found.traces["alignment.angle"].values[0] == pytest.approx(90.0, abs=SCATTER)
    # as on the other targets, where it is 17 to 21 degrees and varies by less than a degree over seeds
    assert found.metrics["angle_final"] < 25.0
    assert found.metrics["norm_ratio_final"] == pytest.approx(1.0, abs=0.2)
    assert found.health.verdict == "ok"
    assert 4.0 < found.metrics["rate_mean_hz"] < 20.0


def test_the_angle_grows_with_the_sign_flipped():
    found = run("parameters.polarity=inverted", "parameters.duration=60 s")
    assert found.metrics["angle_final"] > found.metrics["angle_initial"] + 20.0


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_the_angle_stays_without_plasticity(rounding):
    overrides = ("parameters.plastic=false", "parameters.duration=40 s")
    recipe = api.load_recipe(RECIPE, overrides=overrides)
    compiled = program(*overrides, target=spinnaker2_with(rounding=rounding))
    found = run_program(compiled, recipe.protocol, EmulatorBackend(), seed=1)
    assert np.ptp(found.traces["alignment.angle"].values) == 0.0
    assert found.weights["feedback"].tobytes() == found.weights_initial["feedback"].tobytes()


def asymmetries(limit, seed, updates, **options):
    """Return ``|B - W'| / |B + W'|``, the mean over the last third of a run, of the host's B and of the machine's."""
    session = EmulatorBackend().open(
        program(*NOISE, seed=seed, target=of_bits(limit, **options)), OpenRequest(seed=seed)
    )
    forward = session.weights("forward").T
    found = []
    for _ in range(updates):
        session.learn(1)
        both = session.unrounded_weights("feedback"), session.weights("feedback")
        found.append([np.linalg.norm(back - forward) / np.linalg.norm(back + forward) for back in both])
    return np.mean(found[-updates // 3 :], axis=0)


def asymmetry(limit, seed, updates, **options):
    """Return the asymmetry of the weights that the machine has."""
    return float(asymmetries(limit, seed, updates, **options)[1])


@pytest.mark.slow
def test_four_bits_and_a_shadow_learn_as_floats_do():
    # The norm of 256 differences that scatter independently is known to 1 / sqrt(512) = 4.4 % in one run, and runs of
    # other bits have other spikes. Means of 12 seeds differ by 4.4 % sqrt(2 / 12) = 1.8 % at most, since they are over
    # 50 updates, some relaxation times; 1.0 % was found, from the scatter of the seeds.
    few, fine = (np.mean([asymmetries(limit, seed, 150) for seed in range(1, 13)], axis=0) for limit in (15, 32767))
    assert few[0] == pytest.approx(fine[0], rel=0.05)
    # what the machine has is rounded besides: 0.1 mV / sqrt(12) added to differences of 0.12 mV are another 3 %
    assert few[1] / few[0] == pytest.approx(np.sqrt(1.0 + (0.1 / np.sqrt(12.0) / 0.12) ** 2), abs=0.015)


def test_without_a_shadow_stochastic_rounding_learns_and_nearest_does_not():
    start = asymmetry(15, 1, 3)
    learned = asymmetry(15, 1, 45, shadow=False, rounding="stochastic")
    assert start > 0.8
    assert learned < 0.5 * start


def test_stochastic_rounding_of_a_shadow_learns_too():
    shadowed, rounded = asymmetry(15, 1, 36), asymmetry(15, 1, 36, rounding="stochastic")
    # rounding at random adds 0.1 mV / sqrt(6) to differences of some 0.25 mV, 1.3 % of their norm; two runs with other
    # spikes differ by 4.4 % sqrt(2), see above, of which 0.25 is four
    assert rounded == pytest.approx(shadowed, rel=0.25)


def test_the_host_keeps_what_the_machine_rounds():
    session = EmulatorBackend().open(program(target=of_bits(15)), OpenRequest(seed=1))
    session.learn(5)
    kept, stored = session.unrounded_weights("feedback"), session.weights("feedback")
    assert 0.0 < np.abs(kept - stored).max() <= 0.5 * 1.5 / 15 + 1e-12
    assert len(np.unique(stored)) < 32
    assert len(np.unique(kept)) == kept.size


def test_the_whole_run_is_reproducible_and_depends_on_the_seed():
    short = "parameters.duration=20 s"
    one = run(short)
    run.cache_clear()
    other = run(short)
    assert one.weights["feedback"].tobytes() == other.weights["feedback"].tobytes()
    assert one.traces["alignment.angle"].values.tobytes() == other.traces["alignment.angle"].values.tobytes()
    assert run(short, seed=2).weights["feedback"].tobytes() != one.weights["feedback"].tobytes()


@pytest.mark.parametrize("options", [{}, {"rounding": "stochastic"}, {"shadow": False, "rounding": "stochastic"}])
def test_a_restored_session_goes_on_exactly(options):
    compiled = program(target=spinnaker2_with(**options))
    first = EmulatorBackend().open(compiled, OpenRequest(seed=4))
    first.learn(3)
    first.observe(500.0, chains=2, warmup_ms=100.0)
    kept = read_npz(npz_bytes(first.checkpoint()))
    second = EmulatorBackend().open(compiled, OpenRequest(seed=4))
    second.restore(kept)
    first.learn(2)
    second.learn(2)
    assert npz_bytes(first.checkpoint()) == npz_bytes(second.checkpoint())
    assert list(first.findings()) == list(second.findings())
    one, other = (session.observe(500.0) for session in (first, second))
    np.testing.assert_array_equal(one.spike_counts["hidden"], other.spike_counts["hidden"])


def test_observing_counts_what_it_is_asked_for():
    session = EmulatorBackend().open(program(), OpenRequest(seed=1))
    # longer than a chunk of 2 s, in two chains of different length
    seen = session.observe(4_001.0, chains=2, warmup_ms=100.0)
    assert seen.duration_ms == 4_001.0
    rate_hz = sum(int(counts.sum()) for counts in seen.spike_counts.values()) / (32 * 4.001)
    assert 4.0 < rate_hz < 20.0


def test_membranes_are_in_mv_and_below_threshold(tmp_path):
    text = RECIPE.read_text() + "\nprobes:\n  - {kind: membrane, population: hidden, every: 2 ms}\n"
    (tmp_path / "probed.yaml").write_text(text)
    recipe = api.load_recipe(tmp_path / "probed.yaml")
    session = EmulatorBackend().open(api.compile_recipe(recipe, target=spinnaker2_target), OpenRequest(seed=1))
    seen = session.learn(2)
    times, values = seen.membrane_ms["hidden"], seen.membrane_mv["hidden"]
    assert values.shape == (2000, 16)
    np.testing.assert_array_equal(times, 1.0 + 2.0 * np.arange(2000))
    assert values.max() < 1.0
    # the drive alone holds the potential at 0.6 mV; spikes reset it to 0
    assert 0.1 < np.median(values) < 0.8


def test_the_rates_are_those_of_the_continuous_neurons():
    # the same network on the engine that integrates exactly; the same noise by law, not by draw
    recipe = api.load_recipe(RECIPE, overrides=["parameters.plastic=false", "parameters.duration=40 s"])
    ideal = run_program(api.compile_recipe(recipe, target="ideal"), recipe.protocol, EmulatorBackend(), seed=1)
    ticks = run("parameters.plastic=false", "parameters.duration=40 s")
    # 32 neurons at 8 Hz for 40 s are 10 000 spikes, known to 1 %; a tick of 1 ms shifts rates by some per cent
    assert ticks.metrics["rate_mean_hz"] == pytest.approx(ideal.metrics["rate_mean_hz"], rel=0.1)


def test_weights_at_the_ends_and_silence_are_told():
    found = run("parameters.polarity=inverted", "parameters.duration=60 s")
    assert found.metrics["weights_at_rail"] > 0
    assert any(item.kind == "weights_at_limit" for item in found.health.findings)
    quiet = program(*(f"stimuli.drive_{name}.amplitude=-5 mV" for name in ("visible", "hidden")))
    session = EmulatorBackend().open(quiet, OpenRequest(seed=1))
    session.learn(1)
    (silent,) = [item for item in session.findings() if item.kind == "neurons_silent"]
    assert silent.count == 32
    assert silent.severity == "degraded"

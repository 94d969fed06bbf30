"""Effective couplings: against weights where these are known, their errors, and that measuring disturbs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.experiment.effective import corrected_angle, require_forcer
from sal_hw.experiment.metrics import alignment_angle
from sal_hw.experiment.runner import Interrupted
from sal_hw.workflow import api
from sal_hw.workflow.jobs.network import NetworkJob

RECIPES = Path(__file__).parents[3] / "recipes"
VARIED = RECIPES / "paper" / "networks" / "varied_neurons.yaml"
EFFECTIVE = "experiment.effective={window: 10 ms, trials: 4000, batches: 16, warmup: 100 ms}"
SHORT = ("parameters.duration=60 s", "experiment.average_last_updates=1", "experiment.record_every_updates=1")


def run(path, *overrides, **options):
    seed = options.pop("seed", None)
    return api.run(api.load_recipe(path, overrides=overrides, seed=seed), **options).result


def couplings(result, rule="alignment"):
    """Return forward, backward and their errors before the first update, shape (4, pairs)."""
    return result.traces[f"effective.{rule}"].values[0]


def test_the_coupling_of_two_sampling_neurons_is_their_weight():
    """Odds per step are exp(u) / tau_ref, of which the probability is less by odds / (1 + odds): 2 % here."""
    result = run(
        RECIPES / "two_neuron.yaml", "experiment.duration=60 s", "experiment.average_last_updates=1", EFFECTIVE
    )
    forward, backward, forward_error, backward_error = couplings(result)[:, 0]
    # the bias of the spiking neuron, -0.5 + 1.5, gives odds of e / 25 = 0.11 with and 0.02 without the spike
    expected = 1.5 - np.log(1.0 + np.exp(1.0) / 25.0) + np.log(1.0 + np.exp(-0.5) / 25.0)
    assert forward == pytest.approx(expected, abs=4.0 * forward_error)
    expected = 0.5 - np.log(1.0 + np.exp(0.3) / 25.0) + np.log(1.0 + np.exp(-0.2) / 25.0)
    assert backward == pytest.approx(expected, abs=4.0 * backward_error)
    # 16 batches tell an error to 18 %; counts of about 1500 spikes have one of 2 to 5 %
    assert 0.01 < forward_error < 0.06


def test_without_weights_a_spike_changes_nothing_at_all():
    """Both continuations have the same noise, so that there is no difference by chance."""
    nothing = [f"projections.{name}.weight.std=0" for name in ("forward", "feedback")]
    lif = ["parameters.size=3", EFFECTIVE.replace("4000", "64")]
    for name, more in (
        (VARIED, ["parameters.spread=0", "parameters.trials=64"]),
        (RECIPES / "two_populations.yaml", lif),
    ):
        result = run(name, *SHORT, *nothing, *more)
        assert not couplings(result)[:2].any()
        assert result.metrics["effective_angle_initial"] is None


def test_lif_neurons_couple_as_their_weights_do():
    """The larger the weight, the larger the effect; rates follow weights over many pairs of neurons."""
    result = run(
        RECIPES / "two_populations.yaml",
        "parameters.size=5",
        "parameters.duration=4 s",
        "experiment.average_last_updates=1",
        EFFECTIVE.replace("4000", "480").replace("10 ms", "15 ms"),
        threads=2,
    )
    forward, backward, *_ = couplings(result)
    weights = result.weights_initial
    measured = np.concatenate([forward, backward])
    nominal = np.concatenate([weights["forward"].T.ravel(), weights["feedback"].ravel()])
    strong = np.abs(nominal) > 0.3
    assert strong.sum() > 15
    assert (np.sign(measured) == np.sign(nominal))[strong].mean() > 0.85
    assert np.corrcoef(nominal, measured)[0, 1] > 0.8


def test_errors_are_those_of_repeated_measurements():
    """Jackknife errors agree with the spread over seeds of the spikes."""
    overrides = (*SHORT, "parameters.size=4", "parameters.plastic=false", "parameters.trials=640")
    found = np.array([couplings(run(VARIED, *overrides, seed=seed)) for seed in range(12)])
    spread = found[:, :2].std(axis=0, ddof=1)
    ratio = np.sqrt((found[:, 2:] ** 2).mean() / (spread**2).mean())
    # the spread of 32 couplings over 12 seeds has an error of 1 / sqrt(2 * 11 * 32) = 4 %; jackknife errors of 8
    # batches are a little too large, since a logarithm is not linear in its counts
    assert ratio == pytest.approx(1.05, abs=0.17)


def test_measurement_errors_are_taken_out_of_the_angle():
    rng = np.random.default_rng(5)
    one = rng.normal(size=4000)
    other = one + 0.3 * rng.normal(size=4000)
    true, noise = alignment_angle(one, other), 0.5
    noisy = [values + noise * rng.normal(size=4000) for values in (one, other)]
    errors = np.full(4000, noise)
    assert alignment_angle(*noisy) > true + 10.0
    # the cosine of 4000 pairs has an error of about 1 / sqrt(4000) * noise: 0.5 degrees at this angle
    assert corrected_angle(*noisy, one_error=errors, other_error=errors) == pytest.approx(true, abs=2.0)
    exact = np.zeros(4000)
    assert corrected_angle(one, other, one_error=exact, other_error=exact) == true
    assert np.isnan(corrected_angle(one, other, one_error=np.full(4000, 2.0), other_error=exact))


def test_measuring_disturbs_no_learning_and_threads_change_nothing(tmp_path):
    short = (*SHORT, "parameters.size=3", "parameters.trials=32")
    measured = run(VARIED, *short)
    recipe = api.load_recipe(VARIED, overrides=short)
    aligned = replace(recipe.job.on_network(), protocol=replace(recipe.protocol, effective=None))
    plain = api.run(api.Recipe(job=NetworkJob(recipe=aligned))).result
    assert measured.weights["feedback"].tobytes() == plain.weights["feedback"].tobytes()
    seen = iter(range(1, 100))
    with pytest.raises(Interrupted):
        run(VARIED, *short, out=tmp_path / "run", interrupted=lambda: next(seen) == 2)
    for other in (run(VARIED, *short, threads=2), run(VARIED, *short, out=tmp_path / "run", resume=True, threads=2)):
        assert other.metrics == measured.metrics
        for name, trace in measured.traces.items():
            assert trace.values.tobytes() == other.traces[name].values.tobytes()


def test_on_an_emulated_chip():
    result = run(
        RECIPES / "chip_alignment.yaml",
        "parameters.size=3",
        "parameters.duration=4 s",
        "experiment.average_last_updates=1",
        EFFECTIVE.replace("4000", "64"),
        target="brainscales2",
        emulate=True,
    )
    assert result.traces["effective.alignment"].values.shape == (2, 4, 9)
    assert np.abs(couplings(result)[:2]).max() > 0.1


def test_a_backend_that_cannot_force_spikes_is_refused():
    with pytest.raises(InputError) as caught:
        require_forcer(object())
    assert (caught.value.code, caught.value.problems[0].field) == ("E224", "experiment.effective")


def test_times_are_multiples_of_the_timestep():
    with pytest.raises(InputError) as caught:
        api.load_recipe(VARIED, overrides=("experiment.effective.window=9.9 ms",))
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [
        ("E215", "experiment.effective.window")
    ]


@pytest.mark.slow
def test_sal_aligns_effective_couplings():
    """One level of the figure: nominal weights end 49 degrees apart, couplings 3; without SAL neither changes."""
    recipe = api.load_recipe(
        RECIPES / "paper" / "effective_alignment.yaml", overrides=("experiment.levels.values=[0, 0.2]",)
    )
    metrics = api.run(recipe, threads=2).metrics
    for level in ("0", "0.2"):
        assert metrics[f"effective_angle_final_with_SAL_at_{level}"] < 10.0
        assert metrics[f"effective_angle_final_without_SAL_at_{level}"] > 80.0
    assert metrics["angle_final_with_SAL_at_0"] < 5.0
    # deviations of both ways, each as large as half a weight: atan(0.2 sqrt(2) / 0.4) = 35 degrees at least
    assert metrics["angle_final_with_SAL_at_0.2"] > 30.0

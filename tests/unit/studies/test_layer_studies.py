"""The studies of layers: what they record, that they can be interrupted, and what they refuse."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.experiment.base import Recording
from sal_hw.experiment.runner import Interrupted
from sal_hw.workflow import api
from sal_hw_studies.layer_records import alignment_metrics, pair_trace, record_alignment
from sal_hw_studies.schemas.symmetrize_layers import SymmetrizeLayersProtocol
from sal_hw_studies.schemas.weight_transport import WeightTransportProtocol
from sal_hw_studies.symmetrize_layers import SymmetrizeLayersStudy
from sal_hw_studies.weight_transport import draw_weights

PAPER = Path(__file__).parents[3] / "recipes" / "paper"
SMALL = {
    "fig9_layers": ("experiment.sizes=[20, 10, 6]", "experiment.steps_per_epoch=300", "experiment.epochs=3"),
    "fig7_weight_transport": (
        "experiment.size_below=10",
        "experiment.size_above=8",
        "experiment.sal.epochs=3",
        "experiment.sal.steps_per_epoch=200",
        "experiment.rdd.duration=2 s",
        "experiment.rdd.update_every=1 s",
        "experiment.stdwi.duration=2 s",
    ),
}


def load(name, *more):
    return api.load_recipe(PAPER / f"{name}.yaml", overrides=(*SMALL[name], *more))


def test_alignment_by_hand():
    forward, feedback = np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([[1.0, 1.0], [-1.0, -1.0]])
    recording = Recording(axis="epoch")
    record_alignment(recording, "layer_1", 0, forward, feedback)
    found = alignment_metrics(recording, "layer_1")
    # <W, B> = 2, |W| = sqrt 2, |B| = 2; differences 0, -1, 1, 0; both means are 0, Var W = 1/2, Cov = 1/2, Var B = 1
    expected = {
        "layer_1_angle_initial": 45.0,
        "layer_1_angle_final": 45.0,
        "layer_1_variance_final": 0.5,
        "layer_1_correlation_final": 0.5 / math.sqrt(0.5),
        "layer_1_slope_final": 1.0,
        "layer_1_norm_ratio_final": math.sqrt(2.0),
    }
    assert found == pytest.approx(expected)


def test_reciprocal_weights_stand_side_by_side():
    forward = np.arange(6.0).reshape(2, 3)
    trace = pair_trace(forward, forward.T + 10.0, forward.T + 20.0)
    assert trace.at.tolist() == list(range(6))
    np.testing.assert_array_equal(trace.values, np.stack([forward.T.ravel() + shift for shift in (0, 10, 20)], axis=1))
    many = np.arange(9000.0).reshape(90, 100)
    thinned = pair_trace(many, many.T, many.T)
    assert 1500 < len(thinned.at) <= 2000
    np.testing.assert_array_equal(thinned.values[:, 0], many.T.ravel()[thinned.at])


@pytest.mark.parametrize("name", list(SMALL))
def test_recipes_run_and_threads_change_nothing(name, assert_same_result):
    more = () if name == "fig7_weight_transport" else ("experiment.chains=3",)
    one, two = (api.run(load(name, *more), threads=threads).result for threads in (1, 2))
    assert_same_result(one, two)
    assert not np.array_equal(
        one.traces[next(iter(one.traces))].values,
        api.run(load(name, *more), seed=9).result.traces[next(iter(one.traces))].values,
    )


@pytest.mark.parametrize(
    ("name", "after"), [("fig9_layers", 2), ("fig9_layers", 4), *(("fig7_weight_transport", k) for k in (1, 4, 6))]
)
def test_an_interrupted_study_ends_the_assert_same_result(name, after, tmp_path, assert_same_result):
    more = () if name == "fig7_weight_transport" else ("experiment.chains=3",)
    whole = api.run(load(name, *more)).result
    seen = iter(range(1, 100))
    with pytest.raises(Interrupted):
        api.run(load(name, *more), out=tmp_path / "run", interrupted=lambda: next(seen) == after)
    assert_same_result(api.run(load(name, *more), out=tmp_path / "run", resume=True, threads=2).result, whole)


def test_layers_align():
    """In a small stack the angle falls from chance far below it in every layer."""
    recipe = load(
        "fig9_layers", "experiment.epochs=20", "experiment.steps_per_epoch=2000", "experiment.learning_rate=0.2"
    )
    result = api.run(recipe).result
    for layer in ("layer_1", "layer_2"):
        angle = result.traces[f"layer_angle.{layer}"]
        assert angle.axis == "epoch"
        assert angle.at.tolist() == list(range(21))
        assert angle.values[0] > 70.0
        assert angle.values[-1] < 45.0
        assert result.metrics[f"{layer}_angle_final"] == angle.values[-1]
    assert result.metrics["model_time_s"] == pytest.approx(20 * 2000 * 1e-4)
    # u is about 0, so an interval lasts about tau_ref + 1 / p = 10 + 11 steps
    assert result.metrics["spikes_per_tau_ref_0"] == pytest.approx(10 / 21, abs=0.03)


def test_both_time_axes_of_sal():
    published = api.run(load("fig7_weight_transport", "experiment.protocol=published")).result
    corrected = api.run(load("fig7_weight_transport")).result
    # 200 steps of 0.1 ms per epoch, eight chains
    np.testing.assert_allclose(corrected.traces["layer_angle.sal"].at, 20.0 * np.arange(4))
    np.testing.assert_allclose(published.traces["layer_angle.sal"].at, 160.0 * np.arange(4))
    np.testing.assert_allclose(published.traces["layer_angle.rdd"].at, [0.0, 1000.0, 2000.0])
    for result in (published, corrected):
        assert result.metrics["sal_model_time_s"] == pytest.approx(0.06)
        assert result.metrics["sal_model_time_all_chains_s"] == pytest.approx(0.48)
    assert published.metrics["sal_angle_final"] == corrected.metrics["sal_angle_final"]
    assert (published.metrics["protocol"], corrected.metrics["protocol"]) == ("published", "corrected")


def test_a_method_does_not_depend_on_the_others():
    both = api.run(load("fig7_weight_transport")).result
    alone = api.run(load("fig7_weight_transport", "experiment.sal=null", "experiment.rdd=null")).result
    assert set(alone.metrics) == {
        key for key in both.metrics if key.startswith("stdwi") or key in ("protocol", "verdict")
    }
    assert alone.metrics["stdwi_angle_final"] == both.metrics["stdwi_angle_final"]


def test_the_published_seed_gives_the_published_weights():
    """91.4 degrees at the start, source: arXiv 2503.02642, figure 7."""
    forward, feedback = draw_weights(WeightTransportProtocol())
    rng = np.random.default_rng(43)
    np.testing.assert_array_equal(forward.T, rng.uniform(-np.sqrt(0.06), np.sqrt(0.06), (50, 50)))
    np.testing.assert_array_equal(feedback.T, rng.uniform(-np.sqrt(0.06), np.sqrt(0.06), (50, 50)))


def test_silent_neurons_are_reported():
    protocol = SymmetrizeLayersProtocol(sizes=(4, 3), epochs=1, steps_per_epoch=1, learning_rate=0.01)
    study = SymmetrizeLayersStudy(protocol, seed=1, threads=1, folder=None)
    study.step()
    (finding,) = study.findings()
    assert (finding.kind, finding.severity) == ("neurons_silent", "degraded")
    assert finding.count + study._learning.spike_counts.sum() == 7


@pytest.mark.parametrize(
    ("name", "override", "code", "field"),
    [
        ("fig9_layers", "experiment.sizes=[5]", "E214", "experiment.sizes"),
        ("fig9_layers", "experiment.sizes=[90000, 90000]", "E214", "experiment.sizes"),
        ("fig9_layers", "experiment.sizes=[5, 0]", "E214", "experiment.sizes[1]"),
        ("fig9_layers", "experiment.tau_ref_steps=1", "E214", "experiment.tau_ref_steps"),
        ("fig9_layers", "experiment.steps_per_epoch=2000000", "E214", "experiment.steps_per_epoch"),
        ("fig7_weight_transport", "experiment.rdd.update_every=3 s", "E214", "experiment.rdd.update_every"),
        ("fig7_weight_transport", "experiment.rdd.update_every=1.5 s", "E215", "experiment.rdd.update_every"),
        ("fig7_weight_transport", "experiment.stdwi.duration=2500 ms", "E215", "experiment.stdwi.duration"),
        ("fig7_weight_transport", "experiment.size_below=4", "E214", "experiment.size_below"),
        ("fig7_weight_transport", "experiment.protocol=other", "E204", "experiment.protocol"),
    ],
)
def test_mistakes_are_found(name, override, code, field):
    with pytest.raises(InputError) as caught:
        load(name, override)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, field)]


def test_a_run_of_nothing_is_refused():
    nothing = tuple(f"experiment.{method}=null" for method in ("sal", "rdd", "stdwi"))
    with pytest.raises(InputError, match="at least one"):
        api.load_recipe(PAPER / "fig7_weight_transport.yaml", overrides=nothing)


@pytest.mark.parametrize("preset", ["full", "one-network"])
def test_presets_of_the_paper(preset):
    protocol = api.load_recipe(PAPER / "fig7_weight_transport.yaml", presets=(preset,)).file.protocol
    assert protocol.sal.chains * protocol.sal.steps_per_epoch == 10_000
    # an update is as large for one long chain as for the mean over eight short ones
    assert protocol.sal.learning_rate * protocol.sal.steps_per_epoch == pytest.approx(62.5)


@pytest.mark.slow
def test_figure_7_in_full():
    """Angles after 100 s, source: arXiv 2503.02642, figure 7, with RDD repaired; other noise does +-2 degrees."""
    result = api.run(api.load_recipe(PAPER / "fig7_weight_transport.yaml", presets=("full",)), threads=2).result
    expected = {"sal": 14.4, "rdd": 25.6, "stdwi": 54.4}
    found = {name: result.metrics[f"{name}_angle_final"] for name in expected}
    assert found == pytest.approx(expected, abs=2.0)
    assert result.metrics["sal_slope_final"] == pytest.approx(0.83, abs=0.02)
    path = [80.2, 67.7, 55.5, 44.8, 36.0, 29.0, 23.7, 19.7, 16.7, 14.4]
    np.testing.assert_allclose(result.traces["layer_angle.sal"].values[10::10], path, atol=2.0)


@pytest.mark.slow
def test_figure_9_in_short():
    """Angles after 10 and 20 epochs, source: arXiv 2503.02642, figure 9; within 1 degree, which other weights do."""
    result = api.run(api.load_recipe(PAPER / "fig9_layers.yaml")).result
    for layer, expected in (("layer_1", (81.8, 74.7)), ("layer_2", (76.9, 65.1))):
        found = result.traces[f"layer_angle.{layer}"].values[[10, 20]]
        np.testing.assert_allclose(found, expected, atol=1.0)

"""The study: methods differ by nothing but feedback, runs can be cut and shared among threads, and losses are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make test-torch installs it")

from image_files import idx_bytes, write_cifar_binary, write_idx  # noqa: E402

from sal_hw.errors import DeviceError  # noqa: E402
from sal_hw.experiment.runner import Interrupted  # noqa: E402
from sal_hw.workflow import api  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = Path(__file__).parents[3] / "recipes" / "paper" / "fig8_deep.yaml"
TINY = (
    "experiment.network.hidden=[12, 9]",
    "experiment.data.training_images=130",
    "experiment.data.validation_images=50",
    "experiment.batch=16",
    "experiment.epochs=2",
    "experiment.alignment.rounds=1",
    "experiment.alignment.first_rounds=2",
    "experiment.alignment.steps_per_round=300",
    "experiment.alignment.chains=3",
)


def load(*more: str, presets: tuple[str, ...] = ()) -> api.Recipe:
    return api.load_recipe(RECIPE, presets=presets, overrides=(*TINY, *more))


def methods(*rules: str) -> str:
    return "experiment.methods=[" + ", ".join(rules) + "]"


BP, FA, SAL = "{rule: backpropagation}", "{rule: feedback_alignment}", "{rule: sal}"


def kept(result, method: str) -> dict[str, np.ndarray]:
    """Return what a method recorded, by quantity and repetition."""
    found = {name.replace(f".{method}.", "."): trace for name, trace in result.traces.items() if f".{method}." in name}
    assert found
    return {name: trace.values for name, trace in found.items()}


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_the_recipe_records_every_method_and_run(assert_same_result):
    recipe = load("experiment.runs=2")
    one, two = (api.run(recipe, threads=threads).result for threads in (1, 2))
    assert_same_result(one, two)
    for method in ("bp", "fa", "scfa", "bp_kp", "kp", "sal"):
        for run in ("run_1", "run_2"):
            assert one.traces[f"validation_accuracy.{method}.{run}"].at.tolist() == [0, 1, 2]
            assert one.traces[f"gradient_angle.{method}.{run}"].values.shape == (3, 2)
            assert one.traces[f"feedback_angle.{method}.{run}"].values.shape == (3, 2)
        assert 0.0 <= one.metrics[f"{method}_test_accuracy_percent"] <= 100.0
    assert one.traces["spiking_rate.sal.run_1"].values.shape == (2, 3)
    assert (one.traces["gradient_angle.bp.run_1"].values < 0.1).all()
    assert one.metrics["sal_feedback_angle_2"] == pytest.approx(
        np.mean([one.traces[f"feedback_angle.sal.run_{run}"].values[-1, 0] for run in (1, 2)])
    )


def test_repetitions_are_runs_of_the_next_seeds():
    both = api.run(load("experiment.runs=2"), seed=3).result
    alone = api.run(load(), seed=4).result
    for name, trace in alone.traces.items():
        np.testing.assert_array_equal(trace.values, both.traces[name.replace("run_1", "run_2")].values)


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_an_interrupted_study_ends_the_same(after, tmp_path, assert_same_result, monkeypatch):
    # two steps per epoch, so that epochs are cut, too
    monkeypatch.setattr("sal_hw_deep.study.batches_per_step", lambda protocol: 5)
    recipe = load(methods(FA, "{rule: kolen_pollack, weight_decay: 0.01}", SAL), "experiment.data.augmentation=flip")
    whole = api.run(recipe).result
    seen = iter(range(1, 100))
    with pytest.raises(Interrupted):
        api.run(recipe, out=tmp_path / "run", interrupted=lambda: next(seen) == after)
    assert_same_result(api.run(recipe, out=tmp_path / "run", resume=True, threads=2).result, whole)


@pytest.mark.parametrize("network", ["experiment.network.convolutions=[]", "experiment.network.convolutions=[4, 3]"])
def test_sal_without_rounds_is_feedback_alignment(network):
    none = ("experiment.alignment.rounds=0", "experiment.alignment.first_rounds=0")
    result = api.run(load(network, methods(FA, SAL), *none)).result
    assert_equal(kept(result, "fa"), kept(result, "sal"))
    assert result.metrics["sal_test_accuracy_percent"] == result.metrics["fa_test_accuracy_percent"]


def test_a_method_does_not_depend_on_the_others():
    all_of, alone = api.run(load()).result, api.run(load(methods(SAL))).result
    assert_equal(kept(all_of, "sal"), kept(alone, "sal"))


def test_all_methods_begin_with_the_same_weights():
    result = api.run(load()).result
    first = {kept(result, method)["validation_accuracy.run_1"][0] for method in ("bp", "fa", "scfa", "kp", "sal")}
    assert len(first) == 1
    angles = [kept(result, method)["feedback_angle.run_1"][0] for method in ("fa", "kp", "sal")]
    assert all(np.array_equal(angles[0], other) for other in angles[1:])


def test_sal_turns_feedback_weights_towards_forward_weights():
    """And away from them with the other polarity; random matrices of 12 x 9 and 9 x 10 lie within 90 +- 20 degrees."""
    long = (
        "experiment.alignment.first_rounds=25",
        "experiment.alignment.chains=8",
        "experiment.alignment.steps_per_round=2000",
    )
    inverted = "{rule: sal, name: away, polarity: inverted}"
    result = api.run(load(methods(SAL, inverted), "experiment.epochs=1", *long), threads=2).result
    assert (kept(result, "sal")["feedback_angle.run_1"][1] < 50.0).all()
    assert (kept(result, "away")["feedback_angle.run_1"][1] > 100.0).all()


@pytest.mark.parametrize(
    "more",
    [
        ("experiment.network.hidden=[1]",),
        ("experiment.network.hidden=[1, 1, 1]",),
        ("experiment.network.hidden=[]",),
        ("experiment.network.hidden=[6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6]",),
        ("experiment.data.training_images=129",),  # a last batch of one image
        ("experiment.data.training_images=1", "experiment.network.batch_norm=false", "experiment.batch=1"),
        ("experiment.network.activation=tanh", "experiment.network.batch_norm=false"),
        ("experiment.network.convolutions=[3]", "experiment.network.hidden=[]"),
        ("experiment.data.augmentation=crop_and_flip", "experiment.softmax=twice", "experiment.momentum=0"),
    ],
)
def test_odd_networks_and_batches(more):
    result = api.run(load(*more)).result
    assert all(np.isfinite(trace.values).all() for trace in result.traces.values())
    assert result.traces["validation_accuracy.sal.run_1"].at.tolist() == [0, 1, 2]


def test_divergence_is_told_with_its_epoch():
    """With rate times decay at 20 every step multiplies the weights by about -19."""
    lost = "{rule: backpropagation, name: lost, weight_decay: 1}"
    more = ("experiment.learning_rate=20", "experiment.network.batch_norm=false", "experiment.momentum=0")
    result = api.run(load(methods(lost, "{rule: sal, weight_decay: 1}"), *more)).result
    findings = [finding for finding in result.health.findings if finding.kind == "diverged"]
    assert [finding.severity for finding in findings] == ["failed"] * 2
    assert all("in epoch 1" in finding.advice for finding in findings)
    for method in ("lost", "sal"):
        assert result.metrics[f"{method}_test_accuracy_percent"] is None
        assert "epoch 1" in result.undefined[f"{method}_test_accuracy_percent"]
        assert result.traces[f"validation_accuracy.{method}.run_1"].at.tolist() == [0]
    assert all(np.isfinite(trace.values).all() for trace in result.traces.values())


def test_relu_without_batch_normalisation_is_warned_of():
    result = api.run(load("experiment.network.batch_norm=false", "experiment.epochs=1")).result
    assert "relu_without_batch_norm" in {finding.kind for finding in result.health.findings}


def test_missing_classes_are_told(data_folder):
    write_idx(data_folder / "MNIST" / "raw", 200)
    labels = data_folder / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes((np.arange(200) % 7).astype(np.uint8)))
    result = api.run(load("experiment.data.name=mnist", "experiment.epochs=1")).result
    (finding,) = (finding for finding in result.health.findings if finding.kind == "classes_missing")
    assert finding.count == 3


def test_colour_images(data_folder):
    write_cifar_binary(data_folder / "cifar-10-batches-bin", 40)
    more = ("experiment.data.name=cifar10", "experiment.data.augmentation=crop_and_flip")
    result = api.run(load(*more, "experiment.network.convolutions=[4, 4]", methods(BP, SAL))).result
    assert result.traces["feedback_angle.sal.run_1"].values.shape == (3, 4)


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError) as caught:
        api.run(load("experiment.device=cuda"))
    assert (caught.value.code, caught.value.field) == ("E820", "experiment.device")


def test_the_number_of_threads_of_pytorch_is_left_alone():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        api.run(load(methods(BP), "experiment.epochs=1"))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_figure_8_with_images_of_fashion():
    """Means of the last three epochs over three seeds; the choice of validation images moves them all by 2 points.

    Limits lie between what an independent implementation of the same equations found (BP 85.4 and 85.05, FA 79.4 and
    79.7, SAL 83.2 and 83.5 on 2000 test images) and what would make the comparison void.
    """
    recipe = api.load_recipe(RECIPE, presets=("inverted", "three-seeds"))
    result = api.run(recipe, threads=2).result
    metrics = result.metrics
    accuracy = {name: metrics[f"{name}_validation_accuracy_percent"] for name in ("bp", "fa", "sal", "sal_inverted")}
    assert accuracy["bp"] >= 84.0
    assert accuracy["fa"] <= accuracy["bp"] - 4.0
    assert accuracy["sal_inverted"] <= accuracy["fa"] - 2.0
    assert metrics["sal_gap_closed_percent"] >= 60.0
    assert metrics["sal_gap_closed_smallest_percent"] >= 50.0
    angles = {name: [metrics[f"{name}_gradient_angle_{layer}"] for layer in range(1, 7)] for name in ("fa", "sal")}
    assert max(angles["sal"]) < 45.0
    assert min(angles["fa"]) > 70.0
    assert result.health.verdict == "ok"


@pytest.mark.slow
def test_figure_8_with_convolutions():
    """Two seeds; between convolutions feedback is fixed, so that the best is backpropagation with fixed ones below.

    Accuracy differs by 0.2 to 2.5 points per seed, which 500 validation images do not resolve; the loss on training
    images does. An independent implementation found SAL to close 84 % of the gap in accuracy with 16 chains.
    """
    only = methods("{rule: fixed_convolutions}", FA, SAL)
    recipe = api.load_recipe(RECIPE, presets=("conv16",), overrides=[only, "experiment.runs=2"])
    result = api.run(recipe, threads=2).result
    metrics = result.metrics
    best, fixed, aligned = (metrics[f"{name}_training_loss"] for name in ("bp_w_fa", "fa", "sal"))
    assert best < fixed
    assert (fixed - aligned) / (fixed - best) >= 0.5
    assert metrics["sal_gradient_angle_2"] < 50.0
    assert metrics["fa_gradient_angle_2"] > 70.0
    assert result.health.verdict == "ok"

"""Recipes of deep classifiers are checked without PyTorch, and a run without it says how to get it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import DeviceError, InputError
from sal_hw.workflow import api
from sal_hw.workflow.prepare import prepare
from sal_hw.workflow.request import RunRequest
from sal_hw_deep.images import batch_bounds, plan_epoch, read_images, split_images
from sal_hw_deep.schema import ClassifierData, ClassifierNetwork, TrainClassifierProtocol
from sal_hw_deep.work import multiplications

RECIPE = Path(__file__).parents[3] / "recipes" / "paper" / "fig8_deep.yaml"
PUBLISHED = ("published-fashion-mnist", "published-mnist", "published-cifar10", "published-svhn")


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr("sal_hw_deep.library.find_spec", lambda name: None)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_without_pytorch_names_the_extra(no_torch, dry_run):
    recipe = api.load_recipe(RECIPE)
    with pytest.raises(DeviceError) as caught:
        prepare(recipe, RunRequest()) if dry_run else api.run(recipe)
    assert recipe.check() == ()
    assert (caught.value.code, caught.value.hint) == ("E820", "pip install 'sal-hw[deep]'")


def test_nothing_but_a_run_imports_pytorch():
    """Recipes, targets and the reference are written where PyTorch cannot be imported."""
    program = f"""
import sys
sys.modules["torch"] = None
from sal_hw.cli.main import main
for words in (["check", {str(RECIPE)!r}], ["targets"], ["plot", "--list"]):
    try:
        main(words)
    except SystemExit as error:
        assert not error.code, (words, error.code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("preset", ["three-seeds", "inverted", "conv16", *PUBLISHED])
def test_presets(preset):
    protocol = api.load_recipe(RECIPE, presets=(preset,)).file.protocol
    assert isinstance(protocol, TrainClassifierProtocol)
    assert not list(protocol.conflicts())


@pytest.mark.parametrize("preset", PUBLISHED)
def test_the_published_set_up(preset):
    """Source: the public code that goes with arXiv 2503.02642."""
    protocol = api.load_recipe(RECIPE, presets=(preset,)).file.protocol
    alignment = protocol.alignment
    assert [alignment.rounds_before(epoch) for epoch in range(3)] == [5, 5, 5]
    assert 100 * 5 * alignment.steps_per_round == 10**6
    assert (protocol.epochs, protocol.batch, protocol.softmax, alignment.chains) == (100, 128, "twice", 32)
    assert (protocol.learning_rate, protocol.learning_rate_end, protocol.momentum) == (0.01, None, 0.9)


@pytest.mark.parametrize(
    ("override", "code", "field"),
    [
        ("experiment.methods=[]", "E214", "experiment.methods"),
        ("experiment.methods=[{rule: sal}, {rule: sal}]", "E217", "experiment.methods[1].name"),
        ("experiment.methods=[{rule: weight_mirror}]", "E204", "experiment.methods[0].rule"),
        ("experiment.batch=1", "E214", "experiment.batch"),
        ("experiment.epochs=0", "E214", "experiment.epochs"),
        ("experiment.network.hidden=[0]", "E214", "experiment.network.hidden[0]"),
        (
            "experiment.network.hidden=[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]",
            "E214",
            "experiment.network.hidden",
        ),
        ("experiment.network.hidden=[20000, 20000]", "E214", "experiment.network.hidden[1]"),
        ("experiment.network.convolutions=[4, 4, 4]", "E214", "experiment.network.convolutions"),
        ("experiment.data.folder=images", "E214", "experiment.data.folder"),
        ("experiment.data.name=imagenette", "E204", "experiment.data.name"),
        ("experiment.alignment.learning_rate=-0.02", "E214", "experiment.alignment.learning_rate"),
        ("experiment.device=tpu", "E204", "experiment.device"),
    ],
)
def test_mistakes_are_found(override, code, field):
    with pytest.raises(InputError) as caught:
        api.load_recipe(RECIPE, overrides=(override,))
    assert (code, field) in [(problem.code, problem.field) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("data", "field", "hint"),
    [
        (ClassifierData(validation_images=5000), "validation_images", "at most 4999"),
        (ClassifierData(training_images=4600), "training_images", "at most 4500"),
        (ClassifierData(training_images=4600, validation_images=6000), "training_images", "lower validation_images"),
    ],
)
def test_more_images_than_there_are(data, field, hint):
    with pytest.raises(InputError) as caught:
        read_images(data, None)
    assert (caught.value.code, caught.value.field) == ("E214", f"experiment.data.{field}")
    assert caught.value.hint == hint


def test_a_set_that_is_missing_is_found_ahead(monkeypatch):
    monkeypatch.delenv("SAL_HW_DATA", raising=False)
    recipe = api.load_recipe(RECIPE, presets=("published-svhn",))
    (problem,) = recipe.check()
    assert (problem.code, problem.field) == ("E421", "experiment.data.name")
    assert "SAL_HW_DATA" in problem.render()


def test_images_are_split_without_overlap():
    data = ClassifierData(training_images=3000, validation_images=700)
    images = read_images(data, None)
    split = split_images(images, data, seed=5)
    assert (len(split.training), len(split.validation), len(split.test)) == (3000, 700, 1000)
    kept = {image.tobytes() for image in split.training} & {image.tobytes() for image in split.validation}
    assert kept <= {image.tobytes() for image in images.training if _count(images.training, image) > 1}
    other = split_images(images, data, seed=6)
    assert not np.array_equal(split.validation, other.validation)


def _count(images, image):
    return int((images == image).all(axis=(1, 2, 3)).sum())


@pytest.mark.parametrize(
    ("images", "batch", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (1, 4, [1]), (5, 4, [5]), (3, 1, [1, 2])],
)
def test_no_batch_of_one_is_left(images, batch, sizes):
    bounds = batch_bounds(images, batch)
    assert [end - begin for begin, end in bounds] == sizes
    assert [begin for begin, _ in bounds] == [0, *(end for _, end in bounds[:-1])]


def test_orders_and_changes_of_an_epoch():
    data = ClassifierData(augmentation="crop_and_flip")
    plan, again, other = (plan_epoch(data, 4000, 1, epoch) for epoch in (0, 0, 1))
    assert sorted(plan.order.tolist()) == list(range(4000))
    np.testing.assert_array_equal(plan.order, again.order)
    assert not np.array_equal(plan.order, other.order)
    # half of them within five standard deviations, and each of the nine shifts is there
    assert abs(plan.mirrored.mean() - 0.5) < 5.0 * 0.5 / np.sqrt(4000)
    assert np.unique(plan.shifts).tolist() == list(range(9))
    flipped = plan_epoch(ClassifierData(augmentation="flip"), 4000, 1, 0)
    assert flipped.shifts is None
    assert plan_epoch(ClassifierData(), 4000, 1, 0).mirrored is None


def test_multiplications_of_the_published_network():
    """24 x 24 pixels of 25 weights each, then 8 x 8 of 64 x 25, then three layers."""
    network = ClassifierNetwork(convolutions=(64, 64), hidden=(384, 192))
    expected = 576 * 25 * 64 + 64 * 1600 * 64 + 1024 * 384 + 384 * 192 + 192 * 10
    assert multiplications(TrainClassifierProtocol(network=network)) == expected

"""What is learned: which images, in which order, changed how. All methods of a run see the same."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw_deep.data.idx import Bytes
from sal_hw_deep.data.load import Images, load_images
from sal_hw_deep.schema import ClassifierData

#: pixels by which cropped images are shifted at most
SHIFT = 4
_SPLIT_STREAM, _ORDER_STREAM, _CHANGE_STREAM = 0, 2, 3

Whole = NDArray[np.int64]


class Split(NamedTuple):
    """Images and labels to learn from, to choose by, and to judge by once."""

    training: Bytes
    training_labels: Bytes
    validation: Bytes
    validation_labels: Bytes
    test: Bytes
    test_labels: Bytes


class EpochPlan(NamedTuple):
    """What happens in one pass through the training images.

    Attributes
    ----------
    order
        Shape (n,): indices of images.
    mirrored
        Shape (n,): which of them, in that order, are mirrored; None if none is.
    shifts
        Shape (n, 2): where the crop begins in the padded image, in rows and columns; None if nothing is cropped.
    """

    order: Whole
    mirrored: NDArray[np.bool_] | None
    shifts: Whole | None


def read_images(data: ClassifierData, folder: Path | None) -> Images:
    """Return the set of images of a recipe.

    Raises
    ------
    InputError
        E421 .. E427 if it cannot be read; E214 if it has fewer images than are asked for.
    """
    images = load_images(data.name, data.folder, folder)
    there = len(images.training)
    wanted = data.validation_images + (data.training_images or 1)
    if wanted > there:
        field = "validation_images" if data.training_images is None else "training_images"
        value = data.validation_images if data.training_images is None else data.training_images
        most = there - (1 if data.training_images is None else data.validation_images)
        raise InputError(
            Problem(
                code="E214",
                field=f"experiment.data.{field}",
                value=quote_value(value),
                allowed=f"{data.name} has {there} training images, of which some learn and some validate",
                hint=f"at most {most}" if most > 0 else "lower validation_images",
            )
        )
    return images


def split_images(images: Images, data: ClassifierData, seed: int) -> Split:
    """Set validation images aside, and leave as many training images as are asked for."""
    order = _stream(seed, _SPLIT_STREAM).permutation(len(images.training))
    aside, others = order[: data.validation_images], order[data.validation_images :]
    chosen = others[: data.training_images]
    return Split(
        images.training[chosen],
        images.training_labels[chosen],
        images.training[aside],
        images.training_labels[aside],
        images.test,
        images.test_labels,
    )


def plan_epoch(data: ClassifierData, images: int, seed: int, epoch: int) -> EpochPlan:
    """Draw order and changes of the images of an epoch."""
    order = _stream(seed, _ORDER_STREAM, epoch).permutation(images)
    if data.augmentation == "none":
        return EpochPlan(order, None, None)
    rng = _stream(seed, _CHANGE_STREAM, epoch)
    mirrored = rng.random(images) < 0.5
    shifts = rng.integers(0, 2 * SHIFT + 1, (images, 2)) if data.augmentation == "crop_and_flip" else None
    return EpochPlan(order, mirrored, shifts)


def batch_bounds(images: int, batch: int) -> list[tuple[int, int]]:
    """Return where each batch begins and ends; a last one of a single image joins the one before."""
    bounds = [(begin, min(images, begin + batch)) for begin in range(0, images, batch)]
    if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
        bounds[-2:] = [(bounds[-2][0], images)]
    return bounds


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

"""Initial weights of a network, drawn without PyTorch: all methods of a run begin with the same ones."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_deep.data.kinds import CLASSES, Example
from sal_hw_deep.schema import KERNEL, ClassifierNetwork, side_after


class InitialLayer(NamedTuple):
    """One layer: weights and feedback weights, [out, in] or [out, in, rows, columns]; no bias in convolutions."""

    weight: NDArray[np.float64]
    feedback: NDArray[np.float64]
    bias: NDArray[np.float64] | None


def draw_layers(network: ClassifierNetwork, example: Example, rng: np.random.Generator) -> list[InitialLayer]:
    """Draw all layers from the image to the classes."""
    layers = []
    channels = example.channels
    for width in network.convolutions:
        layers.append(_draw(network, (width, channels, KERNEL, KERNEL), rng, with_bias=False))
        channels = width
    below = channels * side_after(example.side, len(network.convolutions)) ** 2
    for width in (*network.hidden, CLASSES):
        layers.append(_draw(network, (width, below), rng, with_bias=True))
        below = width
    return layers


def _draw(
    network: ClassifierNetwork, shape: tuple[int, ...], rng: np.random.Generator, *, with_bias: bool
) -> InitialLayer:
    inputs = math.prod(shape[1:])
    spread = math.sqrt(6.0 / inputs) if network.initialization == "he" else 1.0 / math.sqrt(inputs)
    weight, feedback = (rng.uniform(-spread, spread, shape) for _ in range(2))
    bias = rng.uniform(-1.0, 1.0, shape[0]) / math.sqrt(inputs) if with_bias else None
    return InitialLayer(weight, feedback, bias)

"""How well errors are carried down: angles of feedback weights, and of the updates that they lead to."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sal_hw.experiment.metrics import alignment_angle
from sal_hw_deep.feedback import exact_transport
from sal_hw_deep.networks import Classifier, frozen_statistics
from sal_hw_deep.training import loss_of

Floats = NDArray[np.float64]


def feedback_angles(network: Classifier) -> Floats:
    """Return the angle between forward and effective feedback weights of all layers but the first, in degrees.

    The first has nothing below it that errors could be carried to.
    """
    return np.array([_angle(layer.weight, layer.effective_feedback()) for layer in network.layers[1:]])


def gradient_angles(network: Classifier, images: Tensor, labels: Tensor, softmax: str) -> Floats:
    """Return the angle between the update that a method delivers and that of backpropagation, in degrees.

    Of the weights of all layers but the last, whose update is the same. The network stays as it is.
    """
    hidden = [layer.weight for layer in network.layers[:-1]]
    if not hidden:
        return np.zeros(0)
    network.train()
    with frozen_statistics(network):
        delivered = torch.autograd.grad(loss_of(network(images), labels, softmax), hidden)
        with exact_transport(network):
            true = torch.autograd.grad(loss_of(network(images), labels, softmax), hidden)
    return np.array([_angle(one, other) for one, other in zip(delivered, true, strict=True)])


def _angle(one: Tensor, other: Tensor) -> float:
    """Return an angle in degrees; 90 if one of the two is zero, which tells nothing of the other."""
    angle = alignment_angle(*(values.detach().cpu().numpy() for values in (one, other)))
    return angle if math.isfinite(angle) else 90.0

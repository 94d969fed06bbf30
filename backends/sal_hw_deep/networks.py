"""Networks from their description: convolutions, hidden layers, classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sal_hw_deep.feedback import ConvolutionLayer, LinearLayer, TransportingLayer
from sal_hw_deep.initial import InitialLayer
from sal_hw_deep.methods import TRANSPORTS, Rule
from sal_hw_deep.schema import POOL, ClassifierNetwork


class Classifier(nn.Module):
    """A network that returns one number per class.

    Attributes
    ----------
    layers
        Those with weights, from the image to the classes.
    """

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.Sequential(*parts)
        self.layers = [part for part in parts if isinstance(part, TransportingLayer)]

    def forward(self, images: Tensor) -> Tensor:
        """Return one number per image and class, before the softmax."""
        return self.parts(images)


def make_classifier(
    network: ClassifierNetwork, initial: Sequence[InitialLayer], rule: Rule, dtype: torch.dtype = torch.float32
) -> Classifier:
    """Build a network from its initial weights; the rule sets the mode of each layer."""
    transport = TRANSPORTS[rule]
    parts: list[nn.Module] = []
    for index, layer in enumerate(initial):
        weight, feedback = (torch.as_tensor(array, dtype=dtype) for array in (layer.weight, layer.feedback))
        if layer.bias is None:
            parts.append(ConvolutionLayer(weight, feedback, transport.convolutional))
            parts += _behind(network, nn.BatchNorm2d, len(weight), dtype)
            parts.append(nn.MaxPool2d(POOL))
            continue
        if index == len(network.convolutions):
            parts.append(nn.Flatten())
        bias = torch.as_tensor(layer.bias, dtype=dtype)
        parts.append(LinearLayer(weight, feedback, transport.fully_connected, bias))
        if index + 1 < len(initial):
            parts += _behind(network, nn.BatchNorm1d, len(weight), dtype)
    return Classifier(parts)


def _behind(network: ClassifierNetwork, norm: type[nn.Module], width: int, dtype: torch.dtype) -> list[nn.Module]:
    """Return what follows a layer that is not the last: activation, then batch normalisation."""
    activation: nn.Module = nn.ReLU() if network.activation == "relu" else nn.Tanh()
    return [activation, norm(width, dtype=dtype)] if network.batch_norm else [activation]


def aligned_layers(network: Classifier) -> list[LinearLayer]:
    """Return the fully connected layers that spiking neurons align: those whose feedback carries errors to a layer."""
    return [layer for layer in network.layers[1:] if isinstance(layer, LinearLayer) and layer.mode == "aligned"]


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Let batch normalisation use the batch and leave its running means as they are."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d)]
    before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, tracked) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(tracked)

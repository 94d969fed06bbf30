"""Layers that hand errors down through a matrix of their own choice; all else is as usual.

Feedback weights have the shape of the forward weights, ``[out, in]``, so that ``delta @ feedback`` is what reaches the
layer below.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import assert_never

from sal_hw_deep.methods import Mode


class LinearTransport(torch.autograd.Function):
    """``inputs @ weight.T + bias``, whose error goes down through ``feedback``; that gets the update of ``weight``."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, feedback: Tensor) -> Tensor:
        """Return the sums over the inputs."""
        ctx.save_for_backward(inputs, feedback)
        return functional.linear(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> tuple[Tensor | None, ...]:
        """Return errors of the inputs, and the updates."""
        inputs, feedback = ctx.saved_tensors
        below = delta @ feedback if ctx.needs_input_grad[0] else None
        update = delta.T @ inputs
        return below, update, delta.sum(0), update if ctx.needs_input_grad[3] else None


class ConvolutionTransport(torch.autograd.Function):
    """A convolution of stride 1 without padding and bias, whose error goes down through ``feedback``."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, feedback: Tensor) -> Tensor:
        """Return the sums over the inputs."""
        ctx.save_for_backward(inputs, feedback)
        return functional.conv2d(inputs, weight)

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> tuple[Tensor | None, ...]:
        """Return errors of the inputs, and the updates."""
        inputs, feedback = ctx.saved_tensors
        # the update does not depend on the weights that it is asked with, the error does
        wanted = [ctx.needs_input_grad[0], True, False]
        below, update, _ = torch.ops.aten.convolution_backward(
            delta, inputs, feedback, None, (1, 1), (0, 0), (1, 1), False, (0, 0), 1, wanted
        )
        return below, update, update if ctx.needs_input_grad[2] else None


class TransportingLayer(nn.Module):
    """A layer with forward and feedback weights of the same shape.

    Parameters
    ----------
    weight, feedback
        Initial weights, [out, in] or [out, in, rows, columns].
    mode
        What carries errors down.
    """

    def __init__(self, weight: Tensor, feedback: Tensor, mode: Mode) -> None:
        super().__init__()
        self.mode, self.exact = mode, False
        self.weight = nn.Parameter(weight.clone())
        if mode == "same_updates":
            self.feedback = nn.Parameter(feedback.clone())
        else:
            self.register_buffer("feedback", feedback.clone())

    def effective_feedback(self) -> Tensor:
        """Return the matrix that carries errors down."""
        if self.exact:
            return self.weight.detach()
        match self.mode:
            case "weights":
                return self.weight.detach()
            case "signs":
                return self.feedback.abs() * self.weight.detach().sign()
            case "same_updates" | "fixed" | "aligned":
                return self.feedback
            case _:
                assert_never(self.mode)


class LinearLayer(TransportingLayer):
    """A fully connected layer."""

    def __init__(self, weight: Tensor, feedback: Tensor, mode: Mode, bias: Tensor) -> None:
        super().__init__(weight, feedback, mode)
        self.bias = nn.Parameter(bias.clone())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sums over the inputs."""
        return LinearTransport.apply(inputs, self.weight, self.bias, self.effective_feedback())


class ConvolutionLayer(TransportingLayer):
    """A convolutional layer without bias."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sums over the inputs."""
        return ConvolutionTransport.apply(inputs, self.weight, self.effective_feedback())


@contextmanager
def exact_transport(network: nn.Module) -> Iterator[None]:
    """Let all layers hand errors down through their forward weights, as backpropagation does."""
    layers = [module for module in network.modules() if isinstance(module, TransportingLayer)]
    for layer in layers:
        layer.exact = True
    try:
        yield
    finally:
        for layer in layers:
            layer.exact = False

"""Stochastic gradient descent on one network, batch by batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sal_hw.experiment.base import Arrays
from sal_hw_deep.data.idx import Bytes
from sal_hw_deep.data.kinds import KINDS
from sal_hw_deep.images import SHIFT, EpochPlan
from sal_hw_deep.networks import Classifier
from sal_hw_deep.schema import ClassifierMethod, TrainClassifierProtocol

#: images that are judged at once
_JUDGED = 1000


def falling(begin: float, end: float | None, epoch: int, epochs: int) -> float:
    """Return a rate in an epoch, counted from 0: along a cosine from the first towards the last value."""
    if end is None:
        return begin
    return end + 0.5 * (begin - end) * (1.0 + math.cos(math.pi * epoch / epochs))


def loss_of(outputs: Tensor, labels: Tensor, softmax: str) -> Tensor:
    """Return the mean cross-entropy."""
    return functional.cross_entropy(outputs.softmax(dim=1) if softmax == "twice" else outputs, labels)


class Pixels:
    """Images on their way into a network: bytes to normalised numbers.

    Parameters
    ----------
    protocol
        Says how they are normalised, and on which device they are.
    """

    def __init__(self, protocol: TrainClassifierProtocol) -> None:
        kind = KINDS[protocol.data.name]
        self.device = torch.device(protocol.device)
        self._mean, self._deviation = (
            torch.tensor(values, dtype=torch.float32, device=self.device).view(1, -1, 1, 1)
            for values in (kind.means, kind.deviations)
        )

    def on_device(self, values: Bytes) -> Tensor:
        """Return images or labels as they are, on the device."""
        return torch.from_numpy(np.array(values)).to(self.device)

    def normalised(self, images: Tensor) -> Tensor:
        """Return images as a network takes them."""
        return (images.to(torch.float32) / 255.0 - self._mean) / self._deviation

    def changed(self, images: Tensor, plan: EpochPlan, begin: int, end: int) -> Tensor:
        """Return images of a batch, mirrored and cropped as planned."""
        if plan.mirrored is not None:
            mirrored = torch.from_numpy(plan.mirrored[begin:end]).to(self.device)
            images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
        if plan.shifts is not None:
            images = self._cropped(images, torch.from_numpy(plan.shifts[begin:end]).to(self.device))
        return images

    def _cropped(self, images: Tensor, shifts: Tensor) -> Tensor:
        side = torch.arange(images.shape[-1], device=self.device)
        padded = functional.pad(images, (SHIFT,) * 4)
        rows, columns = (shifts[:, axis, None] + side for axis in (0, 1))
        which = torch.arange(len(images), device=self.device)[:, None, None]
        return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


class Trainer:
    """Trains a network.

    Parameters
    ----------
    network
        What learns, in place.
    protocol, method
        How.
    """

    def __init__(self, network: Classifier, protocol: TrainClassifierProtocol, method: ClassifierMethod) -> None:
        self.network, self._protocol = network, protocol
        self._optimizer = torch.optim.SGD(
            network.parameters(),
            lr=protocol.learning_rate,
            momentum=protocol.momentum,
            weight_decay=method.weight_decay,
        )

    def train(self, epoch: int, batches: Sequence[tuple[Tensor, Tensor]]) -> tuple[float, int]:
        """Learn from batches of images and labels; return the sum of losses over images and how many were right."""
        protocol = self._protocol
        rate = falling(protocol.learning_rate, protocol.learning_rate_end, epoch, protocol.epochs)
        self._optimizer.param_groups[0]["lr"] = rate
        self.network.train()
        total, right = 0.0, 0
        for images, labels in batches:
            outputs = self.network(images)
            loss = loss_of(outputs, labels, protocol.softmax)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self._optimizer.step()
            total += float(loss.detach()) * len(labels)
            right += int((outputs.detach().argmax(dim=1) == labels).sum())
        return total, right

    def is_finite(self) -> bool:
        """Return whether all weights are numbers."""
        return all(bool(values.isfinite().all()) for values in self.network.state_dict().values())

    def accuracy_percent(self, images: Tensor, labels: Tensor, pixels: Pixels) -> float:
        """Return how many images are classified rightly."""
        self.network.eval()
        right = 0
        with torch.no_grad():
            for begin in range(0, len(labels), _JUDGED):
                outputs = self.network(pixels.normalised(images[begin : begin + _JUDGED]))
                right += int((outputs.argmax(dim=1) == labels[begin : begin + _JUDGED]).sum())
        return 100.0 * right / len(labels)

    def checkpoint(self) -> Arrays:
        """Return weights, statistics and momenta as arrays."""
        arrays = {f"network.{name}": _array(values) for name, values in self.network.state_dict().items()}
        for index, state in self._optimizer.state_dict()["state"].items():
            if state.get("momentum_buffer") is not None:
                arrays[f"momentum.{index}"] = _array(state["momentum_buffer"])
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        network = {key.removeprefix("network."): _tensor(arrays[key]) for key in arrays if key.startswith("network.")}
        self.network.load_state_dict(network)
        momenta = {int(key.split(".")[1]): arrays[key] for key in arrays if key.startswith("momentum.")}
        state = {index: {"momentum_buffer": _tensor(values)} for index, values in momenta.items()}
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"state": state})


def _array(values: Tensor) -> NDArray[Any]:
    return values.detach().cpu().numpy().copy()


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(values))

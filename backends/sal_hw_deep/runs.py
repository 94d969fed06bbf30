"""One method from one seed: its network, its spiking stack, and what is recorded of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Recording
from sal_hw.results.result import Trace
from sal_hw_deep.alignment import Alignment
from sal_hw_deep.data.kinds import KINDS
from sal_hw_deep.images import Split, batch_bounds, plan_epoch
from sal_hw_deep.initial import draw_layers
from sal_hw_deep.measures import feedback_angles, gradient_angles
from sal_hw_deep.networks import aligned_layers, make_classifier
from sal_hw_deep.schema import ClassifierMethod, TrainClassifierProtocol
from sal_hw_deep.training import Pixels, Trainer

_WEIGHT_STREAM = 1
#: training images by which updates are compared
_COMPARED = 1000
#: weights and biases beyond this are lost, though they are numbers yet
_LARGEST = 1e6


class MethodRun:
    """Trains one network.

    Parameters
    ----------
    protocol, method
        What the user wants.
    split
        The images of this repetition.
    seed
        Of this repetition; all its methods begin with the same weights and see the same images.
    threads
        Chains of its spiking stack that may run at the same time.

    Attributes
    ----------
    lost_epoch
        The epoch in which weights grew beyond all numbers, counted from 1; None if there is none. What was recorded
        ends before it.
    """

    def __init__(
        self, protocol: TrainClassifierProtocol, method: ClassifierMethod, split: Split, *, seed: int, threads: int
    ) -> None:
        self.lost_epoch: int | None = None
        self._protocol, self._seed = protocol, seed
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_WEIGHT_STREAM,)))
        initial = draw_layers(protocol.network, KINDS[protocol.data.name].example, rng)
        self._pixels = Pixels(protocol)
        network = make_classifier(protocol.network, initial, method.rule).to(self._pixels.device)
        self._trainer = Trainer(network, protocol, method)
        self._images = {name: self._pixels.on_device(values) for name, values in split._asdict().items()}
        self._images |= {name: values.long() for name, values in self._images.items() if name.endswith("_labels")}
        options = protocol.alignment
        has_stack = aligned_layers(network) and (options.rounds or options.rounds_before(0))
        self._alignment = Alignment(network, protocol, method, seed=seed, threads=threads) if has_stack else None
        self._bounds = batch_bounds(len(split.training), protocol.batch)
        self._loss, self._right = 0.0, 0
        self._recording = Recording(axis="epoch")
        self._record(0)

    @property
    def aligns(self) -> bool:
        """Whether spiking neurons align its feedback weights."""
        return self._alignment is not None

    def align(self, epoch: int, index: int) -> None:
        """Run one of the rounds before an epoch, both counted from 0."""
        if self._alignment is None or self.lost_epoch is not None:
            return
        rounds = self._protocol.alignment.rounds_before(epoch)
        if index == 0:
            self._alignment.begin(epoch)
        self._alignment.round()
        if index + 1 == rounds:
            self._recording.add("spiking_rate", epoch, self._alignment.end(rounds))

    def train(self, epoch: int, first: int, last: int) -> None:
        """Learn from the batches from the first to before the last of an epoch, counted from 0."""
        if self.lost_epoch is not None:
            return
        if first == 0:
            self._loss, self._right = 0.0, 0
        before = self._trainer.checkpoint()
        loss, right = self._trainer.train(epoch, self._batches(epoch, first, last))
        if not self._is_sound(loss):
            # numbers that are none belong into no file
            self._trainer.restore(before)
            self.lost_epoch = epoch + 1
            return
        self._loss, self._right = self._loss + loss, self._right + right
        if last == len(self._bounds):
            self._record(epoch + 1)

    def _batches(self, epoch: int, first: int, last: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        images, labels = self._images["training"], self._images["training_labels"]
        plan = plan_epoch(self._protocol.data, len(labels), self._seed, epoch)
        order = torch.from_numpy(plan.order).to(self._pixels.device)
        batches = []
        for begin, end in self._bounds[first:last]:
            chosen = order[begin:end]
            changed = self._pixels.changed(images[chosen], plan, begin, end)
            batches.append((self._pixels.normalised(changed), labels[chosen]))
        return batches

    def _is_sound(self, loss: float) -> bool:
        weights = self._trainer.network.parameters()
        largest = max(float(values.detach().abs().max()) for values in weights)
        return np.isfinite(loss) and self._trainer.is_finite() and largest < _LARGEST

    def _record(self, epoch: int) -> None:
        network, images = self._trainer.network, self._images
        add = self._recording.add
        if epoch:
            seen = len(images["training_labels"])
            add("training_loss", epoch, self._loss / seen)
            add("training_accuracy", epoch, 100.0 * self._right / seen)
        add("validation_accuracy", epoch, self._accuracy("validation"))
        if network.layers[1:]:
            some = self._pixels.normalised(images["training"][:_COMPARED])
            labels = images["training_labels"][:_COMPARED]
            add("feedback_angle", epoch, feedback_angles(network))
            add("gradient_angle", epoch, gradient_angles(network, some, labels, self._protocol.softmax))

    def _accuracy(self, part: str) -> float:
        return self._trainer.accuracy_percent(self._images[part], self._images[f"{part}_labels"], self._pixels)

    def test_accuracy_percent(self) -> float:
        """Look at the test images."""
        return self._accuracy("test")

    def traces(self) -> dict[str, Trace]:
        """Return what was recorded, by quantity."""
        return self._recording.traces()

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""
        arrays = self._trainer.checkpoint() | self._recording.checkpoint()
        arrays |= {"loss": np.array(self._loss), "right": np.array(self._right)}
        arrays["lost_epoch"] = np.array(self.lost_epoch or 0)
        if self._alignment is not None:
            arrays |= {f"alignment.{name}": values for name, values in self._alignment.checkpoint().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]], epoch: int) -> None:
        """Go on from a checkpoint, in an epoch counted from 0."""
        self._trainer.restore(arrays)
        self._recording.restore(arrays)
        self._loss, self._right = float(arrays["loss"]), int(arrays["right"])
        self.lost_epoch = int(arrays["lost_epoch"]) or None
        if self._alignment is not None:
            prefix = "alignment."
            kept = {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}
            self._alignment.restore(kept, epoch)

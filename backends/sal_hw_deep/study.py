"""The ``train_classifier`` study: networks of several methods, epoch by epoch, see :mod:`sal_hw_deep.schema`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Outcome
from sal_hw.results.result import Finding
from sal_hw_deep.images import batch_bounds, read_images, split_images
from sal_hw_deep.library import one_thread_per_operation, require_device, require_torch
from sal_hw_deep.outcome import MethodRecord, classifier_findings, classifier_outcome
from sal_hw_deep.schema import TrainClassifierProtocol
from sal_hw_deep.work import batches_per_step

if TYPE_CHECKING:
    from sal_hw_deep.runs import MethodRun


class _Part(NamedTuple):
    """What a step does: a round before an epoch (``last`` is None), or some batches of it."""

    epoch: int
    first: int
    last: int | None


class TrainClassifierStudy:
    """Trains one network per method and repetition, as many at the same time as there are threads.

    Traces end in method and repetition, as in ``validation_accuracy.fa.run_1``, over epochs: ``validation_accuracy``,
    ``training_accuracy`` (percent), ``training_loss``; ``feedback_angle`` and ``gradient_angle`` (degrees), shape
    (epochs + 1, layers - 1): the effective feedback of all layers but the first, and the updates of all but the last,
    against those of backpropagation; ``spiking_rate``, spikes per refractory time of the layers of the spiking stack.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Of the first repetition.
    threads
        Networks that may be trained, and chains that may run, at the same time.
    folder
        The recipe's folder, below which ``data.folder`` lies.
    """

    def __init__(self, protocol: TrainClassifierProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        self.require_software(protocol)
        from sal_hw_deep.runs import MethodRun

        self._protocol, self._threads = protocol, max(1, threads)
        images = read_images(protocol.data, folder)
        self._missing = 10 - len(np.unique(images.training_labels))
        self._runs: dict[tuple[str, int], MethodRun] = {}
        with one_thread_per_operation():
            for repetition in range(protocol.runs):
                own = seed + repetition
                split = split_images(images, protocol.data, own)
                for method in protocol.methods:
                    run = MethodRun(protocol, method, split, seed=own, threads=self._threads)
                    self._runs[method.shown, repetition] = run
        self._aligning = [run for run in self._runs.values() if run.aligns]
        self._plan = _plan(protocol, len(split.training), aligns=bool(self._aligning))
        self.done, self.total = 0, len(self._plan)

    @staticmethod
    def require_software(protocol: TrainClassifierProtocol) -> None:
        """Look for PyTorch, and for the device."""
        require_torch()
        require_device(protocol.device)

    @staticmethod
    def check_ahead(protocol: TrainClassifierProtocol, *, seed: int, folder: Path | None) -> None:
        """Read the images; PyTorch is not needed for that."""
        del seed
        read_images(protocol.data, folder)

    def step(self) -> None:
        """Run a round of all spiking stacks, or train all networks for some batches."""
        epoch, first, last = self._plan[self.done]
        with one_thread_per_operation():
            if last is None:
                # each of them uses all threads
                for run in self._aligning:
                    run.align(epoch, first)
            else:
                self._for_all(lambda run: run.train(epoch, first, last))
        self.done += 1

    def _for_all(self, work: Callable[[MethodRun], None]) -> None:
        runs = list(self._runs.values())
        if self._threads == 1:
            for run in runs:
                work(run)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, runs))

    def outcome(self) -> Outcome:
        """Return accuracies, angles and rates; the test images are looked at here, for the only time."""
        with one_thread_per_operation():
            return classifier_outcome(self._protocol, self._records(tests=True))

    def findings(self) -> Sequence[Finding]:
        """Return what went wrong in networks and spiking stacks."""
        return classifier_findings(self._protocol, self._records(tests=False), missing_classes=self._missing)

    def _records(self, *, tests: bool) -> list[MethodRecord]:
        return [
            MethodRecord(
                method=method,
                repetition=repetition,
                traces=run.traces(),
                lost_epoch=run.lost_epoch,
                test_accuracy=run.test_accuracy_percent() if tests and run.lost_epoch is None else None,
            )
            for (method, repetition), run in self._runs.items()
        ]

    def checkpoint(self) -> Arrays:
        """Return everything that is needed to go on."""
        arrays: Arrays = {"done": np.array(self.done)}
        for index, run in enumerate(self._runs.values()):
            arrays |= {f"run.{index}.{name}": values for name, values in run.checkpoint().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self.done = int(arrays["done"])
        epoch = self._plan[min(self.done, self.total - 1)].epoch
        kept: dict[int, dict[str, NDArray[Any]]] = {}
        for key, values in arrays.items():
            if key.startswith("run."):
                _, number, name = key.split(".", 2)
                kept.setdefault(int(number), {})[name] = values
        for index, run in enumerate(self._runs.values()):
            run.restore(kept[index], epoch)


def _plan(protocol: TrainClassifierProtocol, images: int, *, aligns: bool) -> list[_Part]:
    """Return the steps of all epochs."""
    batches = len(batch_bounds(images, protocol.batch))
    few = batches_per_step(protocol)
    plan = []
    for epoch in range(protocol.epochs):
        if aligns:
            plan += [_Part(epoch, index, None) for index in range(protocol.alignment.rounds_before(epoch))]
        plan += [_Part(epoch, first, min(batches, first + few)) for first in range(0, batches, few)]
    return plan

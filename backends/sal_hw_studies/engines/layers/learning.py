"""Feedback weights that learn from the pair sums of a batch of independent chains, update by update."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats
from sal_hw_studies.engines.layers.model import LayerModel
from sal_hw_studies.engines.layers.potentials import stack_of
from sal_hw_studies.engines.layers.simulate import ChainResult, simulate
from sal_hw_studies.engines.layers.state import ChainState


class LayerLearning:
    """Spike-based alignment learning in a stack of layers.

    All chains run with the same weights. After `steps_per_update` steps of each, the feedback weights change by
    ``learning_rate * mean over chains of D / window length``, with D from :class:`ChainResult`; the division by the
    window's length, not by the duration, is that of the layered networks of arXiv 2503.02642.

    Parameters
    ----------
    model
        The stack with its initial weights.
    learning_rate
        Weight per unit of D / window length.
    steps_per_update
        Steps of each chain between two updates.
    entropies
        Seed of each chain.
    threads
        Chains that may run at the same time; sums are taken in the order of the chains, so it changes nothing.
    """

    def __init__(
        self,
        model: LayerModel,
        *,
        learning_rate: float,
        steps_per_update: int,
        entropies: Sequence[int | np.random.SeedSequence],
        threads: int = 1,
    ) -> None:
        self.model = model
        self.updates = 0
        self.spike_counts = np.zeros(sum(model.sizes), np.int64)
        self._rate, self._steps, self._threads = learning_rate, steps_per_update, max(1, threads)
        self._chains = [ChainState.fresh(sum(model.sizes), entropy) for entropy in entropies]
        self._stack = stack_of(model)
        self._next = 0
        self._sums = [np.zeros(weights.shape) for weights in model.feedback]

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self._chains)

    def advance(self) -> int:
        """Run the next chains, as many as there are threads, and update the weights after the last; return how many."""
        wave = self._chains[self._next : self._next + self._threads]
        if len(wave) == 1:
            results = [self._run(wave[0])]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                results = list(pool.map(self._run, wave))
        for result in results:
            self.spike_counts += result.spike_counts
            for layer, difference in enumerate(result.differences):
                self._sums[layer] += difference
        self._next += len(wave)
        if self._next == self.n_chains:
            self._update()
        return len(wave)

    def _run(self, chain: ChainState) -> ChainResult:
        return simulate(self.model, chain, self._steps, stack=self._stack)

    def _update(self) -> None:
        gain = self._rate / self.model.window.size
        pairs = zip(self.model.feedback, self._sums, strict=True)
        self._use(tuple(weights + gain * (total / self.n_chains) for weights, total in pairs))
        for total in self._sums:
            total[:] = 0.0
        self._next = 0
        self.updates += 1

    def _use(self, feedback: tuple[Floats, ...]) -> None:
        self.model = self.model.with_feedback(feedback)
        self._stack = stack_of(self.model)

    def replace_weights(
        self,
        *,
        forward: tuple[Floats, ...],
        feedback: tuple[Floats, ...],
        biases: tuple[Floats, ...],
        learning_rate: float | None = None,
    ) -> None:
        """Go on with other weights, biases and learning rate; the chains keep their spikes, and their randomness.

        A checkpoint holds feedback weights only: before it is restored, the others are replaced.

        Parameters
        ----------
        forward, feedback, biases
            As in :class:`LayerModel`, for layers of the same sizes.
        learning_rate
            None leaves it as it is.

        Raises
        ------
        ValueError
            Between the chains of an update, which all run with the same weights, or for other sizes.
        """
        if self._next:
            raise ValueError("weights can be replaced after the last chain of an update only")
        model = replace(self.model, forward=forward, feedback=feedback, biases=biases)
        if model.sizes != self.model.sizes:
            raise ValueError(f"the layers have sizes {self.model.sizes}, not {model.sizes}")
        self.model, self._stack = model, stack_of(model)
        self._rate = self._rate if learning_rate is None else learning_rate

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything that changes, as named arrays."""
        arrays: dict[str, NDArray[Any]] = {
            "updates": np.array(self.updates),
            "next": np.array(self._next),
            "spike_counts": self.spike_counts.copy(),
        }
        for layer, (weights, total) in enumerate(zip(self.model.feedback, self._sums, strict=True)):
            arrays |= {f"feedback.{layer}": weights.copy(), f"sums.{layer}": total.copy()}
        for index, chain in enumerate(self._chains):
            arrays |= {f"chain.{index}.{name}": values for name, values in chain.to_arrays().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same stack and chains."""
        layers = range(len(self._sums))
        self.updates, self._next = int(arrays["updates"]), int(arrays["next"])
        self.spike_counts = np.array(arrays["spike_counts"], np.int64)
        self._sums = [np.array(arrays[f"sums.{layer}"], np.float64) for layer in layers]
        for index in range(self.n_chains):
            prefix = f"chain.{index}."
            named = {key.removeprefix(prefix): item for key, item in arrays.items() if key.startswith(prefix)}
            self._chains[index] = ChainState.from_arrays(named)
        self._use(tuple(np.array(arrays[f"feedback.{layer}"], np.float64) for layer in layers))

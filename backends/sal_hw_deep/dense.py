"""The spiking stack by dense products of PyTorch, for a GPU: all chains and all neurons in every step.

Layers are connected to their neighbours only, so that those of even number drive those of odd number and the other way
round: two products per step. What follows from a spike is looked up in rasters of blocks of steps, whose pairs are two
products more. On a GPU a block is captured once as a CUDA graph and repeated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sal_hw_studies.engines.layers import LayerModel

Floats = NDArray[np.float64]

#: steps whose pairs are counted at once: enough for an efficient product, few enough for the draws to fit memory
BLOCK_STEPS = 64
#: age of a neuron that never spiked, in steps; far beyond every PSP and refractory time
_NEVER = 1 << 30


class DenseLearning:
    """Spike-based alignment learning in a stack of layers, as in :class:`sal_hw_studies.engines.layers.LayerLearning`.

    The law is the same, the random numbers are not: they are PyTorch's, in single precision, and differ between a CPU
    and a GPU. Every step costs the same, however few neurons spike; on a CPU the engine is faster.

    Parameters
    ----------
    model
        The stack with its initial weights.
    learning_rate
        Weight per unit of D / window length.
    steps_per_update
        Steps of each chain between two updates.
    chains
        Independent networks with the same weights.
    seed
        Of all draws.
    device
        Where it runs.
    """

    def __init__(
        self,
        model: LayerModel,
        *,
        learning_rate: float,
        steps_per_update: int,
        chains: int,
        seed: np.random.SeedSequence,
        device: torch.device,
    ) -> None:
        self._model, self._device = model, device
        self._rate, self._steps, self.n_chains = learning_rate, steps_per_update, chains
        self.updates = 0
        self._order = _order(model.sizes)
        self._n_even = sum(model.sizes[::2])
        neurons, reach = sum(model.sizes), model.window.size - 1
        self._ages = torch.full((chains, neurons), _NEVER, dtype=torch.int32, device=device)
        self._raster = torch.zeros((reach + BLOCK_STEPS, chains, neurons), device=device)
        self._draws = torch.zeros((BLOCK_STEPS, chains, neurons), device=device)
        self._potentials = torch.zeros((chains, neurons), device=device)
        self._counts = torch.zeros(neurons, dtype=torch.int64, device=device)
        odd = neurons - self._n_even
        self._sums = torch.zeros((odd, self._n_even), dtype=torch.float64, device=device)
        self._rest = torch.zeros(neurons, device=device)
        self._to_odd = torch.zeros((self._n_even, odd), device=device)
        self._to_even = torch.zeros((odd, self._n_even), device=device)
        self._window = _toeplitz(model.window, device)
        self._generator = torch.Generator(device=device)
        self._generator.manual_seed(int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1)))
        self._graph: torch.cuda.CUDAGraph | None = None
        self._use(model)

    @property
    def model(self) -> LayerModel:
        """The stack with the weights that it has now."""
        return self._model

    @property
    def spike_counts(self) -> NDArray[np.int64]:
        """Spikes per neuron over all chains, all layers one after the other."""
        counts = np.zeros(self._order.size, np.int64)
        counts[self._order] = self._counts.cpu().numpy()
        return counts

    def advance(self) -> int:
        """Run all chains and update the feedback weights; return how many chains ran."""
        self._sums.zero_()
        for begin in range(0, self._steps, BLOCK_STEPS):
            self._run(min(BLOCK_STEPS, self._steps - begin))
        gain = self._rate / (self._model.window.size * self.n_chains)
        pairs = zip(self._model.feedback, self.differences(), strict=True)
        self._use(self._model.with_feedback(tuple(weights + gain * total for weights, total in pairs)))
        self.updates += 1
        return self.n_chains

    def differences(self) -> tuple[Floats, ...]:
        """Return ``D[pre, post]`` per connection, the sum over all chains since the last update began."""
        even_first = self._sums.cpu().numpy().copy()
        found = []
        for layer, (below, above) in enumerate(_neighbours(self._model.sizes)):
            if layer % 2:
                found.append(-even_first[below, above].T)
            else:
                found.append(even_first[above, below])
        return tuple(found)

    def _run(self, steps: int) -> None:
        self._draws.uniform_(generator=self._generator)
        if self._device.type != "cuda" or steps < BLOCK_STEPS:
            self._block(steps)
        elif self._graph is None:
            self._graph = self._captured()
        else:
            self._graph.replay()

    def _captured(self) -> torch.cuda.CUDAGraph:
        """Run a block and capture it; a graph needs that everything was called once, on a stream of its own."""
        stream = torch.cuda.Stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            self._block(BLOCK_STEPS)
        torch.cuda.current_stream(self._device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._block(BLOCK_STEPS)
        return graph

    def _block(self, steps: int) -> None:
        """Simulate some steps and count their pairs, all in place."""
        reach, neurons = self._model.window.size - 1, self._order.size
        for step in range(steps):
            self._step(step, self._raster[reach + step])
        known = self._raster[: reach + steps]
        traces = self._window[:steps, : reach + steps] @ known.view(reach + steps, -1)
        traces, spikes = traces.view(-1, neurons), known[reach:].view(-1, neurons)
        even, odd = slice(0, self._n_even), slice(self._n_even, None)
        self._sums += spikes[:, odd].T @ traces[:, even] - traces[:, odd].T @ spikes[:, even]
        self._counts += spikes.sum(0).long()
        # spikes that later ones may pair with
        self._raster[:reach] = known[steps:].clone()

    def _step(self, step: int, spikes: Tensor) -> None:
        model, even = self._model, self._n_even
        on = (self._ages <= model.psp_steps).to(torch.float32)
        torch.addmm(self._rest[even:], on[:, :even], self._to_odd, out=self._potentials[:, even:])
        torch.addmm(self._rest[:even], on[:, even:], self._to_even, out=self._potentials[:, :even])
        new = (self._draws[step] < self._potentials.sigmoid()) & (self._ages > model.dead_steps)
        # a neuron that never spiked stays far from the largest number
        self._ages.add_(1).clamp_(max=_NEVER).masked_fill_(new, 1)
        spikes.copy_(new)

    def _use(self, model: LayerModel) -> None:
        """Take over weights and biases; tensors stay where they are, since a graph knows them by their place."""
        self._model = model
        for layer, (below, above) in enumerate(_neighbours(model.sizes)):
            up, down = (self._to_even, self._to_odd) if layer % 2 else (self._to_odd, self._to_even)
            up[below, above] = self._tensor(model.forward[layer])
            down[above, below] = self._tensor(model.feedback[layer])
        rest = np.concatenate(model.biases) - math.log(model.tau_ref_steps)
        self._rest.copy_(self._tensor(rest[self._order]))

    def _tensor(self, values: Floats) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._device)

    def replace_weights(
        self,
        *,
        forward: tuple[Floats, ...],
        feedback: tuple[Floats, ...],
        biases: tuple[Floats, ...],
        learning_rate: float | None = None,
    ) -> None:
        """Go on with other weights, biases and learning rate; the chains keep their spikes, and their randomness.

        Raises
        ------
        ValueError
            For layers of other sizes.
        """
        model = replace(self._model, forward=forward, feedback=feedback, biases=biases)
        if model.sizes != self._model.sizes:
            raise ValueError(f"the layers have sizes {self._model.sizes}, not {model.sizes}")
        self._rate = self._rate if learning_rate is None else learning_rate
        self._use(model)

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything that changes, as named arrays."""
        reach = self._model.window.size - 1
        arrays: dict[str, NDArray[Any]] = {
            "updates": np.array(self.updates),
            "counts": self._counts.cpu().numpy().copy(),
            "ages": self._ages.cpu().numpy().copy(),
            "recent": self._raster[:reach].cpu().numpy().astype(np.uint8),
            "generator": self._generator.get_state().numpy().copy(),
        }
        return arrays | {f"feedback.{layer}": weights.copy() for layer, weights in enumerate(self._model.feedback)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same stack and chains."""
        self.updates = int(arrays["updates"])
        self._counts.copy_(torch.from_numpy(np.array(arrays["counts"])))
        self._ages.copy_(torch.from_numpy(np.array(arrays["ages"])))
        recent = torch.from_numpy(np.array(arrays["recent"]))
        self._raster[: len(recent)].copy_(recent)
        self._generator.set_state(torch.from_numpy(np.array(arrays["generator"])))
        layers = range(len(self._model.feedback))
        self._use(self._model.with_feedback(tuple(np.array(arrays[f"feedback.{layer}"]) for layer in layers)))


def _places(sizes: Sequence[int]) -> list[slice]:
    """Return where each layer lies among those of its parity."""
    ends, found = [0, 0], []
    for layer, size in enumerate(sizes):
        begin = ends[layer % 2]
        found.append(slice(begin, begin + size))
        ends[layer % 2] += size
    return found


def _neighbours(sizes: Sequence[int]) -> list[tuple[slice, slice]]:
    """Return where the lower and the upper layer of each connection lie among those of their parity."""
    places = _places(sizes)
    return list(pairwise(places))


def _order(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return the neurons, counted layer by layer, in the order of the stack: even layers first."""
    first = np.concatenate([[0], np.cumsum(sizes)])
    layers = [*range(0, len(sizes), 2), *range(1, len(sizes), 2)]
    return np.concatenate([np.arange(first[layer], first[layer + 1]) for layer in layers]).astype(np.int64)


def _toeplitz(window: Floats, device: torch.device) -> Tensor:
    """Return what turns a raster into traces: shape (steps of a block, those before it and those of it)."""
    reach = window.size - 1
    lag = reach + np.arange(BLOCK_STEPS)[:, None] - np.arange(reach + BLOCK_STEPS)
    # pairs in the same step never count
    counts = (lag >= 1) & (lag <= reach)
    return torch.as_tensor(np.where(counts, window[np.clip(lag, 0, reach)], 0.0), dtype=torch.float32, device=device)

"""One chain, block by block: spikes first, then the pairs they make while they are in the cache."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps
from sal_hw_studies.engines.layers.model import LayerModel
from sal_hw_studies.engines.layers.pairs import PairSums
from sal_hw_studies.engines.layers.potentials import Stack, exchange_psps, stack_of
from sal_hw_studies.engines.layers.spiking import run_steps
from sal_hw_studies.engines.layers.state import ChainState

#: steps of a block: their traces fit the cache, and a neuron spikes often enough for its sums to be fetched once
_BLOCK_STEPS = 512


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChainResult:
    """What one chain counted.

    Attributes
    ----------
    differences : (n_{k+1}, n_k) float64 each
        ``differences[k][pre, post]``: the sum of the window over pairs in which the neuron of layer k spikes first,
        minus that over pairs in which the neuron of layer k + 1 does; the later spike lies in this call.
    spike_counts : (n,) int64
        Spikes per neuron, all layers one after the other.
    spike_steps, spike_neurons : (spikes,) int64, (spikes,) int32
        All spikes in order, if they were asked for; else empty.
    """

    differences: tuple[Floats, ...]
    spike_counts: NDArray[np.int64]
    spike_steps: Steps
    spike_neurons: Neurons


def simulate(
    model: LayerModel, state: ChainState, steps: int, *, stack: Stack | None = None, record: bool = False
) -> ChainResult:
    """Simulate a chain and count pairs; the state moves on, in place.

    Parameters
    ----------
    model
        The stack of layers.
    state
        Where the chain stands.
    steps
        How many steps to simulate.
    stack
        The model in whole numbers, from ``stack_of``, if it is at hand; its potentials are left alone.
    record
        Whether to return the spikes.
    """
    own = stack_of(model) if stack is None else stack._replace(now=stack.rest.copy())
    sums = PairSums(model, min(_BLOCK_STEPS, steps) if steps else 1)
    chain = _Chain(model, own, state)
    kept: list[tuple[Steps, Neurons]] = []
    counts = np.zeros(state.last_spike.size, np.int64)
    stop = state.step + steps
    while state.step < stop:
        begin, end = state.step, min(stop, state.step + _BLOCK_STEPS)
        new = chain.run(begin, end)
        sums.add(*chain.spikes, begin, end)
        counts += np.bincount(new[1], minlength=counts.size)
        if record:
            kept.append((new[0].copy(), new[1].copy()))
        chain.forget()
    recorded = kept or [(np.zeros(0, np.int64), np.zeros(0, np.int32))]
    return ChainResult(
        differences=sums.differences(),
        spike_counts=counts,
        spike_steps=np.concatenate([steps for steps, _ in recorded]),
        spike_neurons=np.concatenate([neurons for _, neurons in recorded]),
    )


class _Chain:
    """Buffers of a chain that is being simulated: the spikes that still matter, then those of the block."""

    def __init__(self, model: LayerModel, stack: Stack, state: ChainState) -> None:
        self._model, self._stack, self._state = model, stack, state
        n_neurons = state.last_spike.size
        # refractory neurons spike at most every dead_steps + 1 steps
        per_neuron = (_BLOCK_STEPS + model.reach_steps) // (model.dead_steps + 1) + 2
        self._steps = np.empty((per_neuron + 1) * n_neurons, np.int64)
        self._neurons = np.empty(self._steps.size, np.int32)
        self._passes = np.zeros(n_neurons, np.uint8)
        self._head = state.recent_steps.size
        self._steps[: self._head] = state.recent_steps
        self._neurons[: self._head] = state.recent_neurons
        for step in range(state.step - model.psp_steps, state.step):
            first, last = np.searchsorted(state.recent_steps, (step, step + 1))
            exchange_psps(stack, self._neurons, first, last, 0, 0)

    def run(self, begin: int, end: int) -> tuple[Steps, Neurons]:
        """Simulate a block and return its spikes."""
        model, state, old = self._model, self._state, self._head
        tail = int(np.searchsorted(self._steps[:old], begin - model.psp_steps))
        _, self._head = run_steps(
            self._stack,
            model.psp_steps,
            model.dead_steps,
            state.key[0],
            state.last_spike,
            self._passes,
            self._steps,
            self._neurons,
            tail,
            old,
            begin,
            end,
        )
        state.clock[0] = end
        return self._steps[old : self._head], self._neurons[old : self._head]

    @property
    def spikes(self) -> tuple[Steps, Neurons]:
        """The spikes of the last block and those before it that may pair with them."""
        return self._steps[: self._head], self._neurons[: self._head]

    def forget(self) -> None:
        """Drop the spikes that no longer matter and leave the others in the state."""
        state = self._state
        first = int(np.searchsorted(self._steps[: self._head], state.step - self._model.reach_steps))
        state.recent_steps = self._steps[first : self._head].copy()
        state.recent_neurons = self._neurons[first : self._head].copy()
        self._head -= first
        self._steps[: self._head] = state.recent_steps
        self._neurons[: self._head] = state.recent_neurons

"""How often each joint state of the neurons is seen."""

from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.arguments import Spikes, joined
from sal_hw_emulator.engines.sampling.compiled import Steps, compiled
from sal_hw_emulator.engines.sampling.state import SamplingState

#: 2**20 counters; more would be memory without statistics.
LARGEST_OCCUPANCY = 20


class _Sampling(NamedTuple):
    """For how long a state is 1, how far apart the states are looked at, from which step on and before which."""

    length: int
    period: int
    start: int
    stop: int


@compiled
def _count_states(
    counts: Steps, last_spike: Steps, sampling: _Sampling, mask: int, spikes: Spikes, first: int
) -> tuple[int, int]:
    """Count the states between two steps; return the last mask and from where on spikes are still in a state."""
    length, period = sampling.length, sampling.period
    steps, neurons = spikes.steps, spikes.neurons
    most_significant = last_spike.size - 1
    tail, head = 0, first
    # a look every half length is enough, since states last a whole one; one beyond the end takes in the last spikes
    for step in range(-(-sampling.start // period) * period, sampling.stop + period, period):
        within = min(step, sampling.stop)
        # the mask follows the spikes, so that steps without one cost nothing
        while head < steps.size and steps[head] < within:
            mask |= 1 << (most_significant - neurons[head])
            last_spike[neurons[head]] = steps[head]
            head += 1
        # a state ends by itself, unless a later spike has renewed it
        while tail < head and steps[tail] + length < within:
            if last_spike[neurons[tail]] == steps[tail]:
                mask &= ~(1 << (most_significant - neurons[tail]))
            tail += 1
        # the look beyond the end does not count, the next call does it
        if step < sampling.stop:
            counts[mask] += 1
    return mask, tail


class StateCounter:
    """Counts joint states, every half of their length.

    Parameters
    ----------
    state : SamplingState
        Where the simulation starts.
    state_steps : int
        For how many steps after a spike a neuron's state is 1.
    """

    def __init__(self, state: SamplingState, state_steps: int) -> None:
        n_neurons = state.n_neurons
        if n_neurons > LARGEST_OCCUPANCY:
            raise ValueError(f"state counts of {n_neurons} neurons: at most {LARGEST_OCCUPANCY} are possible")
        self.counts = np.zeros(1 << n_neurons, np.int64)
        self._length, self._step = state_steps, state.step
        self._last_spike = state.last_spike.copy()
        order = np.argsort(state.last_spike, kind="stable")
        order = order[state.last_spike[order] + state_steps >= state.step]
        self._active = Spikes(state.last_spike[order], order.astype(np.int32))
        self._mask = int(np.sum(1 << (n_neurons - 1 - order)))

    def consume(self, new: Spikes, stop: int) -> None:
        """Count the states up to before a step, given the new spikes up to there."""
        sampling = _Sampling(self._length, max(1, self._length // 2), self._step, stop)
        spikes = joined(self._active, new)
        first = self._active.steps.size
        self._mask, tail = _count_states(self.counts, self._last_spike, sampling, self._mask, spikes, first)
        self._active = Spikes(spikes.steps[tail:], spikes.neurons[tail:])
        self._step = stop

"""Time-stepped simulation of many neurons.

In every step each neuron gets a uniform number r and spikes if r < p, that is r / (1 - r) < exp(u) / tau_ref. The
odds are first compared with an upper bound that costs no exponential; the few neurons that pass are decided exactly.
"""

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.arguments import Progress, Spikes, network_of, progress_of
from sal_hw_emulator.engines.sampling.compiled import Neurons, Steps, compiled, inlined
from sal_hw_emulator.engines.sampling.event_table import TINY
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.potentials import (
    Fixed,
    Potentials,
    bounded_odds,
    end_psps,
    odds,
    potentials_for,
    restore_psps,
    start_psps,
)
from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at
from sal_hw_emulator.engines.sampling.state import SamplingState

#: Below the bound times this, the odds themselves need no computing: the chord of 2^x is at most 1.0615 times too high.
_CHORD_RATIO = 0.94


@inlined
def _draw(
    now: Fixed,
    fraction: int,
    last_spike: Steps,
    awake: int,
    key: np.uint64,
    offset: np.uint64,
    passes: NDArray[np.uint8],
    chosen: Neurons,
    first: int,
) -> int:
    """Write the neurons that spike from ``chosen[first]`` on; return where they end."""
    # a pass without branches over all neurons, which is vectorised: it lets too many through, but few
    for neuron in range(now.size):
        uniform = unit_interval(word_at(key, offset + np.uint64(neuron)))
        below = uniform < bounded_odds(now[neuron], fraction) * (1.0 - uniform)
        passes[neuron] = below & (last_spike[neuron] < awake)
    last = first
    # those that pass are listed without a branch, too
    for neuron in range(now.size):
        chosen[last] = neuron
        last += passes[neuron]
    head = first
    for candidate in range(first, last):
        neuron = chosen[candidate]
        # drawing the same number again costs less than keeping all of them
        uniform = unit_interval(word_at(key, offset + np.uint64(neuron)))
        # below the bound's own error no exponential is needed
        surely = uniform < _CHORD_RATIO * bounded_odds(now[neuron], fraction) * (1.0 - uniform)
        if surely or uniform < odds(now[neuron], fraction) * (1.0 - uniform):
            chosen[head] = neuron
            head += 1
    return head


@compiled
def _run(
    potentials: Potentials, dead: int, progress: Progress, passes: NDArray[np.uint8], spikes: Spikes, stop: int
) -> int:
    """Simulate until ``stop`` or until the buffers are nearly full; return the number of spikes."""
    steps, neurons, last_spike, key = spikes.steps, spikes.neurons, progress.last_spike, progress.words[4]
    weights, now, increments = potentials.weights, potentials.now, potentials.increments
    slot_steps, slot_of, ring = potentials.slot_steps, potentials.slot_of, potentials.ring
    psp, renew, fraction = potentials.psp, potentials.psp > dead + 1, potentials.fraction
    head, step = 0, progress.clock[0]
    # all neurons might spike in a step, so there has to be room for as many
    while step < stop and head + now.size < steps.size:
        # random numbers belong to step and neuron, so that a cut run repeats the whole one
        offset = np.uint64(step) * np.uint64(now.size)
        last = _draw(now, fraction, last_spike, step - dead, key, offset, passes, neurons, head)
        start_psps(
            psp, renew, weights, now, increments, slot_steps, slot_of, ring, last_spike, step, neurons, head, last
        )
        while head < last:
            steps[head] = step
            head += 1
        step += 1
        # at most one step's PSPs end per step
        if ring[1] > 0 and slot_steps[ring[0]] + psp < step:
            end_psps(now, increments, ring)
    progress.clock[:] = step
    return head


class SteppedSampler:
    """Draws the spikes of one model, a buffer at a time."""

    def __init__(self, model: SamplingModel) -> None:
        self._network = network_of(model)
        self._potentials = potentials_for(self._network)
        self._passes = np.zeros(model.n_neurons, np.uint8)

    def advance(self, state: SamplingState, stop: int, spikes: Spikes) -> tuple[int, int]:
        """Move the state towards ``stop``, in place; see ``TableSampler.advance``."""
        if state.hazard[0] > 0.0:
            used = state.hazard[1] * (state.clock[0] - state.clock[1])
            state.hazard[0] = max(state.hazard[0] - used, TINY)
        order = np.argsort(state.last_spike, kind="stable").astype(np.int32)
        restore_psps(self._potentials, state.last_spike, order, state.step)
        return 0, _run(self._potentials, self._network.dead, progress_of(state), self._passes, spikes, stop)

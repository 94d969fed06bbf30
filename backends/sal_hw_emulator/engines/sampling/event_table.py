"""Event-driven simulation of few neurons: hazards from a table over the active PSPs.

Write lambda_i = log(1 + exp(u_i) / tau_ref), so that a neuron stays silent in a step with probability
exp(-lambda_i). Lay all steps, and within a step all neurons, one after the other on a line, each as long as its
lambda, and drop points of a Poisson process of rate 1 on it: a neuron spikes where at least one point hits its
stretch, which gives every neuron its probability, independent of the others. So one exponential variate per spike
finds the step and the neuron at once; after a hit the next variate starts at the end of the stretch, and what is
left of it at the end of the step goes on into the next. The law is exact, spikes in the same step included.

A stretch may be laid for a neuron that cannot spike; a hit on it is ignored. That keeps the end of the refractory
time from being an event.
"""

import math
from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.arguments import Network, Progress, Spikes, network_of, progress_of
from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, Words, compiled, inlined
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.random_words import next_exponential
from sal_hw_emulator.engines.sampling.state import SamplingState

#: Beyond this number of neurons filling the table takes longer than it saves in a call of 1000 tau_ref.
LARGEST_TABLE = 12

#: Stands for no hazard at all: a variate divided by it lies beyond every step.
TINY = 1e-280

#: The largest number below 1; a place times this stays before the end of its step.
JUST_BELOW_1 = 1.0 - 2.0**-53


class _Table(NamedTuple):
    """Per mask of active PSPs: where each neuron's stretch ends; the length of a step (-1: unknown), its inverse."""

    ends: Floats
    totals: Floats


@compiled
def silence_exponent(potential: float, log_tau: float) -> float:
    """Return -log of the probability not to spike in a step, finite for every finite potential."""
    excess = potential - log_tau
    if excess > 0.0:
        return excess + math.log1p(math.exp(-excess))
    return math.log1p(math.exp(excess))


@compiled
def _lay_stretches(mask: int, network: Network, table: _Table) -> None:
    """Fill the table's row of one mask; neurons that are surely refractory get no stretch."""
    n_neurons = network.biases.size
    end = 0.0
    for neuron in range(n_neurons):
        if network.psp > network.dead or not (mask >> neuron) & 1:
            potential = network.biases[neuron]
            for pre in range(n_neurons):
                if (mask >> pre) & 1:
                    potential += network.weights[pre, neuron]
            end += silence_exponent(potential, network.log_tau)
        table.ends[mask, neuron] = end
    table.ends[mask, n_neurons:] = np.inf
    table.totals[mask, 0] = end
    table.totals[mask, 1] = 1.0 / max(end, TINY)


@compiled
def _neuron_at(ends: Floats, mask: int, place: float) -> int:
    """Return the neuron on whose stretch a place lies."""
    neuron = 0
    for block in range(0, ends.shape[1], 8):
        for lane in range(8):
            neuron += ends[mask, block + lane] <= place
    return neuron


@compiled
def _queue_active(last_spike: Steps, since: int, queue: Spikes) -> tuple[int, int]:
    """Queue the neurons that last spiked at a step or later, oldest first; return their number and mask."""
    count = 0
    mask = 0
    for neuron in range(last_spike.size):
        step = last_spike[neuron]
        if step >= since:
            place = count
            while place > 0 and queue.steps[place - 1] > step:
                queue.steps[place] = queue.steps[place - 1]
                queue.neurons[place] = queue.neurons[place - 1]
                place -= 1
            queue.steps[place] = step
            queue.neurons[place] = neuron
            count += 1
            mask |= 1 << neuron
    return count, mask


@compiled
def _resume(network: Network, table: _Table, progress: Progress, queue: Spikes) -> tuple[int, int, float, int]:
    """Return number and mask of the active PSPs, the variate, and the step since when it is being used up.

    The variate is not touched while the hazard is the same as before, so that a split call repeats the unsplit one
    to the last bit. Otherwise the old hazard has used it up to now.
    """
    step, anchor = progress.clock
    total, psp = progress.hazard[1:]
    count, mask = _queue_active(progress.last_spike, anchor - network.psp, queue)
    if table.totals[mask, 0] < 0.0:
        _lay_stretches(mask, network, table)
    if table.totals[mask, 0] == total and network.psp == psp:
        return count, mask, progress.hazard[0], anchor
    if progress.hazard[0] < 0.0:
        variate = next_exponential(progress.words)
    else:
        variate = max(progress.hazard[0] - total * (step - anchor), TINY)
    count, mask = _queue_active(progress.last_spike, step - network.psp, queue)
    return count, mask, variate, step


@compiled
def _end_psps(
    steps: Steps, neurons: Neurons, last_spike: Steps, tail: int, head: int, spiked: int, mask: int
) -> tuple[int, int]:
    """End the PSPs of the spikes at a step, unless renewed; return the first spike with a PSP and the mask."""
    while tail < head and steps[tail] == spiked:
        if last_spike[neurons[tail]] == spiked:
            mask ^= 1 << neurons[tail]
        tail += 1
    return tail, mask


@inlined
def _take_hits(
    ends: Floats,
    last_spike: Steps,
    words: Words,
    steps: Steps,
    neurons: Neurons,
    mask: int,
    dead: int,
    step: int,
    place: float,
    head: int,
) -> tuple[float, int, int]:
    """Take the hits of one step, given the place of the first.

    Returns the place of the next hit, where the new spikes end, and their mask.
    """
    total, fresh = ends[mask, last_spike.size - 1], 0
    while place < total:
        neuron = _neuron_at(ends, mask, place)
        # a stretch may be laid for a refractory neuron; a hit on it does not count
        if step > last_spike[neuron] + dead:
            last_spike[neuron] = step
            steps[head] = step
            neurons[head] = neuron
            head += 1
            fresh |= 1 << neuron
        # the rest of the stretch that was hit is skipped: one hit is enough
        place = ends[mask, neuron] + next_exponential(words)
    return place, head, fresh


@compiled
def _run(network: Network, table: _Table, progress: Progress, spikes: Spikes, stop: int) -> tuple[int, int]:
    """Simulate until ``stop`` or until the buffers are nearly full; return where the new spikes lie."""
    psp, dead, n_neurons = network.psp, network.dead, network.biases.size
    ends, totals = table.ends, table.totals
    last_spike, words, steps, neurons = progress.last_spike, progress.words, spikes.steps, spikes.neurons
    first, mask, variate, anchor = _resume(network, table, progress, spikes)
    # spikes from tail to head have a PSP; those before the call are in the buffer, too
    tail, head, step = 0, first, stop
    while True:
        # most of the 2^n masks never occur, so that rows of the table are filled when they are first needed
        if totals[mask, 0] < 0.0:
            _lay_stretches(mask, network, table)
        total = totals[mask, 0]
        # the hazard is constant up to the next end of a PSP
        change = min(stop, steps[tail] + psp + 1) if tail < head else stop
        silent = variate * totals[mask, 1]
        # the variate is used up before the hazard changes: there is a hit
        if silent < change - anchor:
            # all neurons might spike in this step: stop before it, and let the next call find the same hit
            if head + n_neurons > steps.size:
                step = anchor
                break
            anchor += int(silent)
            # rounding must not move the hit out of its step
            place = min(variate - int(silent) * total, total * JUST_BELOW_1)
            place, head, fresh = _take_hits(ends, last_spike, words, steps, neurons, mask, dead, anchor, place, head)
            variate = place - total
            anchor += 1
            # PSPs begin in the step after the spike
            mask |= fresh
        elif change == stop:
            # nothing happens before the end; the variate is kept as it is, so that a cut run repeats the whole one
            break
        else:
            # the old hazard has used a part of the variate; the rest meets the new one
            variate = max(variate - total * (change - anchor), TINY)
            anchor = change
            tail, mask = _end_psps(steps, neurons, last_spike, tail, head, change - psp - 1, mask)
    progress.clock[0], progress.clock[1] = step, anchor
    progress.hazard[0], progress.hazard[1], progress.hazard[2] = variate, total, psp
    return first, head


class TableSampler:
    """Draws the spikes of one model of at most ``LARGEST_TABLE`` neurons, a buffer at a time."""

    def __init__(self, model: SamplingModel) -> None:
        n_masks, width = 1 << model.n_neurons, -(-model.n_neurons // 8) * 8
        self._network = network_of(model)
        self._table = _Table(np.empty((n_masks, width)), np.full((n_masks, 2), -1.0))

    def advance(self, state: SamplingState, stop: int, spikes: Spikes) -> tuple[int, int]:
        """Move the state towards ``stop``, in place.

        Parameters
        ----------
        state : SamplingState
            Where to go on from.
        stop : int
            The step to stop before; the state stops earlier when the buffers are nearly full.
        spikes : Spikes
            Buffers, at least three times as long as there are neurons.

        Returns
        -------
        tuple of int
            The new spikes lie in the buffers from the first to before the second index.
        """
        first, last = _run(self._network, self._table, progress_of(state), spikes, stop)
        return first, last

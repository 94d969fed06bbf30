"""Event-driven simulation of more neurons than a table can hold.

As in ``event_table``, a Poisson process of rate 1 is dropped on a line of stretches. Here a stretch is as long as an
upper bound of the neuron's lambda = log(1 + exp(u) / tau_ref), which costs no logarithm; a hit then counts with the
probability lambda / bound, so that what counts is exact (thinning of a Poisson process).
"""

import math
from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.arguments import Progress, Spikes, network_of, progress_of
from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled
from sal_hw_emulator.engines.sampling.event_table import JUST_BELOW_1, TINY
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.potentials import (
    Potentials,
    bounded_odds,
    end_psps,
    potentials_for,
    restore_psps,
    start_psps,
)
from sal_hw_emulator.engines.sampling.random_words import next_exponential, next_word, unit_interval
from sal_hw_emulator.engines.sampling.state import SamplingState

#: Where the bound goes on as a straight line, which then rises as lambda does: at odds of 2^5.
_STRAIGHT_FROM = 5

_LOG_2 = math.log(2.0)
_CERTAIN = 60.0


class _Line(NamedTuple):
    """Each neuron's stretch (padded with zeros to whole eights), and how long PSP and refractory time are."""

    stretches: Floats
    psp: int
    dead: int


@compiled
def _lay_stretches(line: _Line, potentials: Potentials, last_spike: Steps, anchor: int) -> None:
    """Bound the lambda of each neuron; none for one that is refractory for as long as nothing else changes."""
    stretches, now, fraction = line.stretches, potentials.now, potentials.fraction
    straight = np.int64(_STRAIGHT_FROM) << fraction
    slope = _LOG_2 * 2.0**-fraction
    awake = anchor - min(line.psp, line.dead)
    for neuron in range(now.size):
        curved = bounded_odds(min(np.int64(now[neuron]), straight), fraction)
        bound = curved + max(np.int64(now[neuron]) - straight, 0) * slope
        stretches[neuron] = bound if last_spike[neuron] < awake else 0.0


@compiled
def _length(stretches: Floats) -> float:
    """Sum the stretches in eight lanes, always in the same order."""
    a = b = c = d = e = f = g = h = 0.0
    for block in range(0, stretches.size, 8):
        a += stretches[block]
        b += stretches[block + 1]
        c += stretches[block + 2]
        d += stretches[block + 3]
        e += stretches[block + 4]
        f += stretches[block + 5]
        g += stretches[block + 6]
        h += stretches[block + 7]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@compiled
def _next_awakening(line: _Line, last_spike: Steps, anchor: int, otherwise: int) -> int:
    """Return the first step after ``anchor`` at which a refractory neuron gets its stretch back."""
    if line.psp <= line.dead:
        return otherwise
    for neuron in range(last_spike.size):
        awake = last_spike[neuron] + line.dead + 1
        if awake > anchor:
            otherwise = min(otherwise, awake)
    return otherwise


@compiled
def _hits(
    line: _Line, potentials: Potentials, progress: Progress, place: float, step: int, spikes: Spikes, head: int
) -> tuple[float, int]:
    """Take the hits of one step, given the first; return what is left of the variate and the new head."""
    stretches, now, words, last_spike = line.stretches, potentials.now, progress.words, progress.last_spike
    end = 0.0
    for neuron in range(now.size):
        end += stretches[neuron]
        while place < end:
            odds = now[neuron] * 2.0**-potentials.fraction * _LOG_2
            exponent = odds if odds > _CERTAIN else math.log1p(math.exp(odds))
            if unit_interval(next_word(words)) * stretches[neuron] >= exponent:
                place += next_exponential(words)
                continue
            if step > last_spike[neuron] + line.dead:
                spikes.steps[head] = step
                spikes.neurons[head] = neuron
                head += 1
            place = end + next_exponential(words)
    return max(place - end, TINY), head


@compiled
def _resume(
    line: _Line, potentials: Potentials, progress: Progress, oldest_first: Neurons
) -> tuple[int, float, float]:
    """Return the step since when the variate is being used up, the variate, and the length of a step.

    As in ``event_table``, the variate is not touched while the hazard is the same as before, so that a split call
    repeats the unsplit one to the last bit.
    """
    step, anchor = progress.clock
    used, psp = progress.hazard[1:]
    restore_psps(potentials, progress.last_spike, oldest_first, anchor)
    _lay_stretches(line, potentials, progress.last_spike, anchor)
    total = _length(line.stretches)
    if progress.hazard[0] >= 0.0 and total == used and line.psp == psp:
        return anchor, progress.hazard[0], total
    if progress.hazard[0] < 0.0:
        variate = next_exponential(progress.words)
    else:
        variate = max(progress.hazard[0] - used * (step - anchor), TINY)
    restore_psps(potentials, progress.last_spike, oldest_first, step)
    _lay_stretches(line, potentials, progress.last_spike, step)
    return step, variate, _length(line.stretches)


@compiled
def _run(
    line: _Line, potentials: Potentials, progress: Progress, oldest_first: Neurons, spikes: Spikes, stop: int
) -> int:
    """Simulate until ``stop`` or until the buffers are nearly full; return the number of spikes."""
    last_spike = progress.last_spike
    weights, now, increments = potentials.weights, potentials.now, potentials.increments
    slot_steps, slot_of, ring, psp = potentials.slot_steps, potentials.slot_of, potentials.ring, potentials.psp
    anchor, variate, total = _resume(line, potentials, progress, oldest_first)
    head, step = 0, stop
    while True:
        change = _next_awakening(line, last_spike, anchor, stop)
        if ring[1] > 0:
            change = min(change, slot_steps[ring[0]] + psp + 1)
        silent = variate / max(total, TINY)
        if silent < change - anchor:
            if head + last_spike.size > spikes.steps.size:
                step = anchor
                break
            anchor += int(silent)
            place = min(variate - int(silent) * total, total * JUST_BELOW_1)
            variate, last = _hits(line, potentials, progress, place, anchor, spikes, head)
            if last > head:
                start_psps(
                    psp, weights, now, increments, slot_steps, slot_of, ring,
                    last_spike, anchor, spikes.neurons, head, last,
                )  # fmt: skip
                head = last
            anchor += 1
        elif change == stop:
            break
        else:
            variate = max(variate - total * (change - anchor), TINY)
            anchor = change
            if ring[1] > 0 and slot_steps[ring[0]] + psp + 1 == change:
                end_psps(now, increments, ring)
        _lay_stretches(line, potentials, last_spike, anchor)
        total = _length(line.stretches)
    progress.clock[0], progress.clock[1] = step, anchor
    progress.hazard[0], progress.hazard[1], progress.hazard[2] = variate, total, line.psp
    return head


class ThinningSampler:
    """Draws the spikes of one model of any size, from event to event, a buffer at a time."""

    def __init__(self, model: SamplingModel) -> None:
        network = network_of(model)
        padded = -(-model.n_neurons // 8) * 8
        self._potentials = potentials_for(network)
        self._line = _Line(np.zeros(padded), network.psp, network.dead)

    def advance(self, state: SamplingState, stop: int, spikes: Spikes) -> tuple[int, int]:
        """Move the state towards ``stop``, in place; see ``TableSampler.advance``."""
        order = np.argsort(state.last_spike, kind="stable").astype(np.int32)
        return 0, _run(self._line, self._potentials, progress_of(state), order, spikes, stop)

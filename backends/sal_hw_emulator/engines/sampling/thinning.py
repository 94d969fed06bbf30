"""Event-driven simulation of more neurons than a table can hold.

As in ``event_table``, a Poisson process of rate 1 is dropped on a line of stretches. Here a stretch is as long as an
upper bound of the neuron's lambda = log(1 + exp(u) / tau_ref), which costs no logarithm; a hit then counts with the
probability lambda / bound, so that what counts is exact (thinning of a Poisson process).
"""

import math
from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.arguments import Progress, Spikes, network_of, progress_of
from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, Words, compiled, inlined
from sal_hw_emulator.engines.sampling.event_table import JUST_BELOW_1, TINY
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.potentials import (
    Fixed,
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
    """Each neuron's stretch, filled up to fours with empty ones, and the refractory time in steps."""

    stretches: Floats
    dead: int


@compiled
def _lay_stretches(stretches: Floats, now: Fixed, fraction: int, last_spike: Steps, awake: int) -> float:
    """Bound the lambda of each neuron that last spiked before ``awake``; return the sum, always in the same order."""
    straight = _STRAIGHT_FROM << fraction
    slope = _LOG_2 * 2.0**-fraction
    for neuron in range(now.size):
        potential = int(now[neuron])
        bound = bounded_odds(min(potential, straight), fraction) + float(max(potential - straight, 0)) * slope
        stretches[neuron] = bound if last_spike[neuron] < awake else 0.0
    a = b = c = d = 0.0
    for block in range(0, stretches.size, 4):
        a += stretches[block]
        b += stretches[block + 1]
        c += stretches[block + 2]
        d += stretches[block + 3]
    return (a + b) + (c + d)


@compiled
def _next_awakening(dead: int, last_spike: Steps, anchor: int, otherwise: int) -> int:
    """Return the first step after ``anchor`` at which a refractory neuron may spike again."""
    for neuron in range(last_spike.size):
        awake = last_spike[neuron] + dead + 1
        if awake > anchor:
            otherwise = min(otherwise, awake)
    return otherwise


@inlined
def _next_change(slot_steps: Steps, ring: Steps, last_spike: Steps, psp: int, dead: int, anchor: int, stop: int) -> int:
    """Return up to which step the hazard stays as it is."""
    change = min(stop, slot_steps[ring[0]] + psp + 1) if ring[1] > 0 else stop
    # where PSPs outlast the refractory time, a neuron may wake up before; else the end of its PSP tells
    if psp > dead:
        change = _next_awakening(dead, last_spike, anchor, change)
    return change


@compiled
def _hits(
    stretches: Floats,
    now: Fixed,
    fraction: int,
    words: Words,
    last_spike: Steps,
    asleep: int,
    place: float,
    hits: Neurons,
    head: int,
) -> tuple[float, int]:
    """Take the hits of one step, given the first; return what is left of the variate and where the hits end.

    Neurons that spiked at ``asleep`` or later are refractory.
    """
    end = 0.0
    for neuron in range(now.size):
        end += stretches[neuron]
        # several hits on one stretch: each of them counts or not on its own
        while place < end:
            log_odds = now[neuron] * 2.0**-fraction * _LOG_2
            # beyond this the logarithm of 1 + odds is the logarithm of the odds, and the odds would overflow
            exponent = log_odds if log_odds > _CERTAIN else math.log1p(math.exp(log_odds))
            # the stretch is an upper bound; a hit counts with the share that the hazard has of it
            if unit_interval(next_word(words)) * stretches[neuron] >= exponent:
                place += next_exponential(words)
                continue
            # a stretch may be laid for a refractory neuron; a hit on it does not count
            if last_spike[neuron] < asleep:
                hits[head] = neuron
                head += 1
            # the rest of the stretch is skipped: one hit is enough
            place = end + next_exponential(words)
    return max(place - end, TINY), head


@compiled
def _resume(
    potentials: Potentials, stretches: Floats, dead: int, progress: Progress, oldest_first: Neurons
) -> tuple[int, float, float]:
    """Return the step since when the variate is being used up, the variate, and the length of a step.

    As in ``event_table``, the variate is not touched while the hazard is the same as before, so that a split call
    repeats the unsplit one to the last bit.
    """
    step, anchor = progress.clock[0], progress.clock[1]
    variate, used, psp = progress.hazard[0], progress.hazard[1], potentials.psp
    now, last_spike, quiet = potentials.now, progress.last_spike, min(psp, dead)
    restore_psps(potentials, last_spike, oldest_first, anchor)
    total = _lay_stretches(stretches, now, potentials.fraction, last_spike, anchor - quiet)
    if variate >= 0.0 and total == used and psp == progress.hazard[2]:
        return anchor, variate, total
    variate = next_exponential(progress.words) if variate < 0.0 else max(variate - used * (step - anchor), TINY)
    restore_psps(potentials, last_spike, oldest_first, step)
    return step, variate, _lay_stretches(stretches, now, potentials.fraction, last_spike, step - quiet)


@compiled
def _run(
    potentials: Potentials, line: _Line, progress: Progress, oldest_first: Neurons, spikes: Spikes, stop: int
) -> int:
    """Simulate until ``stop`` or until the buffers are nearly full; return the number of spikes."""
    last_spike, words, steps, neurons = progress.last_spike, progress.words, spikes.steps, spikes.neurons
    weights, now, increments = potentials.weights, potentials.now, potentials.increments
    slot_steps, slot_of, ring, psp = potentials.slot_steps, potentials.slot_of, potentials.ring, potentials.psp
    fraction, stretches, dead, quiet = potentials.fraction, line.stretches, line.dead, min(psp, line.dead)
    anchor, variate, total = _resume(potentials, stretches, dead, progress, oldest_first)
    head, step, renew = 0, stop, psp > dead + 1
    while True:
        change = _next_change(slot_steps, ring, last_spike, psp, dead, anchor, stop)
        silent = variate / max(total, TINY)
        # the variate is used up before the hazard changes: there is a hit
        if silent < change - anchor:
            # all neurons might spike in this step: stop before it, and let the next call find the same hit
            if head + now.size > steps.size:
                step = anchor
                break
            anchor += int(silent)
            place, asleep = min(variate - int(silent) * total, total * JUST_BELOW_1), anchor - dead
            variate, last = _hits(stretches, now, fraction, words, last_spike, asleep, place, neurons, head)
            start_psps(
                psp, renew, weights, now, increments, slot_steps, slot_of, ring, last_spike, anchor, neurons, head, last
            )
            steps[head:last] = anchor
            head = last
            anchor += 1
        elif change == stop:
            # nothing happens before the end; the variate is kept as it is, so that a cut run repeats the whole one
            break
        else:
            # the old hazard has used a part of the variate; the rest meets the new one
            variate = max(variate - total * (change - anchor), TINY)
            anchor = change
        if ring[1] > 0 and slot_steps[ring[0]] + psp < anchor:
            end_psps(now, increments, ring)
        total = _lay_stretches(stretches, now, fraction, last_spike, anchor - quiet)
    progress.clock[0], progress.clock[1] = step, anchor
    progress.hazard[0], progress.hazard[1], progress.hazard[2] = variate, total, psp
    return head


class ThinningSampler:
    """Draws the spikes of one model of any size, from event to event, a buffer at a time."""

    def __init__(self, model: SamplingModel) -> None:
        network = network_of(model)
        self._potentials = potentials_for(network)
        self._line = _Line(np.zeros(-(-model.n_neurons // 4) * 4), network.dead)

    def advance(self, state: SamplingState, stop: int, spikes: Spikes) -> tuple[int, int]:
        """Move the state towards ``stop``, in place; see ``TableSampler.advance``."""
        order = np.argsort(state.last_spike, kind="stable").astype(np.int32)
        return 0, _run(self._potentials, self._line, progress_of(state), order, spikes, stop)

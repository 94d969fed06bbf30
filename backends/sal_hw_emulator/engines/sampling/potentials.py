"""Membrane potentials of many neurons, kept up to date from spike to spike.

A potential is held as x = log2(exp(u) / tau_ref), the binary logarithm of the odds of a spike, in whole units of
2^-K. Sums of whole numbers are exact: nothing drifts, the order of adding does not matter, and a simulation that is
cut anywhere goes on with the same bits. A weight is rounded once, by at most 2^-23 where every potential fits into 32
bits (|u| below 177; half the memory traffic), else by at most 2^-41 up to |u| of about a million, more coarsely beyond.

exp(u) / tau_ref = 2^x is bounded from above by its chord between whole x, at most 6.2 % higher: writing x into the
exponent and mantissa of a double *is* that chord.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.arguments import Network
from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled, float_of_bits, inlined

#: Whole numbers of 32 or 64 bits.
Fixed: TypeAlias = NDArray[Any]

_EXPONENT_OF_1 = np.int64(1023 << 52)
_EXPONENT_LIMIT = 1000
_MANTISSA = 52
_LARGEST_FRACTION = 40
_SMALLEST_NARROW_FRACTION = 22


class Potentials(NamedTuple):
    """Potentials and the PSPs in flight.

    ``weights``, ``rest`` and ``now`` are in units of 2^-``fraction``; ``increments[slot]`` is what the spikes of
    the step ``slot_steps[slot]`` added and will take away. The slots are a ring: ``ring`` is the oldest slot in use
    and how many are. ``slot_of`` is the slot of each neuron's last spike.
    """

    weights: Fixed
    rest: Fixed
    now: Fixed
    increments: Fixed
    slot_steps: Steps
    slot_of: Steps
    ring: Steps
    fraction: int
    psp: int


def potentials_for(network: Network) -> Potentials:
    """Round the weights of a network and make room for its PSPs."""
    n_neurons = network.biases.size
    rest = network.biases - network.log_tau
    largest = _largest_potential(network.weights, rest) / math.log(2.0)
    whole = max(1, math.ceil(math.log2(max(largest, 1.0))) + 1)
    narrow = 31 - whole >= _SMALLEST_NARROW_FRACTION
    fraction = min(_LARGEST_FRACTION, (31 if narrow else 62) - whole)
    scale, dtype = 2.0**fraction / math.log(2.0), np.int32 if narrow else np.int64
    weights = np.empty(network.weights.shape, dtype)
    _round(network.weights, scale, weights)
    rounded_rest = np.rint(rest * scale).astype(dtype)
    per_neuron = network.psp // (network.dead + 1) + 1
    n_slots = max(1, min(network.psp, n_neurons * per_neuron)) + 1
    return Potentials(
        weights=weights,
        rest=rounded_rest,
        now=rounded_rest.copy(),
        increments=np.zeros((n_slots, n_neurons), dtype),
        slot_steps=np.zeros(n_slots, np.int64),
        slot_of=np.zeros(n_neurons, np.int64),
        ring=np.zeros(2, np.int64),
        fraction=fraction,
        psp=network.psp,
    )


@compiled
def _largest_potential(weights: Floats, rest: Floats) -> float:
    """Bound the size of every potential that can occur."""
    sizes = np.abs(rest)
    for pre in range(rest.size):
        for post in range(rest.size):
            sizes[post] += abs(weights[pre, post])
    return float(sizes.max())


@compiled
def _round(values: Floats, scale: float, rounded: Fixed) -> None:
    """Write values in whole units of 1 / scale."""
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            rounded[row, column] = np.rint(values[row, column] * scale)


@compiled
def bounded_odds(potential: int, fraction: int) -> float:
    """Return an upper bound of 2^x, at most 6.2 % above."""
    limit = np.int64(_EXPONENT_LIMIT) << fraction
    exponent = min(max(np.int64(potential), -limit), limit)
    return float(float_of_bits((exponent << (_MANTISSA - fraction)) + _EXPONENT_OF_1))


@compiled
def odds(potential: int, fraction: int) -> float:
    """Return 2^x, for x within the range of the bound."""
    x = min(max(potential * 2.0**-fraction, -float(_EXPONENT_LIMIT)), float(_EXPONENT_LIMIT))
    return math.exp(math.log(2.0) * x)


@compiled
def _stop_psps(
    psp: int,
    weights: Fixed,
    now: Fixed,
    increments: Fixed,
    slot_of: Steps,
    last_spike: Steps,
    step: int,
    neurons: Neurons,
    first: int,
    last: int,
) -> None:
    """Stop PSPs that neurons which spike at a step would renew, the neurons and arrays as in ``start_psps``."""
    for spike in range(first, last):
        neuron = neurons[spike]
        if step < last_spike[neuron] + psp:
            for post in range(now.size):
                increments[slot_of[neuron], post] -= weights[neuron, post]
                now[post] -= weights[neuron, post]


@inlined
def start_psps(
    psp: int,
    renew: bool,
    weights: Fixed,
    now: Fixed,
    increments: Fixed,
    slot_steps: Steps,
    slot_of: Steps,
    ring: Steps,
    last_spike: Steps,
    step: int,
    neurons: Neurons,
    first: int,
    last: int,
) -> None:
    """Let the neurons from ``first`` to before ``last`` spike: note it and start their PSPs.

    The arrays are those of ``Potentials``, one by one, because taking them from the bundle in every step costs more
    than the work. ``renew``: a neuron may spike while its last PSP is still on, which then starts again.
    """
    # a PSP that is renewed leaves its slot, so that the slot's end does not take the new one away
    if renew:
        _stop_psps(psp, weights, now, increments, slot_of, last_spike, step, neurons, first, last)
    slot = ring[0] + ring[1]
    # slots are used in a ring: PSPs all have one length, so the oldest one ends first
    slot -= slot_steps.size if slot >= slot_steps.size else 0
    for spike in range(first, last):
        slot_of[neurons[spike]] = slot
        last_spike[neurons[spike]] = step
    # a step without spikes takes no slot
    if psp > 0 and last > first:
        _add_rows(weights, now, increments, slot, neurons, first, last)
        slot_steps[slot] = step
        ring[1] += 1


@inlined
def _add_rows(
    weights: Fixed, now: Fixed, increments: Fixed, slot: int, neurons: Neurons, first: int, last: int
) -> None:
    """Add the weights of spiking neurons, four rows at a time, and keep the sum in a slot."""
    increments[slot, :] = 0
    while first + 4 <= last:
        a, b, c, d = neurons[first], neurons[first + 1], neurons[first + 2], neurons[first + 3]
        for post in range(now.size):
            increments[slot, post] += (weights[a, post] + weights[b, post]) + (weights[c, post] + weights[d, post])
        first += 4
    while first < last:
        a = neurons[first]
        for post in range(now.size):
            increments[slot, post] += weights[a, post]
        first += 1
    for post in range(now.size):
        now[post] += increments[slot, post]


@inlined
def end_psps(now: Fixed, increments: Fixed, ring: Steps) -> None:
    """Take the oldest PSPs away."""
    oldest = ring[0]
    for post in range(now.size):
        now[post] -= increments[oldest, post]
    ring[0] = oldest + 1 if oldest + 1 < increments.shape[0] else 0
    ring[1] -= 1


@compiled
def restore_psps(potentials: Potentials, last_spike: Steps, oldest_first: Neurons, step: int) -> None:
    """Start from rest and the PSPs that were on at a step, given all neurons in the order of their last spikes."""
    weights, now, increments = potentials.weights, potentials.now, potentials.increments
    slot_steps, slot_of, ring, psp = potentials.slot_steps, potentials.slot_of, potentials.ring, potentials.psp
    now[:] = potentials.rest
    ring[:] = 0
    first = 0
    # PSPs that have ended
    while first < oldest_first.size and last_spike[oldest_first[first]] + psp < step:
        first += 1
    # the others step by step, the oldest first, as the ring wants them
    while first < oldest_first.size:
        spiked = last_spike[oldest_first[first]]
        last = first
        while last < oldest_first.size and last_spike[oldest_first[last]] == spiked:
            last += 1
        # every neuron comes once, so that none renews a PSP
        start_psps(
            psp,
            False,
            weights,
            now,
            increments,
            slot_steps,
            slot_of,
            ring,
            last_spike,
            spiked,
            oldest_first,
            first,
            last,
        )
        first = last

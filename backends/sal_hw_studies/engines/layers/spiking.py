"""Time-stepped simulation of a stack: every neuron draws in every step, only spikes move potentials."""

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Neurons, Steps, compiled, inlined
from sal_hw_emulator.engines.sampling.potentials import Fixed, bounded_odds, odds
from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at
from sal_hw_studies.engines.layers.potentials import Stack, exchange_psps


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
    head: int,
) -> int:
    """Write the neurons that spike from ``chosen[head]`` on; return where they end.

    A neuron spikes if its uniform number r has r / (1 - r) < 2^x. A bound without exponential decides nearly all.
    """
    # a pass without branches over all neurons, which is vectorised
    for neuron in range(now.size):
        uniform = unit_interval(word_at(key, offset + np.uint64(neuron)))
        below = uniform < bounded_odds(now[neuron], fraction) * (1.0 - uniform)
        passes[neuron] = below & (last_spike[neuron] < awake)
    for neuron in range(now.size):
        if passes[neuron]:
            # drawing the same number again costs less than keeping all of them
            uniform = unit_interval(word_at(key, offset + np.uint64(neuron)))
            if uniform < odds(now[neuron], fraction) * (1.0 - uniform):
                chosen[head] = neuron
                head += 1
    return head


@compiled
def run_steps(
    stack: Stack,
    psp: int,
    dead: int,
    key: np.uint64,
    last_spike: Steps,
    passes: NDArray[np.uint8],
    steps: Steps,
    neurons: Neurons,
    tail: int,
    head: int,
    begin: int,
    end: int,
) -> tuple[int, int]:
    """Simulate the steps from ``begin`` to before ``end``.

    ``steps[tail:head]`` and ``neurons[tail:head]`` are the spikes whose PSPs are on; new ones are written behind.
    Returns the new tail and head.
    """
    now, fraction = stack.now, stack.fraction
    for step in range(begin, end):
        # random numbers belong to step and neuron, so that a cut run repeats the whole one
        offset = np.uint64(step) * np.uint64(now.size)
        last = _draw(now, fraction, last_spike, step - dead, key, offset, passes, neurons, head)
        for spike in range(head, last):
            steps[spike] = step
            last_spike[neurons[spike]] = step
        # all PSPs have one length, so those that end are the oldest ones
        ended = tail
        while ended < head and steps[ended] == step - psp:
            ended += 1
        # PSPs end and begin in one pass over the potentials
        exchange_psps(stack, neurons, head, last, tail, ended)
        tail, head = ended, last
    return tail, head

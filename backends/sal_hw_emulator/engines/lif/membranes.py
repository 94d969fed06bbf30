"""One step of all membranes, and the events that reach them."""

import math

import numpy as np

from sal_hw_emulator.engines.lif.arrays import Background, External, Integers, Neurons, Singles, Tiles
from sal_hw_emulator.engines.sampling.compiled import inlined
from sal_hw_emulator.engines.sampling.random_words import next_exponential, next_word, unit_interval

#: currents below this are set to zero, since numbers near the smallest ones are slow
_NOTHING = 1e-200

_A, _B, _C = np.uint64(13), np.uint64(7), np.uint64(17)
_LOW = np.uint64(0xFFFF)
_16, _32, _48 = np.uint64(16), np.uint64(32), np.uint64(48)
_MIDDLE = 2.0 * 65535.0
#: makes the sum of four uniform 16-bit numbers have variance 1
_UNIT_VARIANCE = 1.0 / math.sqrt(4.0 * (65536.0**2 - 1.0) / 12.0)


@inlined
def next_xorshift(word: np.uint64) -> np.uint64:
    """Advance a 64-bit xorshift generator (Marsaglia, 2003); one per neuron or column, so loops have vectors."""
    word ^= word << _A
    word ^= word >> _B
    word ^= word << _C
    return np.uint64(word)


@inlined
def bell(word: np.uint64) -> float:
    """Return the sum of the word's four 16-bit numbers, with mean 0 and variance 1: nearly Gaussian, at most 3.46."""
    total = float(word & _LOW) + float((word >> _16) & _LOW)
    total += float((word >> _32) & _LOW) + float(word >> _48)
    return (total - _MIDDLE) * _UNIT_VARIANCE


@inlined
def integrate(neurons: Neurons, step: float, noisy: bool) -> int:
    """Advance currents and membranes by one step, exactly for constant parameters and no spikes.

    Returns how many membranes are above their threshold.
    """
    v, current_exc, current_inh = neurons.v, neurons.current_exc, neurons.current_inh
    until, v_leak, v_threshold = neurons.until, neurons.v_leak, neurons.v_threshold
    decay_mem, decay_exc, decay_inh = neurons.decay_mem, neurons.decay_exc, neurons.decay_inh
    push_exc, push_inh = neurons.push_exc, neurons.push_inh
    if noisy:
        words, noise = neurons.words, neurons.noise
        for n in range(len(v)):
            words[n] = next_xorshift(words[n])
            v[n] += noise[n] * bell(words[n]) if until[n] <= step else 0.0
    above = 0
    for n in range(len(v)):
        exc, inh = current_exc[n], current_inh[n]
        moved = v_leak[n] + (v[n] - v_leak[n]) * decay_mem[n] + exc * push_exc[n] - inh * push_inh[n]
        free = until[n] <= step
        v[n] = moved if free else v[n]
        # a reset potential above the threshold makes no spikes while the neuron is refractory
        above += 1 if free and moved > v_threshold[n] else 0
        exc *= decay_exc[n]
        inh *= decay_inh[n]
        current_exc[n] = exc if exc > _NOTHING else 0.0
        current_inh[n] = inh if inh > _NOTHING else 0.0
    return above


@inlined
def find_spikes(neurons: Neurons, step: float, spiking: Integers, expected: int) -> int:
    """Reset the neurons above threshold, list them in `spiking` and return how many they are."""
    v, v_threshold = neurons.v, neurons.v_threshold
    found = 0
    for n in range(len(v)):
        if v[n] > v_threshold[n] and neurons.until[n] <= step:
            v[n] = neurons.v_reset[n]
            neurons.until[n] = step + neurons.refractory[n]
            neurons.counts[n] += 1
            spiking[found] = n
            found += 1
            if found == expected:
                break
    return found


@inlined
def _excite(neurons: Neurons, n: int, weight: float, inhibitory: int) -> None:
    if inhibitory:
        neurons.current_inh[n] += weight
    else:
        neurons.current_exc[n] += weight


@inlined
def deliver_noise(neurons: Neurons, background: Background, step: float) -> None:
    """Deliver the generators' events of this step; each event reaches the neuron of a random train."""
    for g in range(len(background.size)):
        upcoming, words = background.upcoming[g], background.words[g]
        while upcoming < step + 1.0:
            train = int(unit_interval(next_word(words)) * background.size[g])
            place = background.target_start[g] + train
            n = background.target[place]
            if n >= 0:
                _excite(neurons, n, background.weight[place], background.inhibitory[place])
            upcoming += next_exponential(words) / background.rate[g]
        background.upcoming[g] = upcoming


@inlined
def deliver_external(neurons: Neurons, external: External, step: int) -> None:
    """Deliver the given spikes of this step."""
    place = external.done[0]
    while place < len(external.step) and external.step[place] <= step:
        _excite(neurons, external.target[place], external.weight[place], external.inhibitory[place])
        place += 1
    external.done[0] = place


@inlined
def deliver_spike(neurons: Neurons, tiles: Tiles, weights: Singles, source: int) -> None:
    """Deliver the spike of one neuron to all its targets."""
    for place in range(tiles.of_source_start[source], tiles.of_source_start[source + 1]):
        tile = tiles.of_source[place]
        first = tiles.base[tile] + (source - tiles.source[tile]) * tiles.stride[tile]
        currents = neurons.current_inh if tiles.inhibitory[tile] else neurons.current_exc
        target, columns = tiles.target[tile], tiles.columns[tile]
        onto, added = currents[target : target + columns], weights[first : first + columns]
        for column in range(columns):
            onto[column] += added[column]

"""The loop over ticks of a chunk, from rest."""

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import compiled, inlined
from sal_hw_spinnaker.emulation.ticks.arrays import (
    EXCITATORY,
    INHIBITORY,
    Given,
    Integers,
    Neurons,
    Records,
    Singles,
    Synapses,
)


@inlined
def _take_input(neurons: Neurons, current: Singles, arriving: Integers) -> None:
    """Let currents decay and add what arrives in this tick."""
    for receptor in range(2):
        for n in range(current.shape[1]):
            decayed = current[receptor, n] * neurons.decay[receptor, n]
            current[receptor, n] = decayed + np.float32(arriving[receptor, n])
            arriving[receptor, n] = 0


@inlined
def _integrate(neurons: Neurons, v: Singles, current: Singles, wait: Integers, spiking: Integers) -> int:
    """Advance potentials by one tick, list the neurons that spike and return how many they are."""
    found = 0
    for n in range(len(v)):
        if wait[n] > 0:
            wait[n] -= 1
            continue
        total = current[EXCITATORY, n] + current[INHIBITORY, n] + neurons.offset[n]
        v[n] = v[n] * neurons.alpha[n] + total
        if v[n] >= neurons.threshold[n]:
            v[n] = neurons.v_reset[n]
            wait[n] = neurons.refractory[n]
            spiking[found] = n
            found += 1
    return found


@inlined
def _add(arriving: Integers, slot: int, n: int, weight: int) -> None:
    arriving[slot, EXCITATORY if weight >= 0 else INHIBITORY, n] += weight


@inlined
def _deliver(synapses: Synapses, arriving: Integers, source: int, tick: int) -> None:
    slots = arriving.shape[0]
    for block in range(len(synapses.base)):
        row = source - synapses.source[block]
        if row < 0 or row >= synapses.rows[block]:
            continue
        first = synapses.base[block] + row * synapses.columns[block]
        slot = (tick + synapses.delay[block]) % slots
        for column in range(synapses.columns[block]):
            _add(arriving, slot, synapses.target[block] + column, synapses.weights[first + column])


@compiled
def run_chunk(
    ticks: int,
    neurons: Neurons,
    synapses: Synapses,
    given: Given,
    records: Records,
    slots: int,
    input_first: bool,
) -> int:
    """Run a network from rest and return how many ticks were run: fewer if the record of spikes is full.

    Parameters
    ----------
    slots
        One more than the longest delay.
    input_first
        Whether currents take in what arrives in a tick before potentials move in it, or after.
    """
    size, place = len(neurons.threshold), 0
    v, wait = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.int64)
    # a chunk starts from rest, as the machine does
    current = np.zeros((2, size), dtype=np.float32)
    arriving = np.zeros((slots, 2, size), dtype=np.int64)
    spiking = np.empty(size, dtype=np.int64)
    for tick in range(ticks):
        # every neuron might spike in a tick, and no spike may be lost: the caller takes a longer record
        if records.filled[0] + size > len(records.tick):
            return tick
        slot = tick % slots
        # the machine's own order is not published, so both can be run
        if input_first:
            _take_input(neurons, current, arriving[slot])
        spikes = _integrate(neurons, v, current, wait, spiking)
        if not input_first:
            _take_input(neurons, current, arriving[slot])
        # delays are at least one tick, so that no spike acts in its own
        for found in range(spikes):
            _deliver(synapses, arriving, spiking[found], tick)
            records.tick[records.filled[0]] = tick
            records.neuron[records.filled[0]] = spiking[found]
            records.filled[0] += 1
        # given events, too, arrive in the next tick
        while place < len(given.tick) and given.tick[place] <= tick:
            _add(arriving, (tick + 1) % slots, given.target[place], given.weight[place])
            place += 1
        for found in range(len(records.recorded)):
            records.potentials[tick, found] = v[records.recorded[found]]
    return ticks

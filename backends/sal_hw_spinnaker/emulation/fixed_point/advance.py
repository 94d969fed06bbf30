"""The loop over steps."""

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import compiled, inlined
from sal_hw_emulator.engines.sampling.random_words import next_exponential, next_word, unit_interval
from sal_hw_spinnaker.emulation.fixed_point.arrays import (
    DECAY_BITS,
    EXCITATORY,
    FRACTION_BITS,
    HISTORY,
    INHIBITORY,
    LARGEST_WORD,
    Buffers,
    Given,
    Integers,
    Neurons,
    Noise,
    Records,
    Rules,
    Synapses,
    Traces,
)
from sal_hw_spinnaker.emulation.fixed_point.stdp import remember_post, remember_pre, updated_word


@inlined
def _take_input(neurons: Neurons, buffers: Buffers, slot: int) -> None:
    """Add what the ring buffers hold for this step to the currents, and empty them."""
    for receptor in range(2):
        words, current = buffers.words[receptor, slot], neurons.current[receptor]
        shift, initial = neurons.shift[receptor], neurons.initial[receptor]
        for n in range(len(words)):
            if words[n]:
                current[n] += ((words[n] << shift[n]) * initial[n]) >> DECAY_BITS
                words[n] = 0


@inlined
def _integrate(neurons: Neurons, spiking: Integers) -> int:
    """Advance membranes and currents by one step, list the neurons that spike and return how many they are."""
    found = 0
    for n in range(len(neurons.v)):
        if neurons.wait[n] > 0:
            neurons.wait[n] -= 1
        else:
            end = neurons.drive[n] + neurons.current[EXCITATORY, n] - neurons.current[INHIBITORY, n]
            neurons.v[n] = end - (((end - neurons.v[n]) * neurons.decay_mem[n]) >> FRACTION_BITS)
            if neurons.v[n] >= neurons.v_threshold[n]:
                neurons.v[n] = neurons.v_reset[n]
                neurons.wait[n] = neurons.refractory[n]
                neurons.counts[n] += 1
                spiking[found] = n
                found += 1
        for receptor in range(2):
            neurons.current[receptor, n] = (neurons.current[receptor, n] * neurons.decay[receptor, n]) >> DECAY_BITS
    return found


@inlined
def _add(buffers: Buffers, receptor: int, slot: int, n: int, word: int) -> None:
    """Add a word to a ring buffer, which saturates."""
    total = buffers.words[receptor, slot, n] + word
    if total > LARGEST_WORD:
        total = LARGEST_WORD
        buffers.saturated[0] += 1
    buffers.words[receptor, slot, n] = total


@inlined
def _count_lost(traces: Traces, synapses: Synapses, block: int, row: int) -> None:
    """Count histories that no longer reach back to the last pre spike of this row, if there was one to pair with."""
    if traces.pre_trace[row] == 0:
        return
    for column in range(synapses.columns[block]):
        n = synapses.target[block] + column
        if (
            traces.post_last[n] == HISTORY - 1
            and traces.post_trace[n, 0] > 0
            and traces.post_step[n, 0] > traces.pre_step[row]
        ):
            traces.lost[0] += 1


@inlined
def _deliver(synapses: Synapses, rules: Rules, traces: Traces, buffers: Buffers, source: int, step: int) -> None:
    """Deliver the spike of one neuron to all its targets, through synapses that learn from it first."""
    slots = buffers.words.shape[1]
    for place in range(synapses.of_source_start[source], synapses.of_source_start[source + 1]):
        block = synapses.of_source[place]
        number = source - synapses.source[block]
        first = synapses.base[block] + number * synapses.columns[block]
        rule, row, delay = synapses.rule[block], synapses.trace[block] + number, synapses.delay[block]
        slot = (step + delay) % slots
        # the history is as short as the machine's; what it has forgotten is counted, since learning then errs
        if rule >= 0:
            _count_lost(traces, synapses, block, row)
        for column in range(synapses.columns[block]):
            # the machine stores no synapse here
            if synapses.exists[first + column] == 0:
                continue
            n = synapses.target[block] + column
            # a synapse catches up on the post spikes since its last pre spike before it transmits, as on the machine
            if rule >= 0:
                # post spikes count when they happen, whatever the delay: the machine is told so
                synapses.words[first + column] = updated_word(
                    synapses.words[first + column], rules, rule, traces, n, row, 0, step
                )
            _add(buffers, synapses.receptor[block], slot, n, synapses.words[first + column])
        # all synapses of the row have learned from the old trace by now
        if rule >= 0:
            remember_pre(traces, rules, rule, row, step)


@inlined
def _deliver_noise(noise: Noise, buffers: Buffers, step: int) -> None:
    """Deliver the events of this step, one step later; each event is one of a random train."""
    slot = (step + 1) % buffers.words.shape[1]
    for source in range(len(noise.size)):
        upcoming, words = noise.upcoming[source], noise.random[source]
        while upcoming < step + 1.0:
            train = int(unit_interval(next_word(words)) * noise.size[source])
            place, n = noise.start[source] + train, noise.first[source] + train
            for receptor in range(2):
                if noise.weight[receptor, place]:
                    _add(buffers, receptor, slot, n, noise.weight[receptor, place])
            upcoming += next_exponential(words) / noise.rate[source]
        noise.upcoming[source] = upcoming


@inlined
def _deliver_given(given: Given, buffers: Buffers, step: int) -> None:
    """Deliver the given events of this step, one step later."""
    place, slot = given.done[0], (step + 1) % buffers.words.shape[1]
    while place < len(given.step) and given.step[place] <= step:
        _add(buffers, given.receptor[place], slot, given.target[place], given.weight[place])
        place += 1
    given.done[0] = place


@inlined
def _record(neurons: Neurons, records: Records, step: int, spiking: Integers, spikes: int) -> None:
    for place in range(spikes):
        records.spike_step[records.filled[0]] = step
        records.spike_neuron[records.filled[0]] = spiking[place]
        records.filled[0] += 1
    if records.membrane_every[0] > 0 and step % records.membrane_every[0] == 0:
        for place in range(len(records.membrane_neuron)):
            value = neurons.v[records.membrane_neuron[place]]
            records.membrane[records.filled[1], place] = value / float(1 << FRACTION_BITS)
        records.filled[1] += 1


@compiled
def advance(
    first: int,
    steps: int,
    neurons: Neurons,
    buffers: Buffers,
    synapses: Synapses,
    rules: Rules,
    traces: Traces,
    noise: Noise,
    given: Given,
    records: Records,
) -> int:
    """Run up to `steps` steps and return how many were run: fewer if the record of spikes is full.

    In each step: the ring buffers' words of this step become currents, membranes move, neurons at threshold spike, all
    histories take in this step's post spikes, then synapses learn from and deliver its pre spikes.
    """
    size = len(neurons.v)
    spiking = np.empty(size, dtype=np.int64)
    for done in range(steps):
        # every neuron might spike in a step, and no spike may be lost: the caller empties the record and goes on
        if records.filled[0] + size > len(records.spike_step):
            return done
        step = first + done
        # a slot of the ring is free for new events once its words are taken
        _take_input(neurons, buffers, step % buffers.words.shape[1])
        spikes = _integrate(neurons, spiking)
        # all post spikes enter the histories first, since the machine has seen them when pre spikes arrive
        for place in range(spikes):
            # histories of neurons without learning synapses are not kept
            if traces.rule[spiking[place]] >= 0:
                remember_post(traces, rules, spiking[place], step)
        # in the order of neurons, since words saturate and so depend on it
        for place in range(spikes):
            _deliver(synapses, rules, traces, buffers, spiking[place], step)
        # events arrive after spikes, one step later, as packets do
        _deliver_noise(noise, buffers, step)
        _deliver_given(given, buffers, step)
        _record(neurons, records, step, spiking, spikes)
    return steps

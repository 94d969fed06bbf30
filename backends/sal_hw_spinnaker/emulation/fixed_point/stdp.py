"""Pair STDP as the machine computes it: traces of 16 bits, tables, deferred updates, floors and one-sided clamps.

A synapse is updated only when a pre spike arrives: first come the post spikes since the last pre spike, each adding to
the weight and then bounded from above only, then the pre spike itself, subtracting and bounded from below only. The
weight is widened to S16.15 for that, and cut to 16 bits afterwards without a check.
"""

from sal_hw_emulator.engines.sampling.compiled import compiled, inlined
from sal_hw_spinnaker.emulation.fixed_point.arrays import (
    ALL,
    FRACTION_BITS,
    HISTORY,
    LARGEST_WORD,
    PAIRS,
    SIMULTANEOUS,
    TRACE_BITS,
    Integers,
    Rules,
    Synapses,
    Traces,
)

_ONE = 1 << TRACE_BITS
_TO_FRACTION = FRACTION_BITS - TRACE_BITS


@inlined
def wrapped_16(number: int) -> int:
    """Cut a whole number to 16 bits with sign."""
    low = number & LARGEST_WORD
    return low - (1 << 16) if low > 0x7FFF else low


@inlined
def decayed(trace: int, elapsed: int, table: Integers, start: int, length: int) -> int:
    """Return a trace after some steps; beyond the table it is 0."""
    return (trace * table[start + elapsed]) >> TRACE_BITS if elapsed < length else 0


@inlined
def change(amplitude: int, trace: int) -> int:
    """Return amplitude times trace in S16.15, rounded down."""
    return (amplitude * (trace << _TO_FRACTION)) >> FRACTION_BITS


@compiled
def remember_post(traces: Traces, rules: Rules, neuron: int, step: int) -> None:
    """Add a post spike to its neuron's history; a full one loses its oldest spike."""
    rule, last = traces.rule[neuron], traces.post_last[neuron]
    elapsed = step - traces.post_step[neuron, last]
    trace = decayed(
        traces.post_trace[neuron, last], elapsed, rules.table, rules.minus_start[rule], rules.minus_length[rule]
    )
    if last == HISTORY - 1:
        for entry in range(1, HISTORY):
            traces.post_step[neuron, entry - 1] = traces.post_step[neuron, entry]
            traces.post_trace[neuron, entry - 1] = traces.post_trace[neuron, entry]
    else:
        last += 1
        traces.post_last[neuron] = last
    traces.post_step[neuron, last] = step
    traces.post_trace[neuron, last] = wrapped_16(trace + _ONE)


@compiled
def remember_pre(traces: Traces, rules: Rules, rule: int, row: int, step: int) -> None:
    """Replace the last pre spike of a row, and its trace, by a new one."""
    trace = decayed(
        traces.pre_trace[row],
        step - traces.pre_step[row],
        rules.table,
        rules.plus_start[rule],
        rules.plus_length[rule],
    )
    traces.pre_step[row] = step
    traces.pre_trace[row] = wrapped_16(trace + _ONE)


@compiled
def updated_word(
    word: int, rules: Rules, rule: int, traces: Traces, neuron: int, row: int, delay: int, step: int
) -> int:
    """Return the word of a synapse after a pre spike.

    Parameters
    ----------
    word
        Before it.
    rule, neuron, row
        The synapse's rule, its post neuron, and the place of its source's last pre spike.
    delay
        Steps from a post spike at the soma to the synapse: the whole delay is dendritic.
    step
        Time of the pre spike.
    """
    # the machine computes with more binary places than a word has, and cuts them off at the end
    weight = word << rules.shift[rule]
    last_pre, pre_trace = traces.pre_step[row], traces.pre_trace[row]
    before = 0
    # the post spikes that arrived up to now, the oldest first: bounds apply after each change
    for entry in range(1, traces.post_last[neuron] + 1):
        arrival = traces.post_step[neuron, entry] + delay
        # later post spikes have not reached the synapse; the next pre spike finds them
        if arrival > step:
            break
        before = entry
        # those before the last pre spike have been seen by it
        if arrival > last_pre:
            trace = decayed(pre_trace, arrival - last_pre, rules.table, rules.plus_start[rule], rules.plus_length[rule])
            gained = change(rules.amplitude_plus[rule], trace)
            traces.changes[ALL] += abs(gained)
            weight = min(weight + gained, rules.weight_max[rule])
    # the present pre spike then sees the trace of the last post spike before it
    elapsed = step - traces.post_step[neuron, before] - delay
    trace = 0
    # with a dendritic delay even the oldest entry may lie ahead
    if elapsed >= 0:
        trace = decayed(
            traces.post_trace[neuron, before],
            elapsed,
            rules.table,
            rules.minus_start[rule],
            rules.minus_length[rule],
        )
    lost = change(rules.amplitude_minus[rule], trace)
    traces.changes[ALL] += abs(lost)
    # a post spike of the same step counts as one before
    if elapsed == 0 and before > 0 and rules.amplitude_minus[rule] != 0:
        traces.changes[PAIRS] += 1
        traces.changes[SIMULTANEOUS] += abs(change(rules.amplitude_minus[rule], _ONE))
    weight = max(weight - lost, rules.weight_min[rule])
    return int((weight >> rules.shift[rule]) & LARGEST_WORD)


@compiled
def caught_up_word(word: int, rules: Rules, rule: int, traces: Traces, neuron: int, row: int) -> int:
    """Return the word of a synapse with the post spikes since its last pre spike, for which the machine waits.

    Parameters
    ----------
    word
        What is stored.
    rule, neuron, row
        As of :func:`updated_word`.
    """
    weight = word << rules.shift[rule]
    for entry in range(1, traces.post_last[neuron] + 1):
        elapsed = traces.post_step[neuron, entry] - traces.pre_step[row]
        if elapsed > 0:
            trace = decayed(
                traces.pre_trace[row], elapsed, rules.table, rules.plus_start[rule], rules.plus_length[rule]
            )
            weight = min(weight + change(rules.amplitude_plus[rule], trace), rules.weight_max[rule])
    return int((weight >> rules.shift[rule]) & LARGEST_WORD)


@compiled
def caught_up(synapses: Synapses, rules: Rules, traces: Traces) -> Integers:
    """Return all words as they would be with the post spikes that they wait for."""
    words = synapses.words.copy()
    for block in range(len(synapses.base)):
        rule, columns = synapses.rule[block], synapses.columns[block]
        end = synapses.base[block + 1] if block + 1 < len(synapses.base) else len(words)
        for place in range(synapses.base[block], end) if rule >= 0 else range(0):
            if synapses.exists[place]:
                row, column = divmod(place - synapses.base[block], columns)
                words[place] = caught_up_word(
                    words[place], rules, rule, traces, synapses.target[block] + column, synapses.trace[block] + row
                )
    return words


@compiled
def learn_from(synapses: Synapses, rules: Rules, traces: Traces, source: int, step: int) -> None:
    """Update all learning synapses of a neuron that spikes, and remember that it did."""
    for place in range(synapses.of_source_start[source], synapses.of_source_start[source + 1]):
        block = synapses.of_source[place]
        rule, number = synapses.rule[block], source - synapses.source[block]
        if rule >= 0:
            row, first = synapses.trace[block] + number, synapses.base[block] + number * synapses.columns[block]
            for column in range(synapses.columns[block]):
                word, neuron = synapses.words[first + column], synapses.target[block] + column
                if synapses.exists[first + column]:
                    word = updated_word(word, rules, rule, traces, neuron, row, 0, step)
                synapses.words[first + column] = word
            remember_pre(traces, rules, rule, row, step)


@compiled
def replay(synapses: Synapses, rules: Rules, traces: Traces, steps: Integers, neurons: Integers) -> None:
    """Learn from given spikes, in order of time."""
    begin = 0
    for end in range(1, len(steps) + 1):
        if end == len(steps) or steps[end] != steps[begin]:
            for place in range(begin, end):
                if traces.rule[neurons[place]] >= 0:
                    remember_post(traces, rules, neurons[place], steps[place])
            for place in range(begin, end):
                learn_from(synapses, rules, traces, neurons[place], steps[place])
            begin = end

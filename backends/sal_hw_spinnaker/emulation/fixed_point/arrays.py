"""What the compiled loops of this engine work on: named tuples of arrays, which the compiler can see through.

Potentials, currents and weights in an update are S16.15 numbers: whole numbers in steps of ``2**-15`` mV. Stored
weights are words of 16 bits; a word shifted left by its ring buffer's shift is an S16.15 number. Times are steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
WordArray = NDArray[np.uint64]

EXCITATORY, INHIBITORY = 0, 1
#: fractional bits of potentials, currents and weights in an update
FRACTION_BITS = 15
#: fractional bits of decay factors and of the factor that makes a weight a current
DECAY_BITS = 32
#: fractional bits of traces and window tables
TRACE_BITS = 11
#: entries of a neuron's post history; entry 0 is only looked at for what came before the others
HISTORY = 16
LARGEST_WORD = 2**16 - 1
#: places in `Traces.changes`
PAIRS, SIMULTANEOUS, ALL = 0, 1, 2


class Neurons(NamedTuple):
    """Parameters and state of the neurons, each of shape (neurons,), those of receptors (2, neurons).

    ``wait`` is for how many more steps a neuron does not integrate. ``decay_mem`` has 15 fractional bits, ``decay`` and
    ``initial`` (the mean over a step of a current that begins as 1) have 32. ``shift`` makes a ring buffer's words
    S16.15 numbers. ``drive`` is the resting potential and the constant drive.
    """

    v: Integers
    current: Integers
    wait: Integers
    drive: Integers
    v_reset: Integers
    v_threshold: Integers
    decay_mem: Integers
    decay: Integers
    initial: Integers
    shift: Integers
    refractory: Integers
    counts: Integers


class Buffers(NamedTuple):
    """Ring buffers, shape (2, slots, neurons), in words; ``saturated`` counts sums that were cut at 65535."""

    words: Integers
    saturated: Integers


class Synapses(NamedTuple):
    """Blocks of synapses, one entry per block: rows of consecutive sources times consecutive targets.

    A block's synapse (row, column) stands at ``base + row * columns + column`` of ``words`` and ``exists``. ``rule`` is
    -1 for static blocks. A learning block's row has its last pre spike and trace at ``trace + row``. The blocks of a
    source neuron are ``of_source[of_source_start[n]:of_source_start[n + 1]]``.
    """

    base: Integers
    source: Integers
    target: Integers
    columns: Integers
    receptor: Integers
    delay: Integers
    rule: Integers
    trace: Integers
    words: Integers
    exists: Integers
    of_source_start: Integers
    of_source: Integers


class Rules(NamedTuple):
    """Parameters of STDP, one entry per rule: amplitudes and bounds S16.15, and where its tables lie in ``table``."""

    amplitude_plus: Integers
    amplitude_minus: Integers
    weight_min: Integers
    weight_max: Integers
    shift: Integers
    plus_start: Integers
    plus_length: Integers
    minus_start: Integers
    minus_length: Integers
    table: Integers


class Traces(NamedTuple):
    """What STDP remembers of spikes.

    ``pre_step``, ``pre_trace`` have one entry per row of learning blocks. ``post_step``, ``post_trace`` have shape
    (neurons, 16), oldest first, of which ``post_last`` is the newest entry; ``rule`` is a neuron's rule, or -1.
    ``lost`` counts the updates of a synapse that came too late for a post spike, which its history had dropped.
    ``changes`` has the number of pairs of simultaneous spikes, and the sizes of their changes and of all, S16.15.
    """

    pre_step: Integers
    pre_trace: Integers
    post_step: Integers
    post_trace: Integers
    post_last: Integers
    rule: Integers
    lost: Integers
    changes: Integers


class Noise(NamedTuple):
    """Poisson sources, one entry per source; each has a train per target neuron ``first`` .. ``first + size - 1``.

    ``rate`` is events per step of all trains, ``upcoming`` the time of the next event, ``words`` its random numbers.
    The weight of a train, in words, stands at ``[receptor, start + train]`` of ``weight``.
    """

    size: Integers
    first: Integers
    rate: NDArray[np.float64]
    upcoming: NDArray[np.float64]
    random: WordArray
    start: Integers
    weight: Integers


class Given(NamedTuple):
    """Given events in order of time: step, neuron, receptor and weight in words; ``done`` counts those delivered."""

    step: Integers
    target: Integers
    receptor: Integers
    weight: Integers
    done: Integers


class Machine(NamedTuple):
    """All parameters and the whole state of a network."""

    neurons: Neurons
    buffers: Buffers
    synapses: Synapses
    rules: Rules
    traces: Traces
    noise: Noise
    given: Given


class Records(NamedTuple):
    """Where spikes and membranes go; ``filled`` counts spikes and membrane samples."""

    spike_step: Integers
    spike_neuron: NDArray[np.int32]
    membrane: NDArray[np.float64]
    membrane_neuron: Integers
    membrane_every: Integers
    filled: Integers

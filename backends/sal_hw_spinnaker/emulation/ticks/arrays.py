"""What the compiled loop of this engine works on: named tuples of arrays, which the compiler can see through.

Potentials and currents are single-precision numbers without a unit, weights are whole numbers, times are ticks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Integers = NDArray[np.int64]

EXCITATORY, INHIBITORY = 0, 1


class Neurons(NamedTuple):
    """Parameters of the neurons, each of shape (neurons,), ``decay`` of shape (2, neurons).

    ``alpha`` is what is left of a potential after a tick, ``decay`` of a current. ``refractory`` is for how many ticks
    a neuron does not integrate after a spike.
    """

    alpha: Singles
    decay: Singles
    offset: Singles
    threshold: Singles
    v_reset: Singles
    refractory: Integers


class Synapses(NamedTuple):
    """Blocks of synapses, one entry per block: rows of consecutive sources times consecutive targets.

    A block's synapse (row, column) has the weight ``weights[base + row * columns + column]``.
    """

    base: Integers
    source: Integers
    rows: Integers
    target: Integers
    columns: Integers
    delay: Integers
    weights: Integers


class Given(NamedTuple):
    """Input spikes in order of time, each array of shape (spikes,); ``weight`` has a sign."""

    tick: Integers
    target: Integers
    weight: Integers


class Records(NamedTuple):
    """What is recorded: spikes with a counter, and potentials, shape (ticks, recorded neurons)."""

    tick: Integers
    neuron: Integers
    filled: Integers
    recorded: Integers
    potentials: Singles

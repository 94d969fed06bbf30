"""What the compiled loops of this engine work on: named tuples of arrays, which the compiler can see through.

Neurons are numbered through; a *source* is a neuron. Synapses lie in *tiles*: rows of consecutive sources times
consecutive target neurons, of one polarity. A tile's synapse (row, column) stands at ``base + row * stride + column``
of the flat arrays; tiles with sensors have a second place, ``sensor + row * stride + column``, in the sensor
arrays, and ``turned + column * turned_stride + row`` in those that are read along columns. Potentials and weights
are in one common unit, times in steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

#: a last spike so long ago that no sensor remembers it
NEVER = -1e15


class Neurons(NamedTuple):
    """Parameters and state of the neurons, each of shape (neurons,).

    ``push`` is what one unit of synaptic current adds to the membrane in a step; ``noise`` scales the membrane's
    own noise; ``until`` is the first step at which the neuron integrates again; ``last_spike`` is the step of the
    last spike.
    """

    v: Doubles
    current_exc: Doubles
    current_inh: Doubles
    until: Doubles
    v_leak: Doubles
    v_reset: Doubles
    v_threshold: Doubles
    decay_mem: Doubles
    decay_exc: Doubles
    decay_inh: Doubles
    push_exc: Doubles
    push_inh: Doubles
    noise: Doubles
    refractory: Doubles
    last_spike: Doubles
    counts: Integers
    words: Words


class Tiles(NamedTuple):
    """The tiles, each array of shape (tiles,); ``sensor`` is -1 where a tile has no sensors.

    ``all_pairs`` is 1 where the sensors pair a spike with each earlier one, 0 for the last one only.
    """

    base: Integers
    rows: Integers
    columns: Integers
    stride: Integers
    source: Integers
    target: Integers
    inhibitory: Integers
    sensor: Integers
    turned: Integers
    turned_stride: Integers
    all_pairs: Integers
    of_source_start: Integers
    of_source: Integers
    of_target_start: Integers
    of_target: Integers


class Background(NamedTuple):
    """Poisson events of the generators, with the neuron that each train reaches, or -1."""

    size: Integers
    rate: Doubles
    upcoming: Doubles
    words: Words
    target_start: Integers
    target: Integers
    weight: Doubles
    inhibitory: Integers


class External(NamedTuple):
    """Given spikes in order of time, and how many have been delivered."""

    step: Integers
    target: Integers
    weight: Doubles
    inhibitory: Integers
    done: Integers


class Sensors(NamedTuple):
    """Correlation sensors: what they hold, and each one's amplitude and inverse time constant (per step).

    ``past_causal`` and ``past_anticausal`` are what the partner's spikes up to its last one are worth at that one:
    ``sum exp(-(t_last - t)/tau)`` for all pairs, 1 for nearest ones. What a post spike reads of the causal ones lies
    along columns (``turned``), all else along rows.
    """

    causal: Singles
    anticausal: Singles
    amplitude_causal: Singles
    rate_causal: Singles
    amplitude_anticausal: Singles
    rate_anticausal: Singles
    past_causal: Singles
    past_anticausal: Singles


class Readout(NamedTuple):
    """How the plasticity processor sees sensors and weights: baselines, noise, codes and their strength.

    ``seen_causal`` and ``seen_anticausal`` keep the last reading of each sensor, or have no entries.
    """

    baseline_causal: Singles
    baseline_anticausal: Singles
    noise_causal: Singles
    noise_anticausal: Singles
    code: Singles
    strength: Singles
    constants: Singles
    noise_words: Words
    random_words: Words
    seen_causal: Singles
    seen_anticausal: Singles


class Schedule(NamedTuple):
    """The rows of each processor in the order of its updates, and where it is.

    ``start`` and ``rows`` bound a processor's part of ``tile`` and ``row``. ``progress`` has shape
    (processors, 5): next row, step at which the running update began, step of the next period, updates begun,
    updates missed. ``kernel`` is the tile's kernel, ``constant`` its first row of constants.
    """

    start: Integers
    rows: Integers
    period: Doubles
    row_time: Doubles
    tile: Integers
    row: Integers
    kernel: Integers
    constant: Integers
    progress: Doubles
    saturated: Integers


class Kernels(NamedTuple):
    """The address of each kernel's code, see ``kernel_code``, and how often it draws."""

    address: Integers
    draws: Integers


class Records(NamedTuple):
    """Where spikes, membranes and joint states go; ``filled`` counts spikes and membrane samples."""

    spike_step: Integers
    spike_neuron: NDArray[np.int32]
    membrane: Doubles
    membrane_neuron: Integers
    membrane_every: Integers
    states: Integers
    state_neuron: Integers
    state_steps: Doubles
    filled: Integers

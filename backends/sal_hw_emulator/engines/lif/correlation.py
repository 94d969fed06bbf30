"""Correlation sensors: what a spike adds to those of its rows and columns.

A causal sensor adds ``A exp(-(t_post - t_pre)/tau)`` at a post spike, an anti-causal one ``A exp(-(t_pre -
t_post)/tau)`` at a pre spike; the partner's spike is its last one, or its last sixteen for all-pairs. Spikes of the
same step pair with each other's earlier spikes only: a pair without a delay is not defined (brainscales2 fact of
the sensors' documentation in calix), and leaving it out favours neither side.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.arrays import Neurons, Sensors, Tiles
from sal_hw_emulator.engines.lif.fast_exponential import exp_minus
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined


@inlined
def _cut(array: NDArray[Any], first: int, length: int) -> NDArray[Any]:
    """Return a part of an array; a loop over it has no negative indices, so it is vectorised."""
    return array[first : first + length]


@compiled
def sense_as_pre(neurons: Neurons, tiles: Tiles, sensors: Sensors, source: int, step: float) -> None:
    """Add to the anti-causal sensors of a spiking neuron's rows."""
    history = neurons.history
    anticausal, amplitude, rate = sensors.anticausal, sensors.amplitude_anticausal, sensors.rate_anticausal
    for place in range(tiles.of_source_start[source], tiles.of_source_start[source + 1]):
        tile = tiles.of_source[place]
        if tiles.sensor[tile] < 0:
            continue
        first = tiles.sensor[tile] + (source - tiles.source[tile]) * tiles.stride[tile]
        target, columns = tiles.target[tile], tiles.columns[tile]
        held, scale, speed = (
            _cut(anticausal, first, columns),
            _cut(amplitude, first, columns),
            _cut(rate, first, columns),
        )
        for depth in range(history.shape[0]):
            last = _cut(history[depth], target, columns)
            for column in range(columns):
                age = np.float32(step - last[column])
                held[column] += scale[column] * exp_minus(age * speed[column])


@compiled
def sense_as_post(neurons: Neurons, tiles: Tiles, sensors: Sensors, target: int, step: float) -> None:
    """Add to the causal sensors of a spiking neuron's columns."""
    history = neurons.history
    causal, amplitude, rate = sensors.causal, sensors.amplitude_causal, sensors.rate_causal
    # rows of a column lie far apart in memory: what is added is computed on vectors first and spread afterwards
    added = np.empty(history.shape[1], dtype=np.float32)
    for place in range(tiles.of_target_start[target], tiles.of_target_start[target + 1]):
        tile = tiles.of_target[place]
        if tiles.sensor[tile] < 0:
            continue
        column = target - tiles.target[tile]
        # amplitudes and rates are also kept turned, so that those of a column lie side by side
        turned = tiles.turned[tile] + column * tiles.turned_stride[tile]
        first = tiles.sensor[tile] + column
        stride, source, rows = tiles.stride[tile], tiles.source[tile], tiles.rows[tile]
        scale, speed = _cut(amplitude, turned, rows), _cut(rate, turned, rows)
        # for nearest pairs the history is one spike deep
        for depth in range(history.shape[0]):
            last = _cut(history[depth], source, rows)
            for row in range(rows):
                age = np.float32(step - last[row])
                added[row] = scale[row] * exp_minus(age * speed[row])
            for row in range(rows):
                causal[first + row * stride] += added[row]


@compiled
def remember_spike(neurons: Neurons, n: int, step: float) -> None:
    """Put a spike at the head of its neuron's history."""
    history = neurons.history
    for depth in range(history.shape[0] - 1, 0, -1):
        history[depth, n] = history[depth - 1, n]
    history[0, n] = step

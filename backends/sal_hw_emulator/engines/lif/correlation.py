"""Correlation sensors: what a spike adds to those of its rows and columns.

A causal sensor adds ``A exp(-(t_post - t_pre)/tau)`` at a post spike, an anti-causal one ``A exp(-(t_pre -
t_post)/tau)`` at a pre spike, with the partner's last spike, or for all pairs with each of its earlier ones. Their sum
follows from what it was at the last of them: between spikes it decays, and a spike adds 1 to it, so that no pair is
ever left out. Spikes of the same step pair with each other's earlier spikes only: a pair without a delay is not
defined (brainscales2 fact of the sensors' documentation in calix), and leaving it out favours neither side.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.arrays import Neurons, Sensors, Tiles
from sal_hw_emulator.engines.lif.fast_exponential import exp_minus
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined

_ONE = np.float32(1.0)


@inlined
def _cut(array: NDArray[Any], first: int, length: int) -> NDArray[Any]:
    """Return a part of an array; a loop over it has no negative indices, so it is vectorised."""
    return array[first : first + length]


@compiled
def sense_as_pre(neurons: Neurons, tiles: Tiles, sensors: Sensors, source: int, step: float) -> None:
    """Add to the anti-causal sensors of a spiking neuron's rows."""
    for place in range(tiles.of_source_start[source], tiles.of_source_start[source + 1]):
        tile = tiles.of_source[place]
        if tiles.sensor[tile] < 0:
            continue
        first = tiles.sensor[tile] + (source - tiles.source[tile]) * tiles.stride[tile]
        columns = tiles.columns[tile]
        held, past = _cut(sensors.anticausal, first, columns), _cut(sensors.past_anticausal, first, columns)
        scale, speed = _cut(sensors.amplitude_anticausal, first, columns), _cut(sensors.rate_anticausal, first, columns)
        last = _cut(neurons.last_spike, tiles.target[tile], columns)
        for column in range(columns):
            age = np.float32(step - last[column])
            held[column] += scale[column] * past[column] * exp_minus(age * speed[column])


@compiled
def sense_as_post(neurons: Neurons, tiles: Tiles, sensors: Sensors, target: int, step: float) -> None:
    """Add to the causal sensors of a spiking neuron's columns."""
    causal = sensors.causal
    # rows of a column lie far apart in memory: what is added is computed on vectors first and spread afterwards
    added = np.empty(len(neurons.last_spike), dtype=np.float32)
    for place in range(tiles.of_target_start[target], tiles.of_target_start[target + 1]):
        tile = tiles.of_target[place]
        if tiles.sensor[tile] < 0:
            continue
        column = target - tiles.target[tile]
        # what belongs to a synapse is also kept turned, so that all of a column lies side by side
        turned = tiles.turned[tile] + column * tiles.turned_stride[tile]
        first = tiles.sensor[tile] + column
        stride, rows = tiles.stride[tile], tiles.rows[tile]
        past = _cut(sensors.past_causal, turned, rows)
        scale, speed = _cut(sensors.amplitude_causal, turned, rows), _cut(sensors.rate_causal, turned, rows)
        last = _cut(neurons.last_spike, tiles.source[tile], rows)
        for row in range(rows):
            age = np.float32(step - last[row])
            added[row] = scale[row] * past[row] * exp_minus(age * speed[row])
        for row in range(rows):
            causal[first + row * stride] += added[row]


@inlined
def _sum_as_pre(tiles: Tiles, sensors: Sensors, source: int, age: np.float32) -> None:
    """Add a spike to what later post spikes pair with."""
    for place in range(tiles.of_source_start[source], tiles.of_source_start[source + 1]):
        tile = tiles.of_source[place]
        if tiles.all_pairs[tile]:
            first = tiles.turned[tile] + source - tiles.source[tile]
            for column in range(tiles.columns[tile]):
                at = first + column * tiles.turned_stride[tile]
                sensors.past_causal[at] = sensors.past_causal[at] * exp_minus(age * sensors.rate_causal[at]) + _ONE


@inlined
def _sum_as_post(tiles: Tiles, sensors: Sensors, target: int, age: np.float32) -> None:
    """Add a spike to what later pre spikes pair with."""
    for place in range(tiles.of_target_start[target], tiles.of_target_start[target + 1]):
        tile = tiles.of_target[place]
        if tiles.all_pairs[tile]:
            first = tiles.sensor[tile] + target - tiles.target[tile]
            for row in range(tiles.rows[tile]):
                at = first + row * tiles.stride[tile]
                past = sensors.past_anticausal[at] * exp_minus(age * sensors.rate_anticausal[at])
                sensors.past_anticausal[at] = past + _ONE


@compiled
def remember_spike(neurons: Neurons, tiles: Tiles, sensors: Sensors, n: int, step: float, sensing: bool) -> None:
    """Make a spike the last one of its neuron, and part of the sums that later spikes pair with."""
    if sensing:
        age = np.float32(step - neurons.last_spike[n])
        _sum_as_pre(tiles, sensors, n, age)
        _sum_as_post(tiles, sensors, n, age)
    neurons.last_spike[n] = step

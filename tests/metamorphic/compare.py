"""Compares two runs, with the names, the order and the units of the second translated back."""

from __future__ import annotations

import numpy as np
from changes import Change
from network import ENDS, Seen
from numpy.typing import NDArray

from sal_hw.results.result import Spikes

#: by how many standard deviations of a difference of two Poisson counts the numbers of spikes may differ
SIGMAS = 5.0


def translated(seen: Seen, change: Change) -> Seen:
    """Return what a changed recipe gave in the words of the recipe that was changed."""
    place = {name: np.argsort(order) for name, order in change.permuted.items()}
    weights = {}
    for name, (source, target) in ENDS.items():
        found = seen.weights[change.renamed.get(name, name)] / change.voltage
        pre, post = (place.get(end, np.arange(size)) for end, size in zip((source, target), found.shape, strict=True))
        weights[name] = found[np.ix_(pre, post)]
    spikes = {}
    for name in {end for pair in ENDS.values() for end in pair}:
        found = seen.spikes[change.renamed.get(name, name)]
        old = change.permuted.get(name)
        neuron = found.neuron if old is None else np.array(old, dtype=np.int32)[found.neuron]
        spikes[name] = Spikes(time_ms=found.time_ms / change.time, neuron=neuron)
    return Seen(weights=weights, spikes=spikes)


def weight_difference(one: Seen, other: Seen) -> float:
    """Return the largest difference of a weight, in mV or log-odds."""
    return max(float(np.abs(one.weights[name] - other.weights[name]).max()) for name in ENDS)


def same_spikes(one: Seen, other: Seen, *, ordered: bool) -> bool:
    """Return whether spikes are equal, in the same order or in any order within a step."""
    return all(
        np.array_equal(_table(spikes, ordered=ordered), _table(other.spikes[name], ordered=ordered))
        for name, spikes in one.spikes.items()
        if name in other.spikes
    )


def _table(spikes: Spikes, *, ordered: bool) -> NDArray[np.float64]:
    table = np.column_stack([spikes.time_ms, spikes.neuron])
    return table if ordered else table[np.lexsort((spikes.neuron, spikes.time_ms))]


def deviation(one: Seen, other: Seen) -> float:
    """Return the largest difference of a population's numbers of spikes, in standard deviations of Poisson counts."""
    counts = [(len(one.spikes[name].neuron), len(other.spikes[name].neuron)) for name in other.spikes]
    return max(abs(a - b) / np.sqrt(max(a + b, 1)) for a, b in counts)

"""Sums over pairs of spikes of neighbouring layers, block by block.

For a block of steps and some columns a table of traces is built, how much a later spike in each step pairs with each
source neuron; every spike of a target neuron then adds one row of the table to the target's sums. Traces are written
from the spikes themselves, entry by entry of the window, so nothing is carried from block to block and nothing decays
into slow subnormal numbers.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled
from sal_hw_studies.engines.layers.model import LayerModel

#: columns of traces that are handled together: with the steps of a block they fit the cache
_COLUMNS = 64


class PairSums:
    """Sums of one chain, ``D[pre, post]`` per connection, as spike-based alignment learning needs them.

    Parameters
    ----------
    model
        The stack; its window says how much a pair counts.
    block_steps
        Most steps that are added at once.
    """

    def __init__(self, model: LayerModel, block_steps: int) -> None:
        self._first, self._window = model.first, model.window
        sizes = model.sizes
        self._rising = [_pieces(below, above) for below, above in pairwise(sizes)]
        self._falling = [_pieces(above, below) for below, above in pairwise(sizes)]
        self._traces = np.zeros((block_steps + 1, _COLUMNS))

    def add(self, steps: Steps, neurons: Neurons, begin: int, end: int) -> None:
        """Count the pairs whose later spike lies in the steps from ``begin`` to before ``end``.

        Parameters
        ----------
        steps, neurons
            All spikes of the block and those before it that may pair with them, in order of step.
        begin, end
            The block; at most `block_steps` long.
        """
        ends, times = _by_neuron(steps, neurons, begin, int(self._first[-1]))
        for layer, (rising, falling) in enumerate(zip(self._rising, self._falling, strict=True)):
            below, above = self._first[layer], self._first[layer + 1]
            _add(rising, times, ends, below, above, above, self._window, self._traces, end - begin)
            _add(falling, times, ends, above, self._first[layer + 2], below, self._window, self._traces, end - begin)

    def differences(self) -> tuple[Floats, ...]:
        """Return, per connection of layers, shape (n_above, n_below): pairs below first minus pairs above first.

        For the feedback synapse from j above to i below, a spike of i before one of j is an anti-causal pair, which
        spike-based alignment learning counts as positive (arXiv 2503.02642).
        """
        result = []
        for layer, (rising, falling) in enumerate(zip(self._rising, self._falling, strict=True)):
            below = self._first[layer + 1] - self._first[layer]
            above = self._first[layer + 2] - self._first[layer + 1]
            result.append(_joined(rising, below) - _joined(falling, above).T)
        return tuple(result)


def _pieces(source: int, target: int) -> Floats:
    """Return empty sums, shape (pieces, targets, columns), for ``source`` columns."""
    width = min(_COLUMNS, -(-source // 8) * 8)
    return np.zeros((-(-source // width), target, width))


def _joined(pieces: Floats, source: int) -> Floats:
    """Return sums as one table (targets, sources)."""
    return pieces.transpose(1, 0, 2).reshape(pieces.shape[1], -1)[:, :source]


@compiled
def _by_neuron(steps: Steps, neurons: Neurons, begin: int, n_neurons: int) -> tuple[Steps, NDArray[np.int32]]:
    """Sort spike times, counted from ``begin``, by neuron; those of neuron i end before ``ends[i + 1]``."""
    ends = np.zeros(n_neurons + 1, np.int64)
    for spike in range(neurons.size):
        ends[neurons[spike] + 1] += 1
    for neuron in range(n_neurons):
        ends[neuron + 1] += ends[neuron]
    free = ends.copy()
    times = np.empty(neurons.size, np.int32)
    for spike in range(neurons.size):
        times[free[neurons[spike]]] = steps[spike] - begin
        free[neurons[spike]] += 1
    return ends, times


@compiled
def _add(
    pieces: Floats,
    times: NDArray[np.int32],
    ends: Steps,
    source: int,
    source_end: int,
    target: int,
    window: Floats,
    traces: Floats,
    block: int,
) -> None:
    """Add the traces of the neurons from ``source`` to before ``source_end`` for each spike from ``target`` on."""
    n_targets, width = pieces.shape[1], pieces.shape[2]
    for piece in range(pieces.shape[0]):
        left = source + piece * width
        traces[: block + 1, :width] = 0.0
        for column in range(min(width, source_end - left)):
            for spike in range(ends[left + column], ends[left + column + 1]):
                time = times[spike]
                for age in range(max(1, -time), min(window.size, block - time)):
                    traces[time + age, column] += window[age]
        for row in range(n_targets):
            spike, last = ends[target + row], ends[target + row + 1]
            while spike < last and times[spike] < 0:
                spike += 1
            sums = pieces[piece, row]
            while spike < last:
                # the row behind the block is empty and fills up the last four
                a = traces[times[spike]]
                b = traces[times[spike + 1] if spike + 1 < last else block]
                c = traces[times[spike + 2] if spike + 2 < last else block]
                d = traces[times[spike + 3] if spike + 3 < last else block]
                for column in range(width):
                    sums[column] += (a[column] + b[column]) + (c[column] + d[column])
                spike += 4

"""Weights and membrane potentials of a stack as whole numbers, laid out for the neuron that spikes.

Potentials are those of :mod:`sal_hw_emulator.engines.sampling.potentials`: binary logarithms of the odds of a spike, in
units of 2^-K, so that sums are exact in any order. A neuron's outgoing weights are one row: first those to the layer
below, then those to the layer above. A spike adds its row when its PSP begins and takes it away when that ends.
"""

import math
from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled, inlined
from sal_hw_emulator.engines.sampling.potentials import Fixed
from sal_hw_studies.engines.layers.model import LayerModel

#: below this many fractional bits of 32 the potentials get 64; a weight is then rounded by at most 2^-23
_SMALLEST_NARROW_FRACTION = 22
_LARGEST_FRACTION = 40


class Stack(NamedTuple):
    """A stack in whole numbers.

    ``weights`` holds all rows, then zeros as long as the longest part of a row. ``first``: where each layer begins
    among the neurons; ``rows``: where its rows begin; ``lengths``: (layers, 2), entries of a row to the layer below and
    above; ``targets``: (layers, 2), the first neuron of those layers. ``rest`` and ``now`` are the potentials.
    """

    weights: Fixed
    first: Steps
    rows: Steps
    lengths: Steps
    targets: Steps
    rest: Fixed
    now: Fixed
    fraction: int


def stack_of(model: LayerModel) -> Stack:
    """Round and lay out the weights of a model; no PSP is on."""
    sizes, first = model.sizes, model.first
    rest = np.concatenate(model.biases) - math.log(model.tau_ref_steps)
    whole = max(1, math.ceil(math.log2(max(_largest_potential(model, rest) / math.log(2.0), 1.0))) + 1)
    narrow = 31 - whole >= _SMALLEST_NARROW_FRACTION
    fraction = min(_LARGEST_FRACTION, (31 if narrow else 62) - whole)
    scale, dtype = 2.0**fraction / math.log(2.0), np.int32 if narrow else np.int64
    lengths = np.array([(below, above) for below, above in zip((0, *sizes), (*sizes[1:], 0), strict=False)])
    per_layer = np.array(sizes) * lengths.sum(axis=1)
    weights = np.zeros(int(per_layer.sum()) + int(lengths.max()), dtype)
    rows = np.concatenate([[0], np.cumsum(per_layer)[:-1]])
    for layer, size in enumerate(sizes):
        table = weights[rows[layer] : rows[layer] + per_layer[layer]].reshape(size, -1)
        if layer > 0:
            table[:, : sizes[layer - 1]] = np.rint(model.feedback[layer - 1] * scale)
        if layer + 1 < len(sizes):
            table[:, lengths[layer, 0] :] = np.rint(model.forward[layer] * scale)
    targets = np.array([(first[max(layer - 1, 0)], first[layer + 1]) for layer in range(len(sizes))])
    rounded = np.rint(rest * scale).astype(dtype)
    return Stack(weights, first, rows, lengths, targets, rounded, rounded.copy(), fraction)


def _largest_potential(model: LayerModel, rest: Floats) -> float:
    """Bound the size of every potential that can occur."""
    sizes, first = np.abs(rest), model.first
    for layer, (up, down) in enumerate(zip(model.forward, model.feedback, strict=True)):
        sizes[first[layer + 1] : first[layer + 2]] += np.abs(up).sum(axis=0)
        sizes[first[layer] : first[layer + 1]] += np.abs(down).sum(axis=0)
    return float(sizes.max())


@inlined
def _exchange_rows(now: Fixed, one: Fixed, two: Fixed, ending_one: Fixed, ending_two: Fixed) -> None:
    """Add two rows and take two away."""
    for post in range(now.size):
        now[post] += (one[post] + two[post]) - (ending_one[post] + ending_two[post])


@compiled
def exchange_psps(stack: Stack, neurons: Neurons, on: int, on_end: int, off: int, off_end: int) -> None:
    """Begin the PSPs of ``neurons[on:on_end]`` and end those of ``neurons[off:off_end]``, each in rising order."""
    weights, now, first = stack.weights, stack.now, stack.first
    # layer by layer, since a layer's neurons reach the same targets: those below and those above
    for layer in range(first.size - 1):
        below, above = stack.lengths[layer, 0], stack.lengths[layer, 1]
        row, begin, end = below + above, stack.rows[layer], first[layer + 1]
        nothing = weights.size - max(below, above)
        # up to two rows begin and two end in one pass, which reads and writes the potentials once for all four
        while (on < on_end and neurons[on] < end) or (off < off_end and neurons[off] < end):
            a = b = c = d = np.int64(-1)
            # where there is none, a row of zeros takes its place
            if on < on_end and neurons[on] < end:
                a = begin + (neurons[on] - first[layer]) * row
                on += 1
            if on < on_end and neurons[on] < end:
                b = begin + (neurons[on] - first[layer]) * row
                on += 1
            if off < off_end and neurons[off] < end:
                c = begin + (neurons[off] - first[layer]) * row
                off += 1
            if off < off_end and neurons[off] < end:
                d = begin + (neurons[off] - first[layer]) * row
                off += 1
            # once for the layer below and once for the one above
            for part in range(2):
                length, target, skip = stack.lengths[layer, part], stack.targets[layer, part], part * below
                _exchange_rows(
                    now[target : target + length],
                    weights[(a + skip if a >= 0 else nothing) :][:length],
                    weights[(b + skip if b >= 0 else nothing) :][:length],
                    weights[(c + skip if c >= 0 else nothing) :][:length],
                    weights[(d + skip if d >= 0 else nothing) :][:length],
                )

"""How much computing a network asks for, so that a step stays short."""

from __future__ import annotations

from sal_hw_deep.data.kinds import CLASSES, KINDS
from sal_hw_deep.schema import KERNEL, POOL, TrainClassifierProtocol, side_after

#: multiplications that take about a second on one core, forward and backward
_PER_STEP = 1e10


def multiplications(protocol: TrainClassifierProtocol) -> int:
    """Return how many multiplications an image asks for on its way up."""
    network, example = protocol.network, KINDS[protocol.data.name].example
    below, total = example.channels, 0
    for depth, width in enumerate(network.convolutions, start=1):
        side = POOL * side_after(example.side, depth)
        total += below * width * KERNEL**2 * side**2
        below = width
    below *= side_after(example.side, len(network.convolutions)) ** 2
    for width in (*network.hidden, CLASSES):
        total += below * width
        below = width
    return total


def batches_per_step(protocol: TrainClassifierProtocol) -> int:
    """Return how many batches all networks may learn in one step."""
    networks = len(protocol.methods) * protocol.runs
    # twice as many multiplications come on the way down
    return max(1, int(_PER_STEP / (3 * multiplications(protocol) * protocol.batch * networks)))

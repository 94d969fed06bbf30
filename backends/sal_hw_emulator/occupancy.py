"""Counts of joint states, summed over the neurons that are not of interest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram


def marginal(counts: NDArray[np.int64], n_neurons: int, offset: int, size: int) -> NDArray[np.int64]:
    """Sum joint state counts over the neurons outside one block; the first neuron is the most significant bit."""
    shape = (2**offset, 2**size, 2 ** (n_neurons - offset - size))
    summed: NDArray[np.int64] = counts.reshape(shape).sum(axis=(0, 2), dtype=np.int64)
    return summed


def marginal_counts(
    program: CompiledProgram, populations: Sequence[str], counts: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Return the counts of each probed population's states.

    Parameters
    ----------
    populations
        Those that `counts` covers.
    counts
        Shape (2**neurons,), joint states of all probed neurons in the order of the program.
    """
    blocks = [block for block in program.neurons if block.population in populations]
    total, found, offset = sum(block.size for block in blocks), {}, 0
    for block in blocks if counts.size else []:
        found[block.population] = marginal(counts, total, offset, block.size)
        offset += block.size
    return found

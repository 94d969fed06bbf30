"""What the passes for the chip hand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.program import BackgroundSource, ChipNeurons, ExternalSource, PlacedKernel, SynapseTile


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChipDraft:
    """The chip's part of a program in the making.

    Attributes
    ----------
    sites
        Neuron circuits of each population.
    tiles
        Rows, labels and columns of all synapses; codes are zero until the weights are quantised.
    drive_lsb_per_unit
        Per population, shape (neurons,): steady drive in CADC LSB per unit of weight.
    """

    sites: dict[str, NDArray[np.int64]]
    tiles: tuple[SynapseTile, ...]
    background: tuple[BackgroundSource, ...]
    external: tuple[ExternalSource, ...]
    neurons: ChipNeurons | None = None
    lsb_per_mv: dict[str, float] | None = None
    v_rest_lsb: dict[str, float] | None = None
    drive_lsb_per_unit: dict[str, NDArray[np.float64]] | None = None
    kernels: tuple[PlacedKernel, ...] = ()

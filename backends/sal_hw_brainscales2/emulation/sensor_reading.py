"""Readings of correlation sensors by the names of the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw_emulator.engines.lif.simulation import LifSimulation
from sal_hw_emulator.lif_loader import Loaded


def last_readings(
    program: CompiledProgram, loaded: Loaded, simulation: LifSimulation, projection: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the last readings of a projection's causal and anti-causal sensors, CADC codes of shape (pre, post)."""
    shape = program.synapse_block(projection).weights.shape
    both = (np.zeros(shape), np.zeros(shape))
    for place in loaded.tiles[projection]:
        for into, codes in zip(both, simulation.readings(place.index), strict=True):
            into[place.pre, place.post] = codes
    return both

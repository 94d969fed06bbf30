"""What whole numbers stand for, and what became of the weights that they store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft
from sal_hw.program import ScaledWeights
from sal_hw_spinnaker.passes.stored_weights import Steps, of_projection, of_stimulus
from sal_hw_spinnaker.ticks import TickProgram


def in_mv(ticks: TickProgram, population: str, numbers: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the weights that whole numbers onto a population stand for, mV, of the same shape."""
    excitatory, inhibitory = (ticks.scale_of(population, sign).lsb_mv for sign in ("excitatory", "inhibitory"))
    return np.where(numbers < 0, numbers * inhibitory, numbers * excitatory)


def stored_integers(draft: Draft, ticks: TickProgram) -> tuple[ScaledWeights, ...]:
    """Return what became of the weights of every projection and stimulus."""
    found = []
    for block, synapses in zip(draft.synapses, ticks.synapses, strict=True):
        stored = in_mv(ticks, block.target, synapses.weights)
        found.append(of_projection(block, stored, _steps(ticks, block.target)))
    for stimulus, given in zip(draft.stimuli, ticks.inputs, strict=True):
        stored = in_mv(ticks, stimulus.population, given.weights)
        found.append(of_stimulus(stimulus.name, stimulus.weights, stored, _steps(ticks, stimulus.population)))
    return tuple(found)


def _steps(ticks: TickProgram, population: str) -> Steps:
    scales = [ticks.scale_of(population, sign) for sign in ("excitatory", "inhibitory")]
    found = [item.lsb_mv for item in scales]
    return Steps(
        finest_mv=min(found), coarsest_mv=max(found), largest_mv=min(item.limit * item.lsb_mv for item in scales)
    )

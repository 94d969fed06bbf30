"""What a population has spiked, taken from its Neo block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_pynn.description import TIMING, Simulator

Integers = NDArray[np.int64]


def spikes_in(
    population: Any, simulator: Simulator, timestep_ms: float, first: int, last: int
) -> tuple[Integers, Integers]:
    """Return the steps and neurons of the spikes in steps ``first <= step < last``, in order of time.

    All data is read each time: what PyNN hands out after clearing data of Brian2 begins with zeros.
    """
    trains = population.get_data("spikes").segments[-1].spiketrains
    steps, neurons = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for neuron, train in enumerate(trains):
        times = np.asarray(train.rescale("ms").magnitude, dtype=np.float64)
        found = np.rint(times / timestep_ms).astype(np.int64) - TIMING[simulator].spike_steps
        found = np.sort(found[(found >= first) & (found < last)])
        steps.append(found)
        neurons.append(np.full(len(found), neuron, dtype=np.int64))
    step, who = np.concatenate(steps), np.concatenate(neurons)
    order = np.argsort(step, kind="stable")
    return step[order], who[order]

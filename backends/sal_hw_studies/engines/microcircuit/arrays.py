"""What the compiled functions of a network read and write."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps

Flags = NDArray[np.uint8]


class Circuit(NamedTuple):
    """What stays as it is.

    ``first`` and ``bias`` are of :class:`MicrocircuitModel`, the latter per pyramidal neuron, 0 for the input.
    ``up_at[layer]`` is where the weights from a layer to the next begin, ``down_at[layer]`` where those from the layer
    above onto a hidden layer do. ``twins`` is the distance from a neuron to the interneuron that predicts it.
    """

    first: Steps
    bias: Floats
    up_at: Steps
    down_at: Steps
    rates_up: Floats
    rate_down: float
    apical_coupling: float
    tau: int
    window_tau: float
    all_pairs: bool
    earlier_pairs: bool
    twins: int


class Moving(NamedTuple):
    """What changes: the arrays of :class:`MicrocircuitState`, and what follows from them within a call.

    ``basal`` and ``apical`` are potentials per pyramidal neuron, ``change`` that of weights onto them per spike,
    ``before`` what the window made of a neuron's earlier spikes when it spiked last. ``psp`` tells whose PSP is on.
    ``stale[0]`` and ``stale[1]`` mark layers whose basal and apical potentials must be summed anew.
    """

    up: Floats
    down: Floats
    last_spike: Steps
    earlier_spike: Steps
    trace: Floats
    before: Floats
    potential: Floats
    recent: Floats
    sums: Floats
    basal: Floats
    apical: Floats
    change: Floats
    psp: Flags
    stale: Flags


class Drive(NamedTuple):
    """What a network sees and does for some steps: input potentials, target of the output, and :class:`Phase`."""

    pattern: Floats
    target: Floats
    nudging: float
    learning: bool
    copying: bool
    aligning: bool

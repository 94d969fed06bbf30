"""What the passes of machines that compute in steps ask of LIF neurons."""

from __future__ import annotations

import math

from sal_hw.passes.draft import Draft
from sal_hw.program import NeuronBlock
from sal_hw.spec.neurons import LifNeuron


def current_gain(tau_ms: float, step_ms: float) -> float:
    """Return the mean, over a tick, of a current that begins as 1.

    A machine that adds a weight w to a current, which decays once per tick, gives it the charge w / (1 - decay); with
    this factor on w it is that of a current that decays all the time, w tau / step.
    """
    return -math.expm1(-step_ms / tau_ms) * tau_ms / step_ms


def lif_of(block: NeuronBlock) -> LifNeuron:
    """Return the parameters of a block of LIF neurons."""
    if block.lif is None:
        raise TypeError(f"{block.population}: {block.model} neurons reached a pass for lif neurons")
    return block.lif


def silent_steps(draft: Draft, lif: LifNeuron) -> int:
    """Return the steps in which a neuron does not integrate after that of its spike.

    With n such steps the shortest interval between two spikes is n + 1, which is to be `tau_ref`. A time of 0 is one of
    a step, too, since a neuron spikes once per step at most.
    """
    return max(0, draft.steps(lif.tau_ref_ms) - 1)

"""The ``spike_timing`` study: when the neurons of a pair spike relative to each other, and what SAL makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sal_hw.spec.fields import Name
from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.studies import find_odd_lists
from sal_hw.storage.document import document
from sal_hw_studies.schemas.reciprocal import DifferenceSteps, LogOdds, Psp, RefractorySteps, TimingWindow


@document
class ReciprocalPair:
    """Weights between two neurons.

    Attributes
    ----------
    weight_21, weight_12
        Weight from the first neuron onto the second, and from the second onto the first.
    """

    name: Name
    weight_21: LogOdds
    weight_12: LogOdds


@document
class SpikeTimingProtocol:
    """Distributions of the spike-timing difference of reciprocal pairs, from the stationary chain on ages.

    Source: arXiv 2503.02642, figure 2c.

    Attributes
    ----------
    pairs
        The weights of each pair.
    bias_1, bias_2
        Biases of the two neurons.
    tau_ref_steps
        Refractory time and length of a rectangular PSP.
    longest_difference_steps
        How far the distributions reach; None is 2 tau_ref - 1.
    window
        What weighs the time differences.
    """

    pairs: tuple[ReciprocalPair, ...]
    bias_1: LogOdds = 0.0
    bias_2: LogOdds = 0.0
    tau_ref_steps: RefractorySteps
    longest_difference_steps: DifferenceSteps | None = None
    psp: Psp = Psp()
    window: TimingWindow = TimingWindow()
    kind: Literal["spike_timing"] = "spike_timing"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other."""
        yield from self.psp.conflicts(self.tau_ref_steps, ("psp",))
        yield from find_odd_lists([pair.name for pair in self.pairs], "pairs")

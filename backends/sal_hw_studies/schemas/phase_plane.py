"""The ``phase_plane`` study: where SAL drives the two weights of a reciprocal pair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document
from sal_hw_studies.schemas.reciprocal import DifferenceSteps, Grid, LogOdds, Psp, RefractorySteps, TimingWindow


@document
class PhasePlaneProtocol:
    """Drift of both weights of a reciprocal pair on a grid, with the lines on which it vanishes.

    Source: arXiv 2503.02642, figure 2e.

    Attributes
    ----------
    weights
        Values of either weight.
    bias_1, bias_2
        Biases of the two neurons.
    tau_ref_steps
        Refractory time and length of a rectangular PSP.
    longest_difference_steps
        Longest time between spikes that counts; None is 2 tau_ref - 1.
    window
        What weighs the time differences.
    """

    weights: Grid
    bias_1: LogOdds = 0.0
    bias_2: LogOdds = 0.0
    tau_ref_steps: RefractorySteps
    longest_difference_steps: DifferenceSteps | None = None
    psp: Psp = Psp()
    window: TimingWindow = TimingWindow()
    kind: Literal["phase_plane"] = "phase_plane"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other."""
        yield from self.weights.conflicts(("weights",))
        yield from self.psp.conflicts(self.tau_ref_steps, ("psp",))

"""The ``psp_shapes`` study: how far the shape of a PSP moves the line on which SAL comes to rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.studies import find_odd_lists
from sal_hw.storage.document import document
from sal_hw_studies.schemas.reciprocal import DifferenceSteps, Grid, Psp, RefractorySteps, TimingWindow


@document
class PspShapesProtocol:
    """Nullclines of SAL for several shapes of PSPs, on a grid of both biases.

    Source: arXiv 2503.02642, figure 11.

    Attributes
    ----------
    psps
        The shapes that are compared.
    weights, biases
        Values of either weight, and of either bias.
    tau_ref_steps
        Refractory time and length of a rectangular PSP.
    longest_difference_steps
        Longest time between spikes that counts; None is 2 tau_ref - 1.
    window
        What weighs the time differences.
    """

    psps: tuple[Psp, ...]
    weights: Grid
    biases: Grid
    tau_ref_steps: RefractorySteps
    longest_difference_steps: DifferenceSteps | None = None
    window: TimingWindow = TimingWindow()
    kind: Literal["psp_shapes"] = "psp_shapes"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other."""
        yield from self.weights.conflicts(("weights",))
        yield from self.biases.conflicts(("biases",))
        yield from find_odd_lists([psp.name for psp in self.psps], "psps")
        for index, psp in enumerate(self.psps):
            yield from psp.conflicts(self.tau_ref_steps, ("psps", index))

"""The ``weight_perturbation`` study: what a small difference between reciprocal weights does to spike timing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Gt, Le

from sal_hw.spec.fields import Name, Number
from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.studies import find_odd_lists
from sal_hw.storage.document import document
from sal_hw_studies.schemas.reciprocal import DifferenceSteps, LogOdds, Psp, RefractorySteps


@document
class SymmetricPair:
    """The weight that both synapses of a pair have before they are perturbed."""

    name: Name
    weight: LogOdds


@document
class WeightPerturbationProtocol:
    """The difference function d(t) = p(t) - p(-t) of pairs whose weights differ slightly.

    With equal weights it is zero for any biases. That it changes its sign once is what the proof that SAL aligns
    weights rests on. Source: arXiv 2503.02642, figure 12.

    Attributes
    ----------
    pairs
        The pairs, with equal weights.
    perturbation
        What is added to the weight onto the second neuron and taken from the weight onto the first.
    bias_1, bias_2
        Biases of the two neurons.
    tau_ref_steps
        Refractory time and length of a rectangular PSP.
    longest_difference_steps
        How far the difference function reaches; None is 2 tau_ref - 1.
    """

    pairs: tuple[SymmetricPair, ...]
    perturbation: Annotated[Number, Gt(0.0), Le(10.0)] = 0.05
    bias_1: LogOdds = 0.0
    bias_2: LogOdds = 0.0
    tau_ref_steps: RefractorySteps
    longest_difference_steps: DifferenceSteps | None = None
    psp: Psp = Psp()
    kind: Literal["weight_perturbation"] = "weight_perturbation"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other."""
        yield from self.psp.conflicts(self.tau_ref_steps, ("psp",))
        yield from find_odd_lists([pair.name for pair in self.pairs], "pairs")

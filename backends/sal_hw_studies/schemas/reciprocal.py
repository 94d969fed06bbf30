"""What the studies of one reciprocal pair of neurons share; all times are whole numbers of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from sal_hw.spec.fields import Because, Count, Name, Number, Whole
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.spec.windows import WindowShape
from sal_hw.storage.document import document

#: refractory time and length of a PSP
RefractorySteps = Annotated[Whole, Ge(2), Le(500), Because("the chain has a state for every age of either neuron")]
#: oldest age that the chain tells apart
AgeSteps = Annotated[Whole, Ge(2), Le(2000), Because("the chain has a state for every age of either neuron")]
#: longest time between two spikes
DifferenceSteps = Annotated[Whole, Ge(1), Le(100_000)]
#: bias or weight of sampling neurons, in units of the log odds of being active
LogOdds = Annotated[Number, Ge(-50.0), Le(50.0)]


@document
class TimingWindow:
    """How much a spike pair counts, by its time difference t = t_post - t_pre in steps.

    Attributes
    ----------
    shape
        ``exponential``: A exp(-|t| / tau); ``triangular``: A (1 - |t| / tau), 0 beyond tau. Pairs with t = 0 do not
        count.
    tau_causal_steps, tau_anticausal_steps
        Time constants for t > 0 and t < 0; None is the refractory time.
    amplitude_causal, amplitude_anticausal
        Amplitudes for t > 0 and t < 0; -1 and +1 is SAL (arXiv 2503.02642).
    """

    shape: WindowShape = "exponential"
    tau_causal_steps: Count | None = None
    tau_anticausal_steps: Count | None = None
    amplitude_causal: LogOdds = -1.0
    amplitude_anticausal: LogOdds = 1.0


@document
class Grid:
    """Equally spaced numbers from `low` to `high`, both included."""

    low: LogOdds
    high: LogOdds
    points: Annotated[Whole, Ge(4), Le(401), Because("a cubic spline is laid through them")]

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers, in rising order; symmetric about zero if the ends are."""
        last = self.points - 1
        return tuple((self.low * (last - index) + self.high * index) / last for index in range(self.points))

    def conflicts(self, path: Path) -> Iterator[SpecFinding]:
        """Find ends in the wrong order."""
        if self.low >= self.high:
            yield SpecFinding(code="E214", path=(*path, "low"), allowed=f"below high, {self.high:g}", value=self.low)


@document
class Psp:
    """How the potential of one neuron follows the other's last spike, z steps ago.

    Attributes
    ----------
    shape
        ``rectangular``: 1 for z < tau_ref; ``alpha``: z tau_ref / tau_syn^2 exp(-z / tau_syn), whose area is tau_ref
        (arXiv 2503.02642, figure 11).
    tau_syn_ratio
        Time constant of an alpha-shaped PSP over tau_ref.
    oldest_age_steps
        Oldest age that the chain tells apart; a spike that is longer ago counts as this long ago. None is exact for
        the rectangle, and eight times the larger of tau_ref and tau_syn for the alpha shape.
    """

    name: Name = "psp"
    shape: Literal["rectangular", "alpha"] = "rectangular"
    tau_syn_ratio: Annotated[Number, Gt(0.0), Le(10.0)] = 1.0
    oldest_age_steps: AgeSteps | None = None

    def conflicts(self, tau_ref_steps: int, path: Path) -> Iterator[SpecFinding]:
        """Find a range of ages that ends before neurons may spike again."""
        if self.oldest_age_steps is not None and self.oldest_age_steps < tau_ref_steps:
            words = f"at least tau_ref_steps, {tau_ref_steps}, since younger neurons cannot spike"
            where = (*path, "oldest_age_steps")
            yield SpecFinding(code="E214", path=where, allowed=words, value=self.oldest_age_steps, hint="leave it away")

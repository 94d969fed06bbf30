"""The ``dale_network`` study: SAL between neurons that excite only, with inhibition by way of interneurons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Le

from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.fields import Because, Seed, Spread, Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document
from sal_hw_studies.schemas.reciprocal import Grid, LogOdds, RefractorySteps, TimingWindow

#: steps that one point of a grid is simulated for
PointSteps = Annotated[
    Whole, Ge(1000), Le(10**9), Because("a run can only be interrupted between points", "use fewer steps")
]


@document
class GaussianDraw:
    """A number from a normal distribution."""

    mean: LogOdds
    std: Spread


@document
class DaleNetworkProtocol:
    """Two excitatory neurons e1 and e2 that inhibit each other by way of an interneuron each, i1 and i2.

    e1 excites i1, which inhibits e2; e2 excites i2, which inhibits e1; e1 and e2 also excite each other. The numbers
    are drawn by one generator in the order i1 from e1, i2 from e2, e2 from i1, e1 from i2, bias of i1, bias of i2.
    Source: arXiv 2503.02642, figure 10.

    Attributes
    ----------
    network_seed
        Seed of that generator.
    excitation, inhibition, inhibitory_bias
        Weights onto and from the interneurons, and biases of the interneurons.
    excitatory_bias
        Bias of e1 and e2.
    tau_ref_steps
        Refractory time and length of a PSP.
    weights
        Values of either weight between e1 and e2 for the drift.
    steps_per_point
        How long each point of the grid is simulated.
    pairing
        Which pairs of spikes of e1 and e2 the drift is a sum over. ``adjacent``: those with no spike of either neuron
        in between, as in the figure; ``nearest``: each spike with the other neuron's last one; ``all``: with all
        earlier ones.
    window
        What weighs the time differences of the pairs.
    rate_weights, steps_per_rate
        Weights from e1 onto e2 for the comparison of rates, and how long each is simulated. There, e2 and i2 do not
        reach e1.
    """

    network_seed: Seed = 97
    excitation: GaussianDraw = GaussianDraw(mean=4.0, std=0.2)
    inhibition: GaussianDraw = GaussianDraw(mean=-1.0, std=0.1)
    inhibitory_bias: GaussianDraw = GaussianDraw(mean=-2.0, std=0.2)
    excitatory_bias: LogOdds = 0.0
    tau_ref_steps: RefractorySteps = 25
    weights: Grid = Grid(low=0.0, high=2.0, points=21)
    steps_per_point: PointSteps = 2_000_000
    pairing: Literal["adjacent", "nearest", "all"] = "adjacent"
    window: TimingWindow = TimingWindow()
    rate_weights: Grid = Grid(low=0.0, high=2.0, points=9)
    steps_per_rate: PointSteps = 500_000
    discretization: Discretization = "published"
    kind: Literal["dale_network"] = "dale_network"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other."""
        yield from self.weights.conflicts(("weights",))
        yield from self.rate_weights.conflicts(("rate_weights",))
        for key, draw, sign in (("excitation", self.excitation, 1.0), ("inhibition", self.inhibition, -1.0)):
            if sign * draw.mean <= 0.0:
                words = (
                    "above 0, since e1 and e2 only excite" if sign > 0.0 else "below 0, since i1 and i2 only inhibit"
                )
                yield SpecFinding(code="E214", path=(key, "mean"), allowed=words, value=draw.mean)
        if self.weights.low < 0.0:
            words = "at least 0, since e1 and e2 only excite"
            yield SpecFinding(code="E214", path=("weights", "low"), allowed=words, value=self.weights.low)

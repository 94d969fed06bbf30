"""The ``symmetrize_layers`` study: the feedback weights of a stack of layers align with the forward weights."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.fields import Because, Count, DurationMs, LearningRate, Whole
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.storage.document import document

#: more weights than this one way fill the memory of a usual machine, which holds them in several forms
MAX_LAYER_WEIGHTS = 20_000_000
MAX_LAYERS = 16

LayerSize = Annotated[Whole, Ge(1), Le(100_000), Because("all weights of neighbouring layers are held in memory")]
#: refractory time of layered networks; a spike's pairs reach a few of them
LayerRefractorySteps = Annotated[Whole, Ge(2), Le(1000), Because("pairs are summed step by step over a few of these")]
EpochSteps = Annotated[
    Whole, Ge(1), Le(1_000_000), Because("a run can only be interrupted between epochs of a chain", "use more epochs")
]
Chains = Annotated[Whole, Ge(1), Le(256)]
TimestepMs = Annotated[DurationMs, Gt(0.0), Le(1000.0)]


@document
class SymmetrizeLayersProtocol:
    """Let a stack of stochastic layers be active by itself while its feedback weights learn by SAL.

    Weights and biases are drawn uniformly: forward weights of +-1 / sqrt(n of the layer below), feedback weights of
    +-1 / sqrt(n of the layer above), biases of +-1 / sqrt(n of their own layer). Forward weights stay as they are.
    After each epoch, feedback weights change by ``learning_rate * D / window_steps``, with D the sum over all pairs
    of spikes, averaged over the chains. Source: arXiv 2503.02642, figure 9.

    Attributes
    ----------
    sizes
        Neurons per layer, from the input to the output.
    epochs
        Number of weight updates.
    steps_per_epoch
        Steps of each chain between two updates.
    learning_rate
        As above, in units of the membrane potential (dimensionless).
    tau_ref_steps
        Refractory time, length of a PSP and time constant of the window.
    window_steps
        Pairs that are this far apart or farther do not count; None is twice tau_ref.
    chains
        Independent networks with the same weights; they may run on several threads with the same result.
    discretization
        Whether the refractory time excludes the step tau_ref later, and whether a PSP lasts tau_ref or a step less.
    timestep_ms
        Length of a step; it only says how much model time passes.
    """

    sizes: tuple[LayerSize, ...]
    epochs: Annotated[Count, Le(1_000_000)]
    steps_per_epoch: EpochSteps
    learning_rate: LearningRate
    tau_ref_steps: LayerRefractorySteps = 10
    window_steps: Annotated[Whole, Ge(2), Le(10_000)] | None = None
    chains: Chains = 1
    discretization: Discretization = "salnet"
    timestep_ms: TimestepMs = 0.1
    kind: Literal["symmetrize_layers"] = "symmetrize_layers"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find stacks that are no stacks or that do not fit the memory."""
        yield from find_odd_sizes(self.sizes, ("sizes",))


def find_odd_sizes(sizes: tuple[int, ...], path: Path) -> Iterator[SpecFinding]:
    """Find too few or too many layers, and too many weights."""
    if not 2 <= len(sizes) <= MAX_LAYERS:
        yield SpecFinding(code="E214", path=path, allowed=f"2 .. {MAX_LAYERS} layers; there are {len(sizes)}")
    weights = sum(below * above for below, above in pairwise(sizes))
    if weights > MAX_LAYER_WEIGHTS:
        words = f"at most {MAX_LAYER_WEIGHTS} forward weights, which are held in memory; there are {weights}"
        yield SpecFinding(code="E214", path=path, allowed=words, hint="make the layers smaller")

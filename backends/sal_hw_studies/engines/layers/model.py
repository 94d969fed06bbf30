"""What is simulated: layers of stochastic neurons that are connected to the next layer and back."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats
from sal_hw_emulator.engines.sampling.model import LARGEST_WEIGHT


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerModel:
    """A stack of layers of stochastic neurons in discrete time.

    At every step a neuron that is not refractory spikes with probability 1 / (1 + tau_ref exp(-u)), with
    u = bias + sum of the weights whose PSP is on (Buesing et al. 2011), all neurons at once. A spike at step t has its
    PSP and its refractory time in the steps t+1 .. t+length. Layer k is connected to layer k + 1 and back.

    Attributes
    ----------
    forward : (n_k, n_{k+1}) float64 each
        ``forward[k][pre, post]`` from layer k to layer k + 1, in units of the membrane potential (dimensionless).
    feedback : (n_{k+1}, n_k) float64 each
        ``feedback[k][pre, post]`` from layer k + 1 to layer k.
    biases : (n_k,) float64 each
        Resting potentials, one array more than there are connections.
    tau_ref_steps : int
        The time constant in the spike probability, in steps.
    psp_steps, dead_steps : int
        Lengths of the rectangular PSP and of the refractory time, in steps; a PSP ends before the next can begin.
    window : (steps,) float64
        How much a pair of spikes counts, by the steps between them; pairs in the same step never count, since they
        cancel in spike-based alignment learning.
    """

    forward: tuple[Floats, ...]
    feedback: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    tau_ref_steps: int
    psp_steps: int
    dead_steps: int
    window: Floats

    def __post_init__(self) -> None:
        for name in ("forward", "feedback", "biases"):
            arrays = tuple(np.ascontiguousarray(array, dtype=np.float64) for array in getattr(self, name))
            object.__setattr__(self, name, arrays)
        object.__setattr__(self, "window", np.ascontiguousarray(self.window, dtype=np.float64))
        _refuse_misfits(self)
        if self.tau_ref_steps < 1 or not 1 <= self.psp_steps <= self.dead_steps + 1:
            raise ValueError("tau_ref_steps must be at least 1, and 1 <= psp_steps <= dead_steps + 1")
        if self.window.ndim != 1 or self.window.size == 0 or not np.isfinite(self.window).all():
            raise ValueError("window needs at least one finite value")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons per layer."""
        return tuple(array.size for array in self.biases)

    @property
    def first(self) -> NDArray[np.int64]:
        """Shape (layers + 1,): where each layer begins among all neurons, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)

    @property
    def reach_steps(self) -> int:
        """For how many steps a spike still matters, by its PSP or in a pair."""
        return max(self.psp_steps, self.window.size - 1)

    def with_feedback(self, feedback: tuple[Floats, ...]) -> "LayerModel":
        """Return the same stack with other feedback weights."""
        return replace(self, feedback=feedback)


def exponential_window(tau_steps: float, steps: int) -> Floats:
    """Return exp(-k / tau) for k = 0 .. steps - 1 (arXiv 2503.02642; its layered networks cut it at 2 tau_ref)."""
    return np.array([math.exp(-step / tau_steps) for step in range(steps)])


def _refuse_misfits(model: LayerModel) -> None:
    """Refuse layers that do not fit each other, and weights that cannot be computed with."""
    sizes = model.sizes
    if len(sizes) < 2 or 0 in sizes:
        raise ValueError(f"a stack needs at least two layers with neurons, not sizes {sizes}")
    up = [(below, above) for below, above in pairwise(sizes)]
    if [array.shape for array in model.forward] != up:
        raise ValueError(f"forward weights have shapes {[a.shape for a in model.forward]}, need {up}")
    if [array.shape for array in model.feedback] != [shape[::-1] for shape in up]:
        raise ValueError(f"feedback weights have shapes {[a.shape for a in model.feedback]}, need those of {up} turned")
    for array in (*model.forward, *model.feedback, *model.biases):
        if not (np.abs(array) <= LARGEST_WEIGHT).all():
            raise ValueError("weights and biases must be finite, at most 1e12 in size")

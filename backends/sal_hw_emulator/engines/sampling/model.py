"""What is simulated and what is counted: the model, the pair windows and the result."""

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.windows import Pairing, WindowShape, pairs_nearest, reach

#: Beyond this size a weight says nothing new: the probability of a spike has long been 0 or 1.
LARGEST_WEIGHT = 1e12

#: A pair that weighs less than this is not counted.
SMALLEST_PAIR = 1e-16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SamplingModel:
    """A network of stochastic neurons in discrete time.

    At every step a neuron that is not refractory spikes with probability 1 / (1 + tau_ref exp(-u)),
    u_i = b_i + sum_j W_ji [PSP of j is on] (Buesing et al. 2011), all neurons at once. A spike at step t has its
    PSP, its refractory time and its state 1 in the steps t+1 .. t+length.

    Attributes
    ----------
    weights : (n, n) float64
        ``weights[pre, post]``, in units of the membrane potential (dimensionless).
    biases : (n,) float64
        Resting potentials.
    tau_ref_steps : int
        The time constant in the spike probability, in steps.
    psp_steps, dead_steps, state_steps : int
        Lengths of the rectangular PSP, of the refractory time and of the state z = 1, in steps.
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    tau_ref_steps: int
    psp_steps: int
    dead_steps: int
    state_steps: int

    def __post_init__(self) -> None:
        weights = np.ascontiguousarray(self.weights, dtype=np.float64)
        biases = np.ascontiguousarray(self.biases, dtype=np.float64)
        if biases.ndim != 1 or weights.shape != (biases.size, biases.size) or biases.size == 0:
            raise ValueError(f"weights {weights.shape} do not fit biases {biases.shape}: need (n, n) and (n,)")
        _refuse_unusable(weights, biases)
        if self.tau_ref_steps < 1 or min(self.psp_steps, self.dead_steps, self.state_steps) < 0:
            raise ValueError("tau_ref_steps must be at least 1 and the window lengths at least 0 steps")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.biases.size


def _refuse_unusable(weights: NDArray[np.float64], biases: NDArray[np.float64]) -> None:
    """Name the first weight or bias that is not finite or too large to compute with."""
    usable = np.abs(weights) <= LARGEST_WEIGHT
    if not usable.all():
        pre, post = (int(index) for index in np.argwhere(~usable)[0])
        raise ValueError(
            f"weights[pre={pre}, post={post}] = {weights[pre, post]}: need a finite value, at most 1e12 in size"
        )
    usable = np.abs(biases) <= LARGEST_WEIGHT
    if not usable.all():
        neuron = int(np.argmin(usable))
        raise ValueError(f"biases[{neuron}] = {biases[neuron]}: need a finite value, at most 1e12 in size")


@dataclass(frozen=True, kw_only=True, slots=True)
class PairWindow:
    """How much a pair of a presynaptic spike and a later postsynaptic spike counts.

    Attributes
    ----------
    shape : {"exponential", "triangular"}
        K(dt) for dt >= 1 step; ``sal_hw.spec.windows.window_at`` is its law.
    tau_steps : float
        The time constant or width, in steps.
    pairing : {"nearest", "all"}
        Whether a postsynaptic spike pairs with the last presynaptic spike only or with every earlier one. With
        "nearest" a presynaptic spike in the same step is the nearest one and hides the earlier ones.
    coincidence : float
        The weight of two spikes in the same step, added in both directions.
    """

    shape: WindowShape
    tau_steps: float
    pairing: Pairing
    coincidence: float

    def __post_init__(self) -> None:
        if self.shape not in get_args(WindowShape) or self.pairing not in get_args(Pairing):
            raise ValueError(f"no pair window of shape {self.shape!r} and pairing {self.pairing!r}")
        if not (math.isfinite(self.tau_steps) and self.tau_steps > 0 and math.isfinite(self.coincidence)):
            raise ValueError("tau_steps must be positive and, like coincidence, finite")

    @property
    def memory_steps(self) -> int:
        """For how many steps spikes other than the last of each neuron still count."""
        if pairs_nearest(self.pairing):
            return 0
        return math.ceil(min(reach(self.shape, self.tau_steps, -math.log(SMALLEST_PAIR)), 2.0**60))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SamplingStatistics:
    """What one call of ``simulate`` counted.

    Attributes
    ----------
    steps : int
        Number of simulated steps.
    spike_counts : (n,) int64
        Spikes per neuron.
    causal : (m, n, n) float64
        ``causal[window, pre, post]``: sum of K over the pairs with the postsynaptic spike in this call; diagonal 0.
    state_counts : (2**n,) int64, or (0,) if not recorded
        How often each joint state was seen; the first neuron is the most significant bit.
    """

    steps: int
    spike_counts: NDArray[np.int64]
    causal: NDArray[np.float64]
    state_counts: NDArray[np.int64]

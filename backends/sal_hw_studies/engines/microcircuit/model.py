"""What is simulated: pyramidal neurons with two dendrites, and interneurons that predict the layer above."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats

#: largest size of a weight or a bias; beyond it, exp overflows and a neuron never or always spikes
LARGEST_POTENTIAL = 1e6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MicrocircuitModel:
    """Cortical microcircuits of stochastic neurons in discrete time, without their weights.

    Layer 0 is driven by a pattern, the last layer is nudged towards a target, those between are hidden. A neuron that
    has not spiked for `tau_ref_steps` spikes with probability ``1 / (1 + tau_ref exp(-u))``, with u of the step before;
    its PSP lasts as long as its refractory time and begins in the step of the spike. Every hidden layer has one
    interneuron per neuron of the layer above, with the same input from below, and takes its spikes off those of its
    twin in the apical dendrites: ``v_api = B (psp_above - psp_interneurons)``, which is 0 on average unless the layer
    above is nudged. So the weights of interneurons follow from those of pyramidal neurons and are not kept. Source:
    arXiv 2503.02642, figure 6.

    Attributes
    ----------
    sizes : (layers,) int
        Neurons per layer; at least three layers.
    biases : (layers - 1,) float
        Resting potential of the neurons of each layer but the input, in units of the membrane potential
        (dimensionless).
    tau_ref_steps : int
        Refractory time and length of a PSP, in steps.
    average_steps : int
        Length of the moving averages of potentials that learning compares, in steps.
    apical_coupling : float
        Weight of the apical in the somatic potential (dimensionless).
    rates_up : (layers - 1,) float
        Learning rate of the weights onto each layer but the input, per spike and unit of spike probability.
    rate_down : float
        Learning rate of feedback weights while they align, per pair of spikes.
    window_tau_steps : float
        Time constant of the window that pairs of spikes count with, in steps.
    all_pairs : bool
        Whether a spike pairs with all earlier ones of the other side; else with the last one only. With the last one
        only, feedback weights between independent neurons of unequal rates have a drift.
    earlier_pairs : bool
        Whether a spike that meets one of the other side in its step pairs with those before. If not, these pairs are
        lost, as in the code of arXiv 2503.02642.
    """

    sizes: tuple[int, ...]
    biases: tuple[float, ...]
    tau_ref_steps: int
    average_steps: int
    apical_coupling: float
    rates_up: tuple[float, ...]
    rate_down: float
    window_tau_steps: float
    all_pairs: bool = False
    earlier_pairs: bool = True

    def __post_init__(self) -> None:
        if len(self.sizes) < 3 or min(self.sizes) < 1:
            raise ValueError(f"a microcircuit needs at least three layers with neurons, not sizes {self.sizes}")
        if not len(self.biases) == len(self.rates_up) == len(self.sizes) - 1:
            raise ValueError("every layer but the input needs a bias and a learning rate")
        if self.tau_ref_steps < 2 or self.average_steps < 1 or not self.window_tau_steps > 0.0:
            raise ValueError("tau_ref_steps must be at least 2, average_steps 1, and window_tau_steps positive")

    @property
    def first(self) -> tuple[int, ...]:
        """Where each layer begins among the pyramidal and input neurons, and where the last one ends."""
        return tuple(accumulate(self.sizes, initial=0))

    @property
    def n_pyramidal(self) -> int:
        """Number of neurons without interneurons, the input included."""
        return sum(self.sizes)

    @property
    def n_neurons(self) -> int:
        """Number of all neurons: those of the layers, then the interneurons, in the order of their twins."""
        return self.n_pyramidal + sum(self.sizes[2:])

    @property
    def up_shapes(self) -> tuple[tuple[int, int], ...]:
        """Shapes of the forward weights, [pre, post]."""
        return tuple(pairwise(self.sizes))

    @property
    def down_shapes(self) -> tuple[tuple[int, int], ...]:
        """Shapes of the feedback weights, [pre, post], from the layer above onto each hidden layer."""
        return tuple((above, below) for below, above in self.up_shapes[1:])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Phase:
    """What a network does while it sees a pattern.

    Attributes
    ----------
    nudging : float
        How strongly the output is pulled to the target, 0 (free-running) to 1.
    learning : bool
        Whether forward weights learn, once the lag has passed.
    copying : bool
        Whether feedback weights copy the forward weights whenever these learn.
    aligning : bool
        Whether feedback weights align: apical and somatic potential are one, and interneurons are cut off.
    """

    nudging: float = 0.0
    learning: bool = False
    copying: bool = False
    aligning: bool = False


def check_weights(model: MicrocircuitModel, up: tuple[Floats, ...], down: tuple[Floats, ...]) -> None:
    """Refuse weights that do not fit the layers or that cannot be computed with."""
    for name, arrays, shapes in (("up", up, model.up_shapes), ("down", down, model.down_shapes)):
        if tuple(array.shape for array in arrays) != shapes:
            raise ValueError(f"weights {name} have shapes {[array.shape for array in arrays]}, need {list(shapes)}")
        if not all((np.abs(array) <= LARGEST_POTENTIAL).all() for array in arrays):
            raise ValueError(f"weights {name} must be finite, at most {LARGEST_POTENTIAL:g} in size")

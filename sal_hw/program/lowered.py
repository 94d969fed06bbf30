"""What passes make of neurons, synapses, stimuli and rules: the pieces of a compiled program."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Tag

from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.windows import Pairing, WindowShape, has_traces
from sal_hw.storage.document import choose_by, document


@document
class SamplingTiming:
    """How sampling neurons map to steps; all lengths in steps.

    Attributes
    ----------
    tau_ref_steps
        Refractory time; it also sets the spike probability ``1 / (1 + tau_ref exp(-u))``.
    psp_steps
        A PSP is on in the steps 1 .. psp_steps after the spike.
    dead_steps
        A neuron cannot spike in the steps 1 .. dead_steps after its spike.
    state_steps
        A neuron's state is 1 in the steps 1 .. state_steps after its spike.
    coincidence
        Weight of a pair of simultaneous spikes, on the causal and on the anti-causal side each.
    """

    tau_ref_steps: int
    psp_steps: int
    dead_steps: int
    state_steps: int
    coincidence: float


@document
class NeuronBlock:
    """The neurons of one population.

    Attributes
    ----------
    offset
        Index of its first neuron in the executor's order; the block is contiguous.
    biases
        Shape (size,), constant drives included: log-odds of sampling neurons, mV of LIF neurons.
    lif
        Parameters of LIF neurons, None for sampling neurons.
    """

    population: str
    model: Literal["sampling", "lif"]
    offset: int
    size: int
    biases: NDArray[np.float64]
    lif: LifNeuron | None = None


@document
class SynapseBlock:
    """The synapses of one projection.

    Attributes
    ----------
    weights
        Shape (pre, post); 0 where there is no synapse.
    exists
        Shape (pre, post); which synapses exist.
    weight_min, weight_max
        Range that learning keeps the weights in; None means unlimited.
    """

    projection: str
    source: str
    target: str
    weights: NDArray[np.float64]
    exists: NDArray[np.bool_]
    weight_min: float | None
    weight_max: float | None


@document
class LoweredPoisson:
    """Independent Poisson trains, one per neuron.

    Attributes
    ----------
    weights
        Shape (neurons,), mV.
    seed
        Seed of the trains; None takes one from the run's seed.
    code
        Stored weight on a chip, used as it is; None quantises `weights`.
    """

    name: str
    population: str
    rate_hz: float
    weights: NDArray[np.float64]
    seed: int | None = None
    code: int | None = None
    kind: Literal["poisson"] = "poisson"


@document
class LoweredSpikes:
    """Given input spikes, in order of time.

    Attributes
    ----------
    step, neuron
        Shape (spikes,): time in steps, and index within the population.
    weights
        Shape (neurons,), mV.
    """

    name: str
    population: str
    step: NDArray[np.int64]
    neuron: NDArray[np.int64]
    weights: NDArray[np.float64]
    kind: Literal["spikes"] = "spikes"


LoweredStimulus: TypeAlias = Annotated[
    Annotated[LoweredPoisson, Tag("=poisson")] | Annotated[LoweredSpikes, Tag("=spikes")],
    choose_by("kind"),
]


@document
class LoweredWindow:
    """A pair window in steps; :mod:`sal_hw.spec.windows` says what it counts."""

    shape: WindowShape
    tau_steps: float
    pairing: Pairing

    @property
    def trace_tau_steps(self) -> float:
        """The time constant of the traces that measure this window; a ValueError if none do."""
        if not has_traces(self.shape):
            raise ValueError(f"no trace measures a window of shape {self.shape!r}")
        return self.tau_steps


@document
class LoweredSal:
    """Spike-based alignment learning of one projection, or of two at once.

    Attributes
    ----------
    gain
        Weight change per unit of (anti-causal minus causal) pair sum; negative for the inverted control.
    backward_amplitude, forward_amplitude
        Shape (pre, post) of the projection: relative amplitude per synapse. The forward one is None where the
        forward projection does not learn by this rule.
    """

    name: str
    forward: str
    backward: str
    update_steps: int
    gain: float
    causal: LoweredWindow
    anticausal: LoweredWindow
    backward_amplitude: NDArray[np.float64]
    forward_amplitude: NDArray[np.float64] | None = None
    kind: Literal["sal"] = "sal"

    @property
    def learned(self) -> tuple[str, ...]:
        """The projections whose weights it changes, those of a disabled rule included."""
        return (self.backward,) if self.forward_amplitude is None else (self.forward, self.backward)

    @property
    def amplitudes(self) -> dict[str, NDArray[np.float64]]:
        """Relative amplitude per synapse, shape (pre, post), of each projection whose weights it changes."""
        changed = {self.backward: self.backward_amplitude}
        return changed if self.forward_amplitude is None else {**changed, self.forward: self.forward_amplitude}


@document
class LoweredWakeSleep:
    """The sleep term of wake-sleep learning, with reference moments that the experiment supplies.

    Attributes
    ----------
    gain, bias_gain
        Change per unit of moment difference.
    moment_scale
        Factor from a pair sum or spike count of one update interval to a moment.
    amplitude
        Shape (pre, post); relative amplitude of the sleep term per synapse.
    """

    name: str
    projection: str
    population: str
    update_steps: int
    gain: float
    bias_gain: float
    moment_scale: float
    window: LoweredWindow
    amplitude: NDArray[np.float64]
    bias_limit: float | None = None
    kind: Literal["wake_sleep"] = "wake_sleep"

    @property
    def learned(self) -> tuple[str, ...]:
        """The projections whose weights it changes, those of a disabled rule included."""
        return (self.projection,)


LoweredRule: TypeAlias = Annotated[
    Annotated[LoweredSal, Tag("=sal")] | Annotated[LoweredWakeSleep, Tag("=wake_sleep")],
    choose_by("kind"),
]


@document
class ScaledWeights:
    """How the weights of one owner became what a machine stores: what was cut, and what was lost.

    Attributes
    ----------
    owner
        Name of the projection or stimulus.
    lsb
        Model weight of one stored step, shape (post,).
    requested_max
        Largest magnitude that was asked for, in model units; where a synapse is known to be weak, more than its weight.
    representable_max
        Largest magnitude that can be stored.
    clipped, zeroed, total
        Synapses whose weight was cut, rounded to zero although it is not, and in all.
    worst_error
        Largest deviation of a stored weight from the wanted one, in model units.
    """

    owner: str
    lsb: NDArray[np.float64]
    requested_max: float
    representable_max: float
    clipped: int
    zeroed: int
    total: int
    worst_error: float

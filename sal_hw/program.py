"""The compiled program: everything an executor needs, as inspectable plain data."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Tag

from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.probes import Probe
from sal_hw.spec.windows import Pairing, WindowShape, has_traces
from sal_hw.storage.codec import digest
from sal_hw.storage.document import choose_by, document

P = TypeVar("P")

#: version of the program's format on disk
PROGRAM_SCHEMA = 2


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


@document
class PassRecord:
    """What one pass of the compiler did.

    Attributes
    ----------
    name
        Name of the pass.
    notes
        What it decided, in words.
    counts
        Named numbers, for example of synapses.
    """

    name: str
    notes: tuple[str, ...] = ()
    counts: dict[str, float] = field(default_factory=dict)


@document
class CompiledProgram:
    """A network compiled for a target.

    Attributes
    ----------
    spec_hash
        Digest of the specification.
    snapshot_hash
        Digest of the calibration snapshot, None without one.
    seed
        Seed that generators without a seed of their own drew from.
    timestep_ms
        Model time of one step.
    timing
        How sampling neurons map to steps; None without sampling neurons.
    trace
        One record per pass, in order.
    part
        What is written to the machine, of a class that the target chooses; None for targets without a machine.
    scaling
        How weights became what the machine stores, per projection or stimulus; empty where nothing is rounded.
    """

    spec_hash: str
    target: str
    seed: int
    timestep_ms: float
    timing: SamplingTiming | None
    neurons: tuple[NeuronBlock, ...]
    synapses: tuple[SynapseBlock, ...]
    rules: tuple[LoweredRule, ...]
    probes: tuple[Probe, ...]
    trace: tuple[PassRecord, ...]
    stimuli: tuple[LoweredStimulus, ...] = ()
    part: Any = None
    scaling: tuple[ScaledWeights, ...] = ()
    snapshot_hash: str | None = None
    schema_version: int = PROGRAM_SCHEMA

    @property
    def hash(self) -> str:
        """Digest of the whole program; equal inputs give equal hashes."""
        return digest(self)

    def part_of(self, kind: type[P]) -> P:
        """Return the machine's part of the program.

        Raises
        ------
        TypeError
            If it is none of that class: the program was compiled for another kind of machine.
        """
        if not isinstance(self.part, kind):
            raise TypeError(f"a program for {self.target} has no {kind.__name__}")
        return self.part

    def scaling_of(self, owner: str) -> ScaledWeights:
        """Return how an owner's weights became what the machine stores."""
        found = next((item for item in self.scaling if item.owner == owner), None)
        if found is None:
            raise KeyError(f"{owner} has no synapses on {self.target}")
        return found

    @property
    def n_neurons(self) -> int:
        """Number of neurons in all."""
        return sum(block.size for block in self.neurons)

    def neuron_block(self, population: str) -> NeuronBlock:
        """Return the block of a population."""
        return next(block for block in self.neurons if block.population == population)

    def synapse_block(self, projection: str) -> SynapseBlock:
        """Return the block of a projection."""
        return next(block for block in self.synapses if block.projection == projection)

    @property
    def aligned(self) -> dict[str, tuple[str, str]]:
        """Names of the forward and the backward projection of each SAL rule."""
        return {rule.name: (rule.forward, rule.backward) for rule in self.rules if isinstance(rule, LoweredSal)}

    @property
    def update_ms(self) -> float | None:
        """Model time between two weight updates; None without plasticity."""
        return self.rules[0].update_steps * self.timestep_ms if self.rules else None

"""A network of this engine as a user of the engine states it; see ``arrays`` for what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sal_hw_emulator.engines.lif.arrays import Doubles, Integers, Singles
from sal_hw_emulator.engines.lif.kernel_fusion import Step


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NeuronModel:
    """Parameters of all neurons, each of shape (neurons,); potentials in one unit, times in steps.

    Attributes
    ----------
    noise
        Standard deviation of the free membrane that its own noise alone would make.
    """

    v_leak: Doubles
    v_reset: Doubles
    v_threshold: Doubles
    tau_mem: Doubles
    tau_exc: Doubles
    tau_inh: Doubles
    refractory: Doubles
    noise: Doubles


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SensorModel:
    """Sensors of a tile, each array of shape (rows, columns); time constants in steps.

    Attributes
    ----------
    all_pairs
        Whether a spike pairs with each earlier one of its partner, or with the last one only.
    """

    amplitude_causal: Singles
    amplitude_anticausal: Singles
    tau_causal: Singles
    tau_anticausal: Singles
    all_pairs: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlasticModel:
    """How a plasticity processor treats a tile.

    Attributes
    ----------
    processor
        Which processor updates it.
    order
        Shape (rows,): the processor updates rows in increasing order of these numbers.
    kernel
        Index into the model's kernels.
    code
        Shape (rows, columns): initial stored weights.
    strength
        Same shape: weight, in units of the potential, per code.
    baseline_causal, baseline_anticausal, noise_causal, noise_anticausal
        Same shape: reading after a reset and its standard deviation.
    constants
        Shape (constants, rows, columns), in the order the kernel was encoded with; those that it measures itself
        have any value.
    charge_causal, charge_anticausal
        Shape (rows, columns): what the sensors hold when they are found, as a fall of their readings; None: nothing.
    """

    processor: int
    order: Integers
    kernel: int
    code: Singles
    strength: Singles
    baseline_causal: Singles
    baseline_anticausal: Singles
    noise_causal: Singles
    noise_anticausal: Singles
    constants: Singles
    charge_causal: Singles | None = None
    charge_anticausal: Singles | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TileModel:
    """Synapses from consecutive sources to consecutive targets, of one polarity.

    Attributes
    ----------
    weights
        Shape (rows, columns): magnitudes, in units of the potential; those of a plastic tile follow its codes.
    """

    source: int
    target: int
    inhibitory: bool
    weights: Singles
    sensors: SensorModel | None = None
    plastic: PlasticModel | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BackgroundModel:
    """Poisson events: `size` trains of `rate` events per step each.

    Attributes
    ----------
    target, weight, inhibitory
        Shape (size,): the neuron that a train reaches, or -1; the magnitude and the polarity of its synapse.
    """

    size: int
    rate: float
    target: Integers
    weight: Doubles
    inhibitory: Integers
    seed: np.random.SeedSequence


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExternalModel:
    """Given spikes in order of time, each array of shape (spikes,); `weight` is a magnitude."""

    step: Integers
    target: Integers
    weight: Doubles
    inhibitory: Integers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StartModel:
    """What a processor does before the first update: it empties the sensors, and may measure their baselines.

    Attributes
    ----------
    reads
        How often it reads each sensor; 0: it does not measure.
    places
        Where among its constants each measured one is.
    balance
        Where its constant ``balance`` is; None: it has none.
    """

    reads: int = 0
    places: Mapping[str, int] = field(default_factory=dict)
    balance: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class KernelModel:
    """The operations of a kernel, see ``kernel_code``; without a start it finds sensors as they are."""

    steps: tuple[Step, ...]
    draws: int
    start: StartModel | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProcessorModel:
    """Schedule of one plasticity processor, in steps; the first update begins at `start`."""

    start: float
    period: float
    row_time: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LifModel:
    """A whole network.

    Attributes
    ----------
    membrane, membrane_every
        Neurons whose potential is recorded, and every how many steps.
    keep_readings
        Whether the last reading of every sensor is kept, for those who ask for it.
    state, state_steps
        Neurons whose joint state is counted (the first is the most significant bit), and how long each is 1.
    """

    neurons: NeuronModel
    tiles: Sequence[TileModel] = ()
    background: Sequence[BackgroundModel] = ()
    external: ExternalModel | None = None
    kernels: Sequence[KernelModel] = ()
    processors: Sequence[ProcessorModel] = ()
    membrane: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    membrane_every: int = 0
    keep_readings: bool = False
    state: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    state_steps: Doubles = field(default_factory=lambda: np.zeros(0))

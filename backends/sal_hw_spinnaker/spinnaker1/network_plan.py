"""The network that sPyNNaker is told to build: the session plans it, the process that loads sPyNNaker reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sal_hw.spec.signs import Polarity

Mode: TypeAlias = Literal["map", "run"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CellParameters:
    """Parameters of LIF neurons, PyNN's ``IF_curr_exp``."""

    tau_mem_ms: float
    capacitance_nf: float
    tau_syn_exc_ms: float
    tau_syn_inh_ms: float
    tau_refrac_ms: float
    v_rest_mv: float
    v_reset_mv: float
    v_threshold_mv: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationPlan:
    """A population.

    Attributes
    ----------
    summed_weights
        Per receptor: the sum of weights that its ring buffers are to be scaled for.
    """

    label: str
    size: int
    neurons_per_core: int
    summed_weights: tuple[float, float]
    cell: CellParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcePlan:
    """A population of sources.

    Attributes
    ----------
    rate_hz, seed
        Of Poisson sources; None for given spikes, which are the arrays ``step.LABEL`` and ``neuron.LABEL``.
    """

    label: str
    size: int
    rate_hz: float | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRule:
    """Parameters of PyNN's ``SpikePairRule``, and the upper bound of its weights."""

    tau_plus_ms: float
    tau_minus_ms: float
    amplitude_plus_mv: float
    amplitude_minus_mv: float
    weight_max_mv: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionPlan:
    """A projection; its synapses are the array ``list.NUMBER``.

    Attributes
    ----------
    stdp
        None of static synapses.
    """

    source: str
    target: str
    receptor: Polarity
    delay_ms: float
    stdp: PairRule | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkPlan:
    """A network, and how long it runs.

    Attributes
    ----------
    mode
        Whether it is only mapped, on a virtual board.
    time_scale_factor
        How many times slower than real time the machine computes, a whole number.
    update_steps
        Steps of an update.
    read_every_updates
        How often weights are read.
    """

    mode: Mode
    timestep_ms: float
    time_scale_factor: int
    updates: int
    update_steps: int
    read_every_updates: int
    populations: tuple[PopulationPlan, ...]
    sources: tuple[SourcePlan, ...]
    projections: tuple[ProjectionPlan, ...]

"""The network that a simulator's process is told to build; its numbers are arrays by name."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.signs import Polarity
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.mechanisms import PairStdp


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationPlan:
    """A population; its drives are the array ``drive.NAME``, shape (neurons,), mV."""

    name: str
    lif: LifNeuron


@dataclass(frozen=True, kw_only=True, slots=True)
class SynapsesPlan:
    """Synapses of one receptor.

    The arrays ``pre.NAME``, ``post.NAME`` and ``weight.NAME`` (mV, signed) are of shape (synapses,).

    Attributes
    ----------
    stdp
        None of static synapses.
    """

    name: str
    source: str
    target: str
    receptor: Polarity
    stdp: PairStdp | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkPlan:
    """A network.

    Attributes
    ----------
    sources
        Populations with spike sources; which neuron each reaches and with which weight are the arrays
        ``source_neuron.NAME`` and ``source_weight.NAME``, shape (sources,).
    """

    simulator: Simulator
    timestep_ms: float
    populations: tuple[PopulationPlan, ...]
    sources: tuple[str, ...]
    synapses: tuple[SynapsesPlan, ...]

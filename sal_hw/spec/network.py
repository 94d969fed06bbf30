"""The network a user wants: model units and names, no hardware words."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypeVar

from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.fields import Bound, DelayMs, Flag, Name, Size, TimeConstantMs
from sal_hw.spec.neurons import Neuron
from sal_hw.spec.plasticity import Rule
from sal_hw.spec.probes import Probe
from sal_hw.spec.signs import Receptor
from sal_hw.spec.stimulus import Stimulus
from sal_hw.spec.values import ValueSource
from sal_hw.storage.document import document

P = TypeVar("P")

Connectivity: TypeAlias = Literal["dense", "one_to_one", "sparse"]


@document
class Population:
    """Neurons of one kind."""

    name: Name
    size: Size
    neuron: Neuron


@document
class Projection:
    """Synapses from one population to another.

    Attributes
    ----------
    weight
        One number per synapse: shape (pre, post) for ``dense``, (neurons,) for ``one_to_one``; for ``sparse``
        an ``.npz`` file with the arrays ``pre``, ``post`` and ``weight``.
    receptor
        ``excitatory`` takes weights >= 0, ``inhibitory`` weights <= 0, ``signed`` both.
    delay_ms
        Time from the spike to the start of the PSP.
    weight_min, weight_max
        Range that learning keeps the weights in; None means unlimited.
    self_connections
        Whether neuron i of a recurrent projection reaches itself.
    """

    name: Name
    source: Name
    target: Name
    weight: ValueSource
    connectivity: Connectivity = "dense"
    receptor: Receptor = "signed"
    delay_ms: DelayMs = 0.0
    weight_min: Bound | None = None
    weight_max: Bound | None = None
    self_connections: Flag = False


@document
class NetworkSpec:
    """A network, what drives it, how it learns and what is recorded.

    Attributes
    ----------
    timestep_ms
        Resolution of model time on targets that step through it.
    discretization
        How the refractory time and the PSP of sampling neurons map to steps:

        ============ =========================== ===================
        name         shortest inter-spike interval length of a PSP
        ============ =========================== ===================
        consistent   tau_ref                     tau_syn - 1
        published    tau_ref + 1                 tau_syn - 1
        buesing      tau_ref                     tau_syn
        salnet       tau_ref + 1                 tau_syn
        ============ =========================== ===================

        ``consistent`` has the smallest sampling error. ``published`` is the convention of the sampling
        networks in arXiv 2503.02642, which also leaves out pairs of simultaneous spikes.
    """

    timestep_ms: TimeConstantMs
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()
    plasticity: tuple[Rule, ...] = ()
    stimuli: tuple[Stimulus, ...] = ()
    probes: tuple[Probe, ...] = ()
    discretization: Discretization = "consistent"

    def probes_of(self, kind: type[P]) -> tuple[P, ...]:
        """Return the probes of a class, in order."""
        return tuple(probe for probe in self.probes if isinstance(probe, kind))

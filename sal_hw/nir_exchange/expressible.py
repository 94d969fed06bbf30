"""The part of a network that NIR can express: populations, dense weights, delays, and constant drives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.program import NeuronBlock, SynapseBlock
from sal_hw.storage.codec import digest
from sal_hw.target.description import TargetDescription
from sal_hw.workflow.checked_recipe import Recipe

Doubles = NDArray[np.float64]

#: what a recipe may contain to be exported; what of it NIR cannot express is reported, not refused
_NIR = Target(
    description=TargetDescription(
        family="nir",
        summary="what a NIR file can express",
        capabilities=(
            "lif",
            "signed_weights",
            "delays",
            "plasticity",
            "wake_sleep",
            "constant_drive",
            "poisson_noise",
            "spike_lists",
            "record_spikes",
            "record_states",
            "record_membrane",
            "record_correlation",
        ),
        limits={},
    ),
    passes=(check_capabilities, realize_neurons, realize_weights),
    backend=None,
    emulator=None,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NirPopulation:
    """Neurons with one exponential synaptic current.

    Attributes
    ----------
    v_leak_mv
        Shape (size,): resting potential and constant drive together.
    """

    name: str
    size: int
    tau_mem_ms: float
    tau_syn_ms: float
    v_leak_mv: Doubles
    v_reset_mv: float
    v_threshold_mv: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NirProjection:
    """All-to-all synapses.

    Attributes
    ----------
    weights_mv
        Shape (pre, post); 0 where there is no synapse.
    """

    name: str
    source: str
    target: str
    weights_mv: Doubles
    delay_ms: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NirNetwork:
    """A network as NIR can express it."""

    populations: tuple[NirPopulation, ...]
    projections: tuple[NirProjection, ...]

    @property
    def digest(self) -> str:
        """The sha256 of all of it; the order of populations and projections, which files do not keep, has no part."""
        populations = sorted(self.populations, key=lambda item: item.name)
        return digest([populations, sorted(self.projections, key=lambda item: item.name)])

    def population(self, name: str) -> NirPopulation:
        """Return the population of a name."""
        return next(item for item in self.populations if item.name == name)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Realized:
    """A recipe's network in numbers.

    Attributes
    ----------
    network
        What NIR can express of it.
    incomplete
        Names of projections some of whose synapses do not exist, which a dense matrix cannot tell from zero weights.
    """

    network: NirNetwork
    incomplete: frozenset[str]


def realize(recipe: Recipe) -> Realized:
    """Return the expressible part of a recipe's network; generators and files become numbers.

    Raises
    ------
    InputError
        E302 if it has other neurons than LIF neurons; E330 if the recipe is a study.
    """
    on_network = recipe.job.on_network()
    program = on_network.compile(_NIR)
    delays = {item.name: item.delay_ms for item in on_network.network.projections}
    network = NirNetwork(
        populations=tuple(_population(block) for block in program.neurons),
        projections=tuple(_projection(block, delays[block.projection]) for block in program.synapses),
    )
    return Realized(
        network=network, incomplete=frozenset(block.projection for block in program.synapses if not block.exists.all())
    )


def _population(block: NeuronBlock) -> NirPopulation:
    lif = block.lif
    if lif is None:
        raise TypeError(f"{block.population}: {block.model} neurons cannot be expressed")
    return NirPopulation(
        name=block.population,
        size=block.size,
        tau_mem_ms=lif.tau_mem_ms,
        tau_syn_ms=lif.tau_syn_exc_ms,
        v_leak_mv=_plain(lif.v_rest_mv + block.biases),
        v_reset_mv=lif.v_reset_mv + 0.0,  # no negative zero, see below
        v_threshold_mv=lif.v_threshold_mv + 0.0,
    )


def _projection(block: SynapseBlock, delay_ms: float) -> NirProjection:
    return NirProjection(
        name=block.projection,
        source=block.source,
        target=block.target,
        weights_mv=_plain(block.weights),
        delay_ms=delay_ms,
    )


def _plain(values: Doubles) -> Doubles:
    """Return the same numbers without negative zeros, which compare equal but have other bytes."""
    return np.asarray(values + 0.0, dtype=np.float64)

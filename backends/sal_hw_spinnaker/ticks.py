"""The part of a compiled program for machines with whole-number weights of either sign, for which a host learns.

A network runs for one *chunk* at a time: it begins at rest, and nothing but records comes back. The host applies the
learning rules to the spikes and loads the next chunk with new weights. Times are ticks of the machine. Potentials and
currents are its own numbers: ``i <- decay i + weights of spikes``, ``v <- alpha v + i + offset`` in each tick.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.spec.signs import Polarity
from sal_hw.storage.document import document

Rounding: TypeAlias = Literal["nearest", "stochastic"]


def keeps_on_average(rounding: Rounding) -> bool:
    """Return whether changes below half a whole number survive rounding, on average."""
    match rounding:
        case "nearest":
            return False
        case "stochastic":
            return True
        case _:
            assert_never(rounding)


@document
class TickNeurons:
    """The neurons of one population, by tick; potentials count from rest.

    Attributes
    ----------
    model
        The machine's name of the neuron model.
    alpha_decay, exc_decay, inh_decay
        What is left of a potential, an excitatory and an inhibitory current after a tick.
    threshold, v_reset
        Potentials.
    i_offset
        Shape (size,): current of the constant drive.
    refractory_ticks
        Ticks in which a neuron does not integrate after that of its spike, one fewer than the shortest interval.
    potential_per_mv
        The machine's potential per mV.
    neurons_per_core, cores
        Largest number of neurons of one processing element, and how many elements the population takes.
    estimated_memory_bytes
        Estimate of the data on one element.
    """

    population: str
    model: str
    alpha_decay: float
    exc_decay: float
    inh_decay: float
    threshold: float
    v_reset: float
    i_offset: NDArray[np.float64]
    refractory_ticks: int
    potential_per_mv: float
    neurons_per_core: int = 1
    cores: int = 0
    estimated_memory_bytes: int = 0


@document
class IntegerScale:
    """How weights of one sign onto one population become whole numbers.

    Attributes
    ----------
    limit
        Largest whole number.
    per_mv
        Whole numbers per mV.
    largest_mv
        Largest weight that a synapse has, or may learn.
    """

    population: str
    sign: Polarity
    limit: int
    per_mv: float
    largest_mv: float

    @property
    def lsb_mv(self) -> float:
        """Weight of 1."""
        return 1.0 / self.per_mv


@document
class IntegerSynapses:
    """The synapses of one projection.

    Attributes
    ----------
    delay_ticks
        From a spike to its arrival, at least 1.
    learns
        Whether a rule changes them.
    weights, exists
        Shape (pre, post): whole numbers, and which synapses exist.
    """

    projection: str
    source: str
    target: str
    delay_ticks: int
    learns: bool
    weights: NDArray[np.int16]
    exists: NDArray[np.bool_]


@document
class IntegerInput:
    """One-to-one synapses from a stimulus.

    Attributes
    ----------
    weights
        Shape (neurons,): whole numbers.
    sources_per_core, cores
        Largest number of sources of one processing element, and how many elements they take.
    estimated_memory_bytes
        Estimate of the data on one element.
    """

    stimulus: str
    population: str
    weights: NDArray[np.int16]
    sources_per_core: int = 1
    cores: int = 0
    estimated_memory_bytes: int = 0


@document
class TickProgram:
    """What is loaded for each chunk, and how the host learns.

    Attributes
    ----------
    chunk_ticks
        Length of a chunk: one update interval, or the longest one that there is without a rule.
    shadow
        Whether the host keeps learning weights as floating-point numbers, of which the machine gets rounded copies.
    rounding
        How learning weights become whole numbers.
    time_scale_factor
        Wall-clock time of a tick divided by its model time.
    """

    scales: tuple[IntegerScale, ...]
    synapses: tuple[IntegerSynapses, ...]
    inputs: tuple[IntegerInput, ...]
    neurons: tuple[TickNeurons, ...] = ()
    chunk_ticks: int = 0
    shadow: bool = True
    rounding: Rounding = "nearest"
    time_scale_factor: float = 1.0

    def scale_of(self, population: str, sign: Polarity) -> IntegerScale:
        """Return the scale of weights of one sign onto a population."""
        return next(item for item in self.scales if item.population == population and item.sign == sign)

    def synapses_of(self, projection: str) -> IntegerSynapses:
        """Return a projection's synapses."""
        return next(item for item in self.synapses if item.projection == projection)

    def neurons_of(self, population: str) -> TickNeurons:
        """Return a population's neurons."""
        return next(item for item in self.neurons if item.population == population)

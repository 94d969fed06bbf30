"""The part of a compiled program for machines that compute in time steps: cores, synaptic words, ring buffers, STDP.

Weights are stored as unsigned whole numbers, *words*, of synapses that each have one sign. All synapses of one receptor
of one population share one scale, since their words add up in one ring buffer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.signs import Polarity, sign_of
from sal_hw.storage.document import document

#: fractional bits of the signed 32-bit numbers (S16.15) in which weights are added up and changed
FRACTION_BITS = 15
#: largest stored weight: a synaptic word has 16 bits
MAX_WORD = 2**16 - 1
#: fractional bits of spike traces and of the windows' tables (sPyNNaker, stdp_typedefs.h)
TRACE_BITS = 11


def window_table(tau_steps: float) -> NDArray[np.int64]:
    """Return ``floor(2048 exp(-k / tau))`` up to its last entry that is not 0, shape (entries,)."""
    entries = math.floor(tau_steps * TRACE_BITS * math.log(2.0)) + 1
    table = np.floor(2.0**TRACE_BITS * np.exp(-np.arange(entries) / tau_steps))
    return np.asarray(table[table > 0.0], dtype=np.int64)


@document
class DigitalNeurons:
    """The neurons of one population on the machine's cores.

    Attributes
    ----------
    neurons_per_core, cores
        Largest number of neurons of one core, and how many cores the population takes.
    capacitance_nf
        Membrane capacitance. It makes the membrane resistance 1 MOhm, so that currents in nA are drives in mV.
    offset_na
        Shape (size,): constant drive.
    refractory_steps
        Steps in which a neuron does not integrate after that of its spike, one fewer than the shortest interval.
    delay_slots
        Slots of its ring buffers; the longest delay is one step less.
    memory_bytes
        Estimated fast memory of one core: ring buffers, history of spikes and tables of windows.
    """

    population: str
    neurons_per_core: int
    cores: int
    capacitance_nf: float
    offset_na: NDArray[np.float64]
    refractory_steps: int
    delay_slots: int
    memory_bytes: int


@document
class WordScale:
    """How weights of one receptor of one population become words.

    Attributes
    ----------
    shift
        Left shift that makes a word an S16.15 number.
    words_per_mv
        ``2 ** (15 - shift)``.
    expected_mv
        Upper bound of the weight that arrives in one step, by the machine's rule; what the shift was chosen for.
    largest_mv
        Largest weight that one synapse has, or may learn.
    """

    population: str
    receptor: Polarity
    shift: int
    words_per_mv: float
    expected_mv: float
    largest_mv: float

    @property
    def lsb_mv(self) -> float:
        """Weight of one word."""
        return 1.0 / self.words_per_mv


@document
class DigitalSynapses:
    """Synapses of one sign between two populations.

    Attributes
    ----------
    name
        Of the part: the projection's, a dot, and its role or sign.
    projection
        The projection of the specification that it is part of.
    words
        Shape (pre, post): stored weights.
    exists
        Shape (pre, post): which synapses exist.
    plastic
        Whether the words learn by a :class:`PairStdp`.
    row_synapses
        Largest number of synapses that one spike reaches on one core.
    """

    name: str
    projection: str
    source: str
    target: str
    receptor: Polarity
    delay_steps: int
    plastic: bool
    words: NDArray[np.uint16]
    exists: NDArray[np.bool_]
    row_synapses: int


@document
class DigitalInput:
    """One-to-one synapses of one sign from a stimulus.

    Attributes
    ----------
    words
        Shape (neurons,): stored weights; 0 where the stimulus has the other sign.
    """

    stimulus: str
    population: str
    receptor: Polarity
    delay_steps: int
    words: NDArray[np.uint16]


@document
class PairStdp:
    """Spike-timing-dependent plasticity of all pairs, with bounds and without dependence on the weight.

    A post spike that arrives after a pre spike adds ``amplitude_plus exp(-dt/tau_plus)``, one that arrives before or
    with it subtracts ``amplitude_minus exp(-dt/tau_minus)``.

    Attributes
    ----------
    rule, projection
        Rule and projection of the specification.
    synapses
        Name of the :class:`DigitalSynapses` that learn.
    fixed
        Name of the static synapses of the other sign that make the sum signed; None where it has one sign.
    fixed_mv
        Weight of those.
    amplitude_plus_mv, amplitude_minus_mv
        Change of a stored weight per pair.
    weight_max_mv
        The stored weight stays between 0 and this.
    tau_plus_ms, tau_minus_ms
        Widths of the windows.
    step_lsb
        The smaller amplitude in words.
    drift_mv_per_s
        Expected change of the signed weight by rounding down alone, at the rate that the machine plans for.
    """

    rule: str
    projection: str
    synapses: str
    fixed: str | None
    fixed_mv: float
    amplitude_plus_mv: float
    amplitude_minus_mv: float
    weight_max_mv: float
    tau_plus_ms: float
    tau_minus_ms: float
    step_lsb: float
    drift_mv_per_s: float


@document
class FlushSpikes:
    """One strong input to every neuron of a population after a run, in programs of earlier versions.

    Attributes
    ----------
    word
        Weight of the input, excitatory.
    steps
        How long the machine runs on for it.
    """

    population: str
    word: int
    steps: int


#: returns the present words of a part of a projection, shape (pre, post)
ReadWords: TypeAlias = Callable[[DigitalSynapses], NDArray[np.int64]]


@document
class DigitalProgram:
    """What is written to the machine.

    Attributes
    ----------
    time_scale_factor
        Wall-clock time of a step divided by its model time.
    history
        Post spikes per neuron that learning synapses can still see.
    flush
        Of programs of earlier versions only.
    """

    time_scale_factor: float
    history: int
    neurons: tuple[DigitalNeurons, ...]
    scales: tuple[WordScale, ...]
    synapses: tuple[DigitalSynapses, ...]
    inputs: tuple[DigitalInput, ...]
    plasticity: tuple[PairStdp, ...] = ()
    flush: tuple[FlushSpikes, ...] = ()

    def scale_of(self, population: str, receptor: Polarity) -> WordScale:
        """Return the scale of a receptor of a population."""
        return next(item for item in self.scales if item.population == population and item.receptor == receptor)

    def neurons_of(self, population: str) -> DigitalNeurons:
        """Return a population's neurons."""
        return next(item for item in self.neurons if item.population == population)

    def parts_of(self, projection: str) -> tuple[DigitalSynapses, ...]:
        """Return the parts of a projection."""
        return tuple(item for item in self.synapses if item.projection == projection)

    def weights_mv(self, projection: str, shape: tuple[int, ...], words: ReadWords) -> NDArray[np.float64]:
        """Return a projection's weights, mV: those of its parts added up with their signs.

        Parameters
        ----------
        projection, shape
            Which one, and its (pre, post).
        words
            Returns the present words of a part, shape (pre, post).
        """
        total = np.zeros(shape)
        for part in self.parts_of(projection):
            lsb_mv = self.scale_of(part.target, part.receptor).lsb_mv
            total += sign_of(part.receptor) * lsb_mv * words(part)
        return total

    def words_at_limit(self, words: ReadWords) -> dict[str, tuple[int, int]]:
        """Return, per projection, learning words that stand at an end of their range, and how many there are."""
        found = {}
        for item in self.plasticity:
            if item.step_lsb > 0.0:
                part = next(each for each in self.synapses if each.name == item.synapses)
                largest = int(item.weight_max_mv * self.scale_of(part.target, part.receptor).words_per_mv)
                present = words(part)[part.exists]
                found[item.projection] = (int(((present == 0) | (present >= largest)).sum()), present.size)
        return found

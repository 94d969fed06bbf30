"""The part of a compiled program that speaks of a chip: placement, rows, codes, sources and plasticity schedule."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.kernel.ir import Kernel
from sal_hw.program.streams import Entropy, random_stream
from sal_hw.spec.signs import Polarity
from sal_hw.spec.windows import Pairing
from sal_hw.storage.document import document


@document
class ChipNeurons:
    """Neuron circuits, in the executor's order of neurons; every array has shape (neurons,).

    Attributes
    ----------
    site
        Which circuit: ``hemisphere * columns + column``.
    v_leak_lsb, v_reset_lsb, v_threshold_lsb
        Calibration targets of the potentials, in CADC LSB; drives and biases are part of the leak potential.
    tau_mem_us, tau_syn_exc_us, tau_syn_inh_us, refractory_us
        Time constants, in chip time.
    drive_exc_lsb, drive_inh_lsb
        Steady drive that one weight unit of synaptic current makes, in CADC LSB, per polarity; set by the
        synaptic input's bias.
    state_us
        A sampling neuron's state is 1 for this long after a spike, in chip time.
    """

    site: NDArray[np.int64]
    v_leak_lsb: NDArray[np.float64]
    v_reset_lsb: NDArray[np.float64]
    v_threshold_lsb: NDArray[np.float64]
    tau_mem_us: NDArray[np.float64]
    tau_syn_exc_us: NDArray[np.float64]
    tau_syn_inh_us: NDArray[np.float64]
    refractory_us: NDArray[np.float64]
    drive_exc_lsb: NDArray[np.float64]
    drive_inh_lsb: NDArray[np.float64]
    state_us: NDArray[np.float64]


@document
class SynapseTile:
    """Synapses of one owner, one polarity and one hemisphere: rows times columns.

    Attributes
    ----------
    owner
        Name of the projection or stimulus.
    rows
        Shape (sources,): the synapse row of each source. The sources of a background generator share rows.
    labels
        Shape (sources,): the six bits by which a synapse tells the events of its source from others of the row.
    columns, post
        Shape (columns,): column on the hemisphere, and index within the target population.
    codes
        Shape (sources, columns): stored weights, 0..63.
    exists
        Shape (sources, columns): which synapses are used.
    """

    owner: str
    polarity: Polarity
    hemisphere: int
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    columns: NDArray[np.int64]
    post: NDArray[np.int64]
    codes: NDArray[np.uint8]
    exists: NDArray[np.bool_]


@document
class BackgroundSource:
    """Poisson events of one background generator, one train per neuron of the stimulated population.

    Attributes
    ----------
    generator, hemisphere
        Which one, ``hemisphere * buses + bus``, and the hemisphere again.
    size
        Number of trains, a power of two; of those beyond the population nothing arrives.
    rate_hz
        Rate of each train, in chip time.
    seed
        The stimulus's own; None for the run's.
    """

    name: str
    population: str
    generator: int
    hemisphere: int
    size: int
    rate_hz: float
    seed: int | None

    def stream(self, entropy: Entropy) -> np.random.SeedSequence:
        """Return the random stream of its trains; the parts of a stimulus on both hemispheres have one each."""
        return random_stream(entropy, self.name, self.seed, self.hemisphere)


@document
class ExternalSource:
    """Given spikes from outside, one input per neuron of the stimulated population.

    Attributes
    ----------
    time_us, neuron
        Shape (spikes,): chip time, in order, and index within the target population.
    """

    name: str
    population: str
    time_us: NDArray[np.float64]
    neuron: NDArray[np.int64]


@document
class PlacedKernel:
    """A learning rule on the plasticity processors.

    Attributes
    ----------
    rule, projection
        Names of the rule and of the projection whose synapses it updates.
    excitatory, inhibitory
        The kernel for the rows of each polarity; None where the projection has none.
    start_us, period_us, row_time_us
        Beginning of the first update, so that it learns until the end of the first period; time between the beginnings
        of two updates; time that one row takes to learn. Chip time.
    row_store_us
        Time that storing what probes ask for takes, per row. A period has room for it; the emulated instants at which
        rows are read do not depend on it, so that a probe changes nothing that is learned.
    tau_causal_us, tau_anticausal_us, amplitude_lsb
        Calibration targets of the sensors: time constants, and reading of one pair at zero lag.
    constants
        Per constant of the kernels and tile of the projection (``name.tile-index``), shape (sources, columns).
    chip_constants
        Per constant that differs between synapses: that of every synapse of the chip, shape (hemispheres, rows,
        columns). Which of them a machine uses is known when its own software has placed the network.
    memory
        Where the constants lie: ``none``, ``sram`` or ``external``.
    lead_calls
        How often the processors call a kernel, once per period, before the run begins; none of these calls learns,
        and the last one resets all sensors. 0: the kernel learns with its first call, from sensors as it finds them.
    lead_first, lead_rows, lead_parts
        The first of these calls in which the kernel measures baselines, and of how many rows at once in how many
        calls: those of excitatory synapses first. A kernel at a time measures. No rows: it does not measure.
    """

    rule: str
    projection: str
    excitatory: Kernel | None
    inhibitory: Kernel | None
    start_us: float
    period_us: float
    row_time_us: float
    tau_causal_us: float
    tau_anticausal_us: float
    amplitude_lsb: float
    pairing: Pairing
    constants: dict[str, NDArray[np.int64]]
    memory: Literal["none", "sram", "external"]
    row_store_us: float = 0.0
    lead_calls: int = 0
    lead_first: int = 0
    lead_rows: int = 0
    lead_parts: int = 1
    chip_constants: dict[str, NDArray[np.int16]] = field(default_factory=dict)

    @property
    def lead_us(self) -> float:
        """Chip time from the first call of a kernel's schedule until the run begins."""
        return self.lead_calls * self.period_us

    def kernel(self, polarity: Polarity) -> Kernel | None:
        """Return the kernel for the rows of a polarity."""
        match polarity:
            case "excitatory":
                return self.excitatory
            case "inhibitory":
                return self.inhibitory
            case _:
                assert_never(polarity)


@document
class ChipProgram:
    """What is written to a chip.

    Attributes
    ----------
    time_scale
        Model time divided by chip time.
    columns, rows
        Columns and rows of each hemisphere.
    lsb_per_mv
        Per population: CADC LSB per unit of the model's potential (mV; for sampling neurons log-odds).
    v_rest_lsb
        Per population: where the model's resting potential (or bias zero) lies.
    """

    time_scale: float
    hemispheres: int
    columns: int
    rows: int
    neurons: ChipNeurons
    tiles: tuple[SynapseTile, ...]
    background: tuple[BackgroundSource, ...]
    external: tuple[ExternalSource, ...]
    kernels: tuple[PlacedKernel, ...]
    lsb_per_mv: dict[str, float]
    v_rest_lsb: dict[str, float]

    def tiles_of(self, owner: str) -> tuple[SynapseTile, ...]:
        """Return the tiles of a projection or stimulus."""
        return tuple(tile for tile in self.tiles if tile.owner == owner)

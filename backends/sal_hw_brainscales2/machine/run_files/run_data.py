"""What a run file knows of a compiled program: chip units, names of the network, plain numbers; no vendor software.

It is the common ground of both front ends, which say it in their own terms. A run file carries it along as JSON and
arrays, so that it can be read without this package; :func:`run_document` is where it becomes JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from sal_hw.spec.signs import Polarity
from sal_hw.storage.codec import encode

Arrays: TypeAlias = dict[str, NDArray[Any]]

#: version of the form in which run files carry it
FORMAT = 1

#: longest run, in microseconds: the FPGA's timer counts 32 bits at 125 MHz (haldls, vx/timer.h)
MAX_RUNTIME_US = (2**32 - 1) / 125.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationData:
    """A population, and what is recorded of it."""

    name: str
    size: int
    record_spikes: bool
    record_membrane: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionData:
    """The synapses of a projection that have one sign."""

    name: str
    polarity: Polarity
    source: str
    target: str
    learns: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BackgroundData:
    """A background generator with one train of spikes for each neuron that a population has on a hemisphere.

    Attributes
    ----------
    generator
        Its number on the hemisphere.
    size
        How many trains.
    rate_hz
        Of each train, in chip time.
    seed
        Of its shift register, never 0.
    polarities
        Signs of its synapses.
    """

    name: str
    population: str
    hemisphere: int
    generator: int
    size: int
    rate_hz: float
    seed: int
    polarities: tuple[Polarity, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalData:
    """Given spikes for a population, which are arrays."""

    name: str
    population: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleData:
    """A learning rule, which a kernel applies to a projection.

    Attributes
    ----------
    start_us, period_us
        Chip time of the first update, and from one to the next.
    memory
        Where the kernel keeps its constants.
    constants
        Their names.
    constants_per_synapse
        Whether any differs between synapses.
    senses
        Whether a probe reads the correlation sensors.
    record_every
        Updates from one record of the weights to the next; 0: the last weights are all that is read.
    lead_calls
        Calls of the kernel before the run, which do not learn; see
        :class:`sal_hw_brainscales2.program.PlacedKernel`.
    measured
        Names of the constants that the kernel measures itself in these calls.
    """

    number: int
    projection: str
    start_us: float
    period_us: float
    updates: int
    memory: str
    constants: tuple[str, ...]
    constants_per_synapse: bool
    senses: bool
    record_every: int
    lead_calls: int
    measured: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunData:
    """A program in the form of a run file.

    Attributes
    ----------
    time_scale
        Chip time is model time divided by this.
    runtime_us, lead_us, after_us
        Length of the run in chip time, and of what comes before and after it: kernels' calls that do not learn, of
        which the last leaves the weights. Times of spikes and records count from the begin of the run.
    arrays
        By name: ``neurons.POPULATION.SETTING`` (neurons,), ``codes.OWNER.POLARITY`` and ``exists.OWNER.POLARITY``
        (pre, post), ``constants.PROJECTION.POLARITY.NAME`` (pre, post), and where these differ between synapses,
        ``chip.RULE.NAME`` (hemispheres, rows, columns) with those of all synapses of the chip,
        ``external.NAME.time_us`` and ``external.NAME.neuron`` (spikes,).
    """

    program_hash: str
    target: str
    snapshot_hash: str | None
    seed: int
    time_scale: float
    runtime_us: float
    lead_us: float
    after_us: float
    updates: int
    populations: tuple[PopulationData, ...]
    projections: tuple[ProjectionData, ...]
    background: tuple[BackgroundData, ...]
    external: tuple[ExternalData, ...]
    rules: tuple[RuleData, ...]
    arrays: Arrays

    @property
    def chip_us(self) -> float:
        """Chip time from the first call of a kernel to the last one's end."""
        return self.lead_us + self.runtime_us + self.after_us


def run_document(data: RunData) -> dict[str, Any]:
    """Return everything but the arrays as JSON data, in the order of the fields."""
    document, _ = encode(replace(data, arrays={}))
    return {"format": FORMAT} | {name: item for name, item in document.items() if name != "arrays"}


def entry(item: object, **more: object) -> dict[str, Any]:
    """Return one of the parts above as JSON data, with what a front end needs to know of it besides."""
    document, _ = encode(item)
    return {**document, **more}

"""What drives a network from outside."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Tag

from sal_hw.spec.fields import Name, RateHz, Seed
from sal_hw.spec.values import TableSource, ValueSource
from sal_hw.storage.document import choose_by, document


@document
class ConstantDrive:
    """A constant drive on every neuron of a population: log-odds for sampling neurons, mV for LIF neurons."""

    name: Name
    target: Name
    amplitude: ValueSource
    kind: Literal["constant"] = "constant"


@document
class PoissonNoise:
    """Independent Poisson spike trains, one per neuron of the target population.

    Attributes
    ----------
    rate_hz
        Rate of each train, in model time.
    weight
        Weight of its synapse, one per neuron.
    seed
        Takes the place of the run's seed; the stimulus's name is mixed in, so that equal seeds give other trains.
    """

    name: Name
    target: Name
    rate_hz: RateHz
    weight: ValueSource
    seed: Seed | None = None
    kind: Literal["poisson"] = "poisson"


@document
class SpikeList:
    """Given input spikes: rows of (time in ms, neuron), through a synapse of the given weight."""

    name: Name
    target: Name
    spikes: TableSource
    weight: ValueSource
    kind: Literal["spikes"] = "spikes"


Stimulus: TypeAlias = Annotated[
    Annotated[ConstantDrive, Tag("=constant")]
    | Annotated[PoissonNoise, Tag("=poisson")]
    | Annotated[SpikeList, Tag("=spikes")],
    choose_by("kind"),
]

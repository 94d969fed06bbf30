"""What is recorded."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Tag

from sal_hw.spec.fields import Count, DurationMs, Name
from sal_hw.storage.document import choose_by, document


@document
class SpikeProbe:
    """All spikes of a population; they are streamed to disk, so long recordings cost no memory."""

    population: Name
    kind: Literal["spikes"] = "spikes"


@document
class WeightProbe:
    """The weights of a projection, after every so many updates."""

    projection: Name
    every_updates: Count = 1
    kind: Literal["weights"] = "weights"


@document
class StateProbe:
    """How often each joint state of a population occurs (at most 20 sampling neurons)."""

    population: Name
    kind: Literal["states"] = "states"


@document
class MembraneProbe:
    """The membrane potential of a population of LIF neurons, sampled regularly."""

    population: Name
    every_ms: DurationMs
    kind: Literal["membrane"] = "membrane"


@document
class CorrelationProbe:
    """The readings of the correlation sensors of a projection that learns, at every update.

    They are raw codes of the converter, in LSB: they fall as correlation accumulates. A disabled rule reads as well.
    """

    projection: Name
    kind: Literal["correlation"] = "correlation"


Probe: TypeAlias = Annotated[
    Annotated[SpikeProbe, Tag("=spikes")]
    | Annotated[WeightProbe, Tag("=weights")]
    | Annotated[StateProbe, Tag("=states")]
    | Annotated[MembraneProbe, Tag("=membrane")]
    | Annotated[CorrelationProbe, Tag("=correlation")],
    choose_by("kind"),
]

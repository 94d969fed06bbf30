"""What the passes for machines that compute in time steps hand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.signs import Polarity
from sal_hw_spinnaker.program import (
    DigitalInput,
    DigitalNeurons,
    DigitalSynapses,
    PairStdp,
    WordScale,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SignedPart:
    """Synapses of one sign, with weights in model units.

    Attributes
    ----------
    owner
        The projection or stimulus that they belong to.
    field
        Where that stands in the specification.
    source
        Population; None for a stimulus.
    weights
        Shape (pre, post), or (post,) of a stimulus: magnitudes, mV.
    exists
        Same shape: which synapses exist.
    largest_mv
        Largest magnitude that a synapse has, or may learn.
    rate_hz
        Rate of each source that the scale is chosen for.
    rule
        Index of the rule that changes them; None where they are static.
    """

    name: str
    owner: str
    field: str
    source: str | None
    target: str
    receptor: Polarity
    delay_steps: int
    weights: NDArray[np.float64]
    exists: NDArray[np.bool_]
    largest_mv: float
    rate_hz: float
    rule: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DigitalDraft:
    """The machine's part of a program in the making; see :class:`sal_hw_spinnaker.program.DigitalProgram`."""

    parts: tuple[SignedPart, ...]
    scales: tuple[WordScale, ...] = ()
    synapses: tuple[DigitalSynapses, ...] = ()
    inputs: tuple[DigitalInput, ...] = ()
    neurons: tuple[DigitalNeurons, ...] = ()
    plasticity: tuple[PairStdp, ...] = ()

    def scale_of(self, part: SignedPart) -> WordScale:
        """Return the scale of a part's words."""
        return next(item for item in self.scales if item.population == part.target and item.receptor == part.receptor)

    def plastic_parts(self) -> tuple[SignedPart, ...]:
        """Return the parts that learn."""
        return tuple(part for part in self.parts if part.rule is not None)

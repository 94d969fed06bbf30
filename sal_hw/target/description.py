"""What a kind of chip offers: limits as data, each with its unit and its source."""

from __future__ import annotations

import math
from dataclasses import field
from difflib import get_close_matches
from typing import Literal

from sal_hw.errors import quote_value
from sal_hw.registry import CAPABILITIES, names
from sal_hw.storage.document import document

#: relative error of a few conversions of units
_ROUNDING = 1e-9


@document
class Range:
    """A closed interval of legal values.

    Attributes
    ----------
    low, high
        Its ends; None means unbounded.
    step
        Distance of neighbouring values; 0 means continuous.
    unit
        Unit of all three; ``1`` for numbers without.
    source
        Where the limit comes from.
    """

    low: float | None = None
    high: float | None = None
    step: float = 0.0
    unit: str = "1"
    source: str = ""

    def __contains__(self, value: float) -> bool:
        """Whether `value` lies within the ends; one that is at an end but for rounding does."""
        if any(end is not None and math.isclose(value, end, rel_tol=_ROUNDING) for end in (self.low, self.high)):
            return True
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@document
class Exclusion:
    """Two capabilities that a program cannot use together.

    Attributes
    ----------
    first, second
        The two; messages are about who uses the second one.
    reason
        Why, as the part of a sentence after a colon.
    source
        Where that is known from.
    """

    first: str
    second: str
    reason: str
    source: str


@document
class CircuitGrid:
    """Where the circuits of a chip are: in blocks of synapses, each column of which has one neuron circuit.

    Attributes
    ----------
    block
        What the makers of the chip call a block.
    blocks, rows, columns
        How many blocks there are, and rows and columns of synapses in each.
    """

    block: str
    blocks: int
    rows: int
    columns: int

    @property
    def neurons(self) -> int:
        """Number of neuron circuits."""
        return self.blocks * self.columns


@document
class TargetDescription:
    """One kind of machine that programs are compiled for.

    Attributes
    ----------
    family
        The name that ``--target`` takes.
    summary
        One line for listings.
    capabilities
        What it can do, by names of :class:`sal_hw.contracts.capability.Capability`; what is not named is refused by the
        compiler.
    limits
        Named ranges.
    exclusions
        Pairs of capabilities that do not go together.
    lacks
        Why the target does not have a capability, or windows other than exponential ones (``windows``), and where from.
    time_scale
        Machine time is model time divided by this.
    emulated
        Whether the target exists only as an emulation.
    learning
        Who applies the SAL rule: ``native`` to the machine, the ``host`` between pieces of a run, or ``none``.
    weights
        What weights are stored as, in a few words.
    calibrated
        Whether circuits differ and can be calibrated.
    grid
        Where those circuits are; None for machines without circuits that differ.
    tested
        How programs for it were tested: ``run`` (for real, here), ``mapped`` (on a virtual machine, without spikes), or
        ``contract`` (against stand-ins of the vendor's software); besides the emulation.

    Raises
    ------
    ValueError
        If no package registers a capability that is named.
    """

    family: str
    summary: str
    capabilities: tuple[str, ...]
    limits: dict[str, Range]
    exclusions: tuple[Exclusion, ...] = ()
    lacks: dict[str, str] = field(default_factory=dict)
    time_scale: float = 1.0
    emulated: bool = False
    learning: Literal["native", "host", "none"] = "none"
    weights: str = ""
    calibrated: bool = False
    grid: CircuitGrid | None = None
    tested: Literal["run", "mapped", "contract"] = "run"

    def __post_init__(self) -> None:
        known = names(CAPABILITIES)
        for name in (*self.capabilities, *(end for pair in self.exclusions for end in (pair.first, pair.second))):
            if name not in known:
                close = get_close_matches(name, known, n=1)
                words = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(known) or 'none'}"
                raise ValueError(f"{self.family}: no package registers the capability {quote_value(name)}; {words}")

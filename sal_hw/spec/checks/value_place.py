"""A place for numbers, with what it asks of them."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.spec.checks.readable import ReadableSpec
from sal_hw.spec.findings import Path
from sal_hw.spec.signs import Receptor
from sal_hw.spec.values import ValueSource


@dataclass(frozen=True, kw_only=True, slots=True)
class ValuePlace:
    """A place for numbers.

    Attributes
    ----------
    shape
        None if a population that decides it could not be read.
    axes
        What the axes of the shape are, in words.
    model, unit
        Neuron model that the numbers belong to, and its unit: ``1`` or ``mV``; None if it could not be read.
    lowest, highest
        Range that the numbers must start in.
    sparse
        Whether the numbers are an edge list in a file.
    """

    path: Path
    source: ValueSource
    shape: tuple[int, ...] | None
    axes: str
    model: str | None
    unit: str | None
    receptor: Receptor = "signed"
    lowest: float | None = None
    highest: float | None = None
    sparse: bool = False
    readable: ReadableSpec

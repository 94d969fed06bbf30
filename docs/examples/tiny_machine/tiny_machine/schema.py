"""The ``clip_share`` study: how many normally distributed weights the machine cuts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from sal_hw.spec.fields import Number, Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document
from sal_hw.units import Unit


@document
class ClipShareProtocol:
    """The share of weights beyond what the machine stores, over their standard deviation.

    Attributes
    ----------
    largest_std_mv
        The largest standard deviation of the weights.
    points
        Number of standard deviations, in equal steps up to the largest.
    """

    largest_std_mv: Annotated[Number, Gt(0.0), Le(1e3), Unit("mV")]
    points: Annotated[Whole, Ge(1), Le(1000)] = 10
    kind: Literal["clip_share"] = "clip_share"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other: there are none."""
        yield from ()

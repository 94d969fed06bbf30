"""Types of the fields of a specification: number, unit and legal range in one annotation.

The same annotation checks a recipe's text and an object built in Python, so both get the same codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le
from pydantic import Strict, StringConstraints

from sal_hw.units import Unit

#: neurons in one population; far above any chip, but a typing error cannot exhaust memory
MAX_POPULATION_SIZE = 1_000_000

#: one model day; longer runs are a typing error
MAX_DURATION_MS = 86_400_000.0

#: numbers that may stand inline in a recipe; larger tables belong in a file
MAX_INLINE_VALUES = 4096

#: seeds are 64 bit unsigned
MAX_SEED = 2**64 - 1

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{0,63}"


@dataclass(frozen=True, slots=True)
class Because:
    """Says in an error why a field has its range, and what to do instead of leaving it."""

    reason: str
    hint: str | None = None


Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]

Name = Annotated[Text, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
Size = Annotated[
    Whole, Ge(1), Le(MAX_POPULATION_SIZE), Because("more neurons than this in one population fit no target")
]
Count = Annotated[Whole, Ge(1), Le(10**9)]
Seed = Annotated[Whole, Ge(0), Le(MAX_SEED), Because("seeds are unsigned 64-bit numbers")]
Spread = Annotated[Number, Ge(0.0), Le(1e3)]
TimeConstantMs = Annotated[Number, Gt(0.0), Le(1e6), Unit("ms"), Because("other quantities are divided by it")]
DurationMs = Annotated[Number, Gt(0.0), Le(MAX_DURATION_MS), Unit("ms"), Because("at most one day of model time")]
DelayMs = Annotated[Number, Ge(0.0), Le(1e4), Unit("ms")]
RateHz = Annotated[Number, Ge(0.0), Le(1e6), Unit("Hz")]
PotentialMv = Annotated[Number, Ge(-1e3), Le(1e3), Unit("mV")]
LearningRate = Annotated[
    Number,
    Gt(0.0),
    Le(1e3),
    Because("the sign of learning is set by the rule", "to switch the rule off, set enabled: false"),
]
Bound = Annotated[Number, Ge(-1e6), Le(1e6)]

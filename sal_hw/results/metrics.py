"""Metrics: named numbers of a run, and those that cannot be computed, with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Metric: TypeAlias = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Undefined:
    """A metric that cannot be computed; it is stored as null, and the reason beside it.

    Attributes
    ----------
    reason
        Why, in words that stand alone.
    """

    reason: str


#: what an experiment may give under a metric's name
Found: TypeAlias = float | int | str | bool | Undefined


def finite(value: float, reason: str) -> float | Undefined:
    """Return a number if it is finite, else why it is not."""
    return float(value) if math.isfinite(value) else Undefined(reason)


def settle(found: Mapping[str, Found]) -> tuple[dict[str, Metric], dict[str, str]]:
    """Return metrics as they are stored, null where there is none, and per null the reason.

    No number that JSON cannot hold is left: one that is not finite becomes null, too, and its reason names it.
    """
    metrics: dict[str, Metric] = {}
    reasons: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, Undefined):
            metrics[name], reasons[name] = None, value.reason
        elif isinstance(value, float) and not math.isfinite(value):
            metrics[name], reasons[name] = None, f"the computation gave {float(value)}, which is no finite number"
        else:
            metrics[name] = value
    return metrics, reasons

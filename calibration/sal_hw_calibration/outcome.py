"""What a stage of the campaign found."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.target.snapshot import Curve, ParameterTable


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """Tables, curves for the report, and remarks."""

    tables: tuple[ParameterTable, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()

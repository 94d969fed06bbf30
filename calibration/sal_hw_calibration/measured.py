"""Tables in the making: numbers of some instances of a chip, with errors, residuals and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import ParameterTable
from sal_hw.target.tables import TABLES

#: reasons that every table may give; the first one means that nothing is wrong
OK, NOT_ASKED, FAILED_FIT, ABSURD = "ok", "not measured", "the fit failed", "the number is absurd"

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """Numbers of some instances, each array of one shape.

    Attributes
    ----------
    value
        NaN where it could not be measured.
    sigma
        Standard error.
    residual
        How far the observations stand from the fit, in the unit of what was observed; None if there is no fit.
    faults
        By reason, where it holds; the first reason that holds is kept.
    """

    value: Floats
    sigma: Floats
    residual: Floats | None = None
    faults: tuple[tuple[str, Flags], ...] = ()


def table_of(name: str, found: Measured, where: Any, shape: tuple[int, ...], *, source: str) -> ParameterTable:
    """Return the table of a whole chip.

    Parameters
    ----------
    name
        One of :data:`sal_hw.target.tables.TABLES`.
    found
        What was measured.
    where
        Index of the instances in the whole table.
    shape
        Shape of the whole table.
    source
        How it was measured.

    Returns
    -------
    ParameterTable
        Instances that were not measured, that have a fault, or whose number is absurd or not finite are not ok, and
        `why` says which of these it is.
    """
    kind = TABLES[name]
    dtype: type[np.floating[Any]] = np.float64 if kind.site == "neuron" else np.float32
    reasons = [OK, NOT_ASKED, FAILED_FIT, ABSURD]
    why = np.full(shape, reasons.index(NOT_ASKED), dtype=np.uint8)
    finite = np.isfinite(found.value) & np.isfinite(found.sigma)
    inside = finite & (found.value >= kind.lowest) & (found.value <= kind.highest)
    of_part = np.where(inside, 0, np.where(finite, reasons.index(ABSURD), reasons.index(FAILED_FIT)))
    for reason, holds in reversed(found.faults):
        if reason not in reasons:
            reasons.append(reason)
        of_part = np.where(holds, reasons.index(reason), of_part)
    why[where] = of_part
    ok = why == 0
    blank = min(max(kind.nominal, kind.lowest), kind.highest)

    def whole(values: Floats, default: float) -> NDArray[Any]:
        filled = np.full(shape, default, dtype=dtype)
        filled[where] = values
        return frozen(np.where(ok, filled, dtype(default)))

    return ParameterTable(
        name=name,
        site=kind.site,
        unit=kind.unit,
        measured=whole(found.value, blank),
        ok=frozen(ok),
        sigma=whole(found.sigma, 0.0),
        residual=None if found.residual is None else whole(found.residual, 0.0),
        why=frozen(why),
        reasons=tuple(reasons),
        source=source,
    )

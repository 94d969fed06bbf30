"""What has changed between two snapshots of one chip, and whether errors of the measurements explain it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import CalibrationError, Problem, quote_value
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable

#: a table has drifted if the changes of its instances, over their standard errors, spread more than this. Pulls of
#: correct errors spread by 1; errors of fits are known to some ten per cent only.
DRIFT_PULL = 2.0

#: a change of one instance by more than this many standard errors is told; of 131,072 numbers with normal errors 0.08
#: are beyond
FAR_PULL = 5.0

#: what is no fixed pattern of a chip: bookkeeping, and the middle of the activation, which holds with the other tables
#: of its own snapshot: 2 % of a strength, well within its error, move it by 2 LSB, since the noise is strong
_NO_PATTERN = ("usable", "activation_row_exc", "activation_row_inh", "activation_offset_lsb")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableChange:
    """How a table has changed.

    Attributes
    ----------
    compared
        Instances that are good in both snapshots.
    mean, rms
        Mean and root mean square of the changes, in the table's unit.
    explained
        Root mean square that the standard errors of both explain; None if one of them is not known.
    pull
        Robust spread of the changes over their standard errors; 1 if errors explain all; None as before.
    drifted
        Whether errors do not explain the changes.
    newly_masked, newly_good
        Instances that were good before and are not now, and the reverse.
    far
        Instances that have changed by more than :data:`FAR_PULL` standard errors, which does not make a table drift:
        errors of single fits have long tails. None as before.
    """

    name: str
    unit: str
    compared: int
    mean: float
    rms: float
    explained: float | None
    pull: float | None
    drifted: bool
    newly_masked: int
    newly_good: int
    far: int | None


def compare_snapshots(old: CalibrationSnapshot, new: CalibrationSnapshot) -> tuple[TableChange, ...]:
    """Compare all tables that both snapshots have.

    Raises
    ------
    CalibrationError
        E709 if they are of different chips or kinds of chip (exit code 3).
    """
    for name in ("chip_id", "target"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            words = f"a snapshot of the same chip as the other one, {before}"
            hint = "two chips differ by more than drift"
            problem = Problem(code="E709", field=name, value=quote_value(after), allowed=words, hint=hint)
            raise CalibrationError(problem)
    pairs = [(table, new.table(table.name)) for table in old.tables]
    return tuple(_change(before, after) for before, after in pairs if after is not None)


def _change(old: ParameterTable, new: ParameterTable) -> TableChange:
    both = old.ok & new.ok
    change = (new.measured.astype(np.float64) - old.measured)[both]
    errors = _errors(old, new, both)
    fixed = old.name not in _NO_PATTERN
    pulls = None if errors is None else change / np.maximum(errors, 1e-12)
    pull = _spread(pulls) if pulls is not None and change.size and fixed else None
    unexplained = pull is not None and pull > DRIFT_PULL
    exact = errors is None and bool((change != 0.0).any()) and fixed
    return TableChange(
        name=old.name,
        unit=old.unit,
        compared=int(both.sum()),
        mean=float(change.mean()) if change.size else 0.0,
        rms=_rms(change),
        explained=None if errors is None else _rms(errors),
        pull=pull,
        drifted=unexplained or exact,
        newly_masked=int((old.ok & ~new.ok).sum()),
        newly_good=int((~old.ok & new.ok).sum()),
        far=None if pulls is None else int((np.abs(pulls) > FAR_PULL).sum()),
    )


def _errors(old: ParameterTable, new: ParameterTable, both: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    if old.sigma is None or new.sigma is None:
        return None
    return np.asarray(np.hypot(old.sigma.astype(np.float64), new.sigma)[both])


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def _spread(pulls: NDArray[np.float64]) -> float:
    """Return the standard deviation around zero that half of the numbers imply; a few wild ones do not matter."""
    return float(np.median(np.abs(pulls)) / 0.6745)

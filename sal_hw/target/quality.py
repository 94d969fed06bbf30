"""Whether a calibration is good enough to be used: the yield of each table, and its age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

import numpy as np

from sal_hw.errors import CalibrationError, Problem, quote_value
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.snapshot_checks import TIME_FORMAT
from sal_hw.target.tables import TABLES

#: the reason of instances that a campaign was not asked to measure
NOT_MEASURED = "not measured"


def yields(snapshot: CalibrationSnapshot) -> dict[str, float]:
    """Return, per table, the share of good instances among those that were to be measured.

    Tables of which nothing was measured are left out.
    """
    found = {table.name: (_asked(table), int(table.ok.sum())) for table in snapshot.tables}
    return {name: good / asked for name, (asked, good) in found.items() if asked}


def _asked(table: ParameterTable) -> int:
    if table.why is None or NOT_MEASURED not in table.reasons:
        return int(table.ok.size)
    return int((table.why != table.reasons.index(NOT_MEASURED)).sum())


def check_quality(
    snapshot: CalibrationSnapshot, *, min_yield: float, min_yields: Mapping[str, float] | None = None
) -> None:
    """Refuse a snapshot of which too few instances could be measured.

    Parameters
    ----------
    min_yield
        Least share of good instances per table.
    min_yields
        Other shares for some tables.

    Raises
    ------
    CalibrationError
        E707 with one finding per table below its share (exit code 3).
    KeyError
        If `min_yields` names a table that no snapshot has.
    """
    wanted = dict(min_yields or {})
    unknown = sorted(set(wanted) - set(TABLES))
    if unknown:
        raise KeyError(f"no table is called {', '.join(unknown)}")
    problems = [
        _too_few(snapshot, name, share, wanted.get(name, min_yield))
        for name, share in yields(snapshot).items()
        if share < wanted.get(name, min_yield)
    ]
    if problems:
        raise CalibrationError(problems)


def _too_few(snapshot: CalibrationSnapshot, name: str, share: float, least: float) -> Problem:
    table = snapshot.table(name)
    if table is None:
        raise KeyError(name)
    asked, good = _asked(table), int(table.ok.sum())
    return Problem(
        code="E707",
        field=f"tables.{name}",
        value=f"{good} of {asked} good ({share:.1%})",
        allowed=f"at least {least:.1%} good instances; the others: {_reasons(table)}",
        hint="look at them with sal-hw snapshot report; --min-yield takes another share",
    )


def _reasons(table: ParameterTable) -> str:
    if table.why is None:
        return "no reasons are known"
    counts = np.bincount(table.why.ravel(), minlength=len(table.reasons))
    told = [
        f"{count} {reason}"
        for reason, count in zip(table.reasons, counts.tolist(), strict=True)
        if count and reason not in ("ok", NOT_MEASURED)
    ]
    return ", ".join(told) or "none"


def age_problem(snapshot: CalibrationSnapshot, *, now: datetime, max_age_hours: float) -> Problem | None:
    """Return what is wrong with the age of a snapshot, None if nothing is.

    Parameters
    ----------
    now
        The present time, with its time zone.
    """
    taken = datetime.strptime(snapshot.finished_at or snapshot.taken_at, TIME_FORMAT).replace(tzinfo=timezone.utc)
    hours = (now - taken).total_seconds() / 3600.0
    if hours <= max_age_hours:
        return None
    return Problem(
        code="E708",
        field="calibration",
        value=quote_value(f"taken at {snapshot.finished_at or snapshot.taken_at}, {hours:.0f} hours ago"),
        allowed=f"a snapshot that is at most {max_age_hours:g} hours old",
        hint="calibrate again, or raise --max-calibration-age",
    )

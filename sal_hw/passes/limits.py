"""Limits of the target that a program in the making is for."""

from __future__ import annotations

from sal_hw.passes.draft import Draft


def limit(draft: Draft, name: str) -> float:
    """Return the upper end of one of the target's limits; for quantities with one value, this value.

    Raises
    ------
    TypeError
        If the target's limit has no upper end.
    """
    high = draft.target.limits[name].high
    if high is None:
        raise TypeError(f"target {draft.target.family} has no upper limit of {name}")
    return float(high)

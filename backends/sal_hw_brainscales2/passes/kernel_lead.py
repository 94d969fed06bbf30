"""What kernels do before a run begins: they measure the baselines of their sensors, row by row, and reset them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import LoweredSal
from sal_hw.spec.plasticity import SalRule
from sal_hw_brainscales2.passes.draft import ChipDraft


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """The calls of a kernel before the run.

    Attributes
    ----------
    calls
        How many, the last of which resets all sensors.
    first
        The first of them in which the kernel measures baselines.
    rows, parts
        Of how many rows at once in how many calls; 0 rows: it does not measure.
    reads
        How often it reads each sensor.
    """

    calls: int
    first: int = 0
    rows: int = 0
    parts: int = 1
    reads: int = 0


def measures_baselines(draft: Draft, index: int) -> bool:
    """Whether the kernels of a rule measure the baselines themselves, as they do unless the rule says otherwise."""
    rule = draft.spec.plasticity[index]
    return not isinstance(rule, SalRule) or rule.baselines == "measured"


def plan_lead(draft: Draft, projection: str, period_us: float) -> Lead:
    """Return the calls before the run of the kernel of a projection: one kernel at a time measures some rows."""
    most = period_us * limit(draft, "baseline_share") * limit(draft, "ppu_clock") / limit(draft, "row_baseline_cycles")
    reads, parts = int(limit(draft, "baseline_reads")), 1
    # numbers of reads are powers of two
    while reads > parts * max(1.0, most):
        parts *= 2
    rows = max(1, int(most / reads))
    turns = {name: _turns(draft, name, rows) for name in _measuring(draft)}
    calls = sum(turns.values()) * parts + 1
    if projection not in turns:
        return Lead(calls=calls)
    before = list(turns)[: list(turns).index(projection)]
    first = sum(turns[name] for name in before) * parts
    return Lead(calls=calls, first=first, rows=rows, parts=parts, reads=reads)


def _measuring(draft: Draft) -> list[str]:
    """Return the projections whose kernels measure baselines, in the order in which they do."""
    rules = [rule for rule in draft.rules if isinstance(rule, LoweredSal)]
    return [
        name
        for index, rule in enumerate(rules)
        if measures_baselines(draft, index)
        for name in dict.fromkeys(rule.learned)
    ]


def _turns(draft: Draft, projection: str, rows: int) -> int:
    """Return how many times rows of a projection are measured at once, those of each polarity by themselves."""
    found: dict[str, dict[int, int]] = {}
    for tile in draft.part_of(ChipDraft).tiles:
        if tile.owner == projection:
            halves = found.setdefault(tile.polarity, {})
            halves[tile.hemisphere] = halves.get(tile.hemisphere, 0) + len(tile.rows)
    return sum(math.ceil(max(halves.values()) / rows) for halves in found.values())


def busiest_rows(draft: Draft) -> int:
    """Return the rows that the busier processor updates; each processor has its own hemisphere.

    A processor handles the rows of each projection by themselves, also where two of them share a row.
    """
    learning = draft.learned
    rows: dict[int, int] = {}
    for tile in draft.part_of(ChipDraft).tiles:
        if tile.owner in learning:
            rows[tile.hemisphere] = rows.get(tile.hemisphere, 0) + len(tile.rows)
    return max(rows.values(), default=0)

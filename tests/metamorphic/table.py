"""What each change of a recipe does to its result on each target; docs/metamorphic.md is made of this table, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: columns; ``sampling`` is a network of sampling neurons, all others are of LIF neurons
COLUMNS = (
    "ideal",
    "ideal sampling",
    "brainscales2",
    "brainscales2 sampling",
    "spinnaker1",
    "spinnaker2",
    "pynn:brian2",
    "pynn:nest",
)


class Outcome(Enum):
    """How the result of a changed recipe compares with that of the recipe, names and units translated back."""

    EQUAL = "equal bytes"
    PERMUTED = "equal up to permutation"
    ROUNDED = "equal within rounding"
    STATISTICAL = "statistically equal"
    REFUSED = "refused"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What one change does on one target.

    Attributes
    ----------
    outcome
        How results compare.
    reason
        Why, unless bytes are equal or only the order of spikes within a step differs.
    tolerance_mv
        Largest difference of a weight that rounding makes; spikes are equal.
    code
        Of the refusal.
    """

    outcome: Outcome
    reason: str = ""
    tolerance_mv: float = 0.0
    code: str = ""


EQUAL = Cell(outcome=Outcome.EQUAL)
PERMUTED = Cell(outcome=Outcome.PERMUTED)


def _drawn(reason: str) -> Cell:
    return Cell(outcome=Outcome.STATISTICAL, reason=reason)


NAMED = _drawn("a random stream belongs to a name")
ONE_STREAM = _drawn("one stream of random numbers serves all sampling neurons, in their order")
NUMBERED = _drawn("noise trains are numbered as the neurons are")
ROW_BY_ROW = _drawn("a processor updates one row after another, so a row's place decides when")
CHIP_TIME = _drawn("a processor takes the same chip time for an update whatever the network's time constants are")
NO_NOISE = Cell(outcome=Outcome.NOT_OFFERED, reason="sampling neurons have no Poisson stimuli")
NO_UNIT = Cell(outcome=Outcome.NOT_OFFERED, reason="potentials of sampling neurons are log-odds, which have no unit")
FLOORED = Cell(
    outcome=Outcome.ROUNDED,
    reason="learning amplitudes and changes are rounded in 16-bit words",
    tolerance_mv=0.002,
)

GENERATOR = _drawn("a random stream belongs to a name and a hemisphere, which placement chooses")


def _row(usual: Cell = EQUAL, **others: Cell) -> dict[str, Cell]:
    """Return a row; columns are named with `_` for a blank or a colon."""
    columns = {name.replace(" ", "_").replace(":", "_"): name for name in COLUMNS}
    return dict.fromkeys(COLUMNS, usual) | {columns[name]: cell for name, cell in others.items()}


NOT_SAMPLED = {"ideal_sampling": NO_NOISE, "brainscales2_sampling": NO_NOISE}

TABLE: dict[str, dict[str, Cell]] = {
    "permute populations": _row(ideal_sampling=ONE_STREAM),
    "permute projections": _row(),
    "permute stimuli": _row(),
    "permute probes": _row(),
    "permute the neurons of a population": _row(
        PERMUTED, ideal_sampling=ONE_STREAM, brainscales2=ROW_BY_ROW, brainscales2_sampling=NUMBERED
    ),
    "rename populations and projections": _row(brainscales2_sampling=NAMED),
    "rename the rule": _row(),
    "rename a Poisson stimulus": _row(NAMED, **NOT_SAMPLED),
    "add a probe": _row(),
    "add a disabled rule": _row(),
    "add a disabled rule elsewhere": _row(),
    "add an unconnected population": _row(ideal_sampling=ONE_STREAM, brainscales2_sampling=GENERATOR),
    "swap forward and backward": _row(),
    "write quantities in other units": _row(),
    "scale time by 2": _row(brainscales2=CHIP_TIME, brainscales2_sampling=CHIP_TIME),
    "scale potentials by 2": _row(spinnaker1=FLOORED, ideal_sampling=NO_UNIT, brainscales2_sampling=NO_UNIT),
    "run in pieces of 3 updates": _row(),
    "interrupt and resume": _row(),
    "2 threads": _row(),
    "4 threads": _row(),
}

"""What a kernel keeps for the host: the last weights, and the records that probes ask for; sizes, symbols and text.

Kernels keep whole rows, two stores of 128 bytes each: of a full row, the bytes one by one, as grenade's packed
recordings have them, would take 128 times as long. Weights are kept after every so many updates, readings of sensors
at all of them. A call after the run leaves the last weights, whatever became of the updates before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from sal_hw.program import CompiledProgram
from sal_hw.spec.probes import CorrelationProbe, WeightProbe
from sal_hw_brainscales2.program import PlacedKernel

#: updates of a run; far more than fit into the longest one
MAX_UPDATES = 10**7

_FINAL = """\
    // After the run nothing is learned: what the weights have become is left for the host.
    if (grenade::vx::ppu::now() >= $end) {
        size_t place = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu$skip) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                sal_store($final[sal_half()][place], handle.get_weights(row));
            }
        }
        $finished = 1;
        return;
    }

"""

_TIMES = """\
    // The time of each update that is kept, in cycles of 8 ns; there is room for as many as the run has.
    uint32_t const update = $updates;
    if (update >= $count) {
        return;
    }
    $times[sal_half()][update] = static_cast<uint32_t>(grenade::vx::ppu::now() >> 1);
"""

_RECORD = """
    // Only when all rows have learned: no row has to wait for a record.
    if ((update + 1) % $every == 0) {
        size_t record = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu$skip) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++record) {
                sal_store($records[update / $every][sal_half()][record], handle.get_weights(row));
            }
        }
    }"""

_READINGS = """
            sal_store($causal[update][sal_half()][place], correlation.causal);
            sal_store($acausal[update][sal_half()][place], correlation.acausal);"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How long a run is and what of it a kernel keeps besides the last weights.

    Attributes
    ----------
    updates
        Of the run.
    every
        Updates from one record of the weights to the next; 0: none.
    senses
        Whether the sensors' readings of each update are kept.
    """

    updates: int = MAX_UPDATES
    every: int = 0
    senses: bool = False

    @property
    def records(self) -> int:
        """How many records of the weights there are."""
        return self.updates // self.every if self.every else 0

    @property
    def any(self) -> bool:
        """Whether it keeps anything of an update."""
        return self.records > 0 or self.senses

    def shapes(self, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what lies in external memory, by role; a half of each is one hemisphere's."""
        row = (2, rows, columns)
        found: dict[str, tuple[int, ...]] = {"final": row}
        if self.records:
            found["records"] = (self.records, *row)
        if self.senses:
            found |= dict.fromkeys(("causal", "acausal"), (self.updates, *row))
        if self.any:
            found["times"] = (2, self.updates)
        return found


def sensed(program: CompiledProgram) -> set[str]:
    """Return the projections whose sensors' readings are recorded."""
    return {probe.projection for probe in program.probes_of(CorrelationProbe)}


def keeps(program: CompiledProgram, placed: PlacedKernel, updates: int) -> Kept:
    """Return what a kernel keeps of a run of so many updates, by the program's probes."""
    periods = [probe.every_updates for probe in program.probes_of(WeightProbe) if probe.projection == placed.projection]
    return Kept(updates=updates, every=math.gcd(*periods), senses=placed.projection in sensed(program))


def final_call(names: Mapping[str, str], *, end: str, skip: str) -> str:
    """Return the statements of the call after the run, at cycle `end` or later."""
    return Template(_FINAL).substitute(names, end=end, skip=skip)


def begin_update(kept: Kept, names: Mapping[str, str], *, count: str) -> str:
    """Return the statements that begin an update of which something is kept."""
    return Template(_TIMES).substitute(names, count=count) if kept.any else ""


def keep_row(kept: Kept, names: Mapping[str, str]) -> str:
    """Return the statements that keep what was read of a row; nobody can read it again."""
    return Template(_READINGS).substitute(names) if kept.senses else ""


def keep_weights(kept: Kept, names: Mapping[str, str], *, every: str, skip: str) -> str:
    """Return the statements that keep the weights of all rows after an update."""
    return Template(_RECORD).substitute(names, every=every, skip=skip) if kept.records else ""

"""What sessions of programs that learn by SAL alone have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Moments
from sal_hw.program import CompiledProgram
from sal_hw.results.result import MAX_SHARE_AT_LIMIT, Finding, Verdict


class WithoutMoments:
    """The part of a session whose target compiles no wake-sleep rules."""

    def measure_moments(self, rule: str, duration_ms: float) -> Moments:
        """Refuse: no program of this target has wake-sleep rules.

        Raises
        ------
        TypeError
            Always: the compiler lets no such rule through.
        """
        del duration_ms
        raise TypeError(f"{rule} is not a wake-sleep rule")

    def set_moments(self, rule: str, moments: Moments) -> None:
        """Refuse, as :meth:`measure_moments`."""
        del moments
        raise TypeError(f"{rule} is not a wake-sleep rule")


def silent_neurons(
    spike_counts: Mapping[str, NDArray[np.int64]], *, raising: str = "their drive, their noise"
) -> Iterator[Finding]:
    """Yield a finding if neurons never spiked.

    Parameters
    ----------
    spike_counts
        Per population, shape (neurons,).
    raising
        What makes such neurons spike.
    """
    silent = {name: int((counts == 0).sum()) for name, counts in spike_counts.items()}
    count = sum(silent.values())
    if count:
        where = ", ".join(
            f"{number} of {len(spike_counts[name])} in {name}" for name, number in silent.items() if number
        )
        advice = f"{count} neurons never spiked while learning: {where}; raise {raising} or the duration"
        yield Finding(kind="neurons_silent", severity="degraded", count=count, advice=advice)


def by_population(program: CompiledProgram, counts: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return what there is of each neuron, in the program's order, per population."""
    return {block.population: counts[block.offset : block.offset + block.size] for block in program.neurons}


#: per projection: learning weights that stand at an end of their range, and all of them
AtLimit: TypeAlias = Mapping[str, tuple[int, int]]


def total_at_limit(at_limit: AtLimit) -> int:
    """Return how many learning weights stand at an end of their range in all."""
    return sum(found for found, _ in at_limit.values())


def weights_at_limit(at_limit: AtLimit) -> Iterator[Finding]:
    """Yield a finding if learning weights stand at an end of their range."""
    found, total = total_at_limit(at_limit), sum(total for _, total in at_limit.values())
    if found:
        severity: Verdict = "degraded" if found > MAX_SHARE_AT_LIMIT * total else "ok"
        where = ", ".join(f"{number} of {each} in {name}" for name, (number, each) in at_limit.items() if number)
        advice = f"learning weights stand at an end of their range: {where}; widen it or lower the learning rate"
        yield Finding(kind="weights_at_limit", severity=severity, count=found, advice=advice)

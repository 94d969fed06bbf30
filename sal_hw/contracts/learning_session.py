"""What sessions of programs that learn by SAL alone have in common."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.contracts.backend import Moments
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


def silent_neurons(count: int) -> Iterator[Finding]:
    """Yield a finding if neurons never spiked."""
    if count:
        advice = f"{count} neurons never spiked while learning; raise their drive, their noise or the duration"
        yield Finding(kind="neurons_silent", severity="degraded", count=count, advice=advice)


def weights_at_limit(at_limit: int, total: int) -> Iterator[Finding]:
    """Yield a finding if learning weights, of so many in all, stand at an end of their range."""
    if at_limit:
        severity: Verdict = "degraded" if at_limit > MAX_SHARE_AT_LIMIT * total else "ok"
        advice = f"{at_limit} of {total} learning weights stand at an end of their range; widen it or lower the rate"
        yield Finding(kind="weights_at_limit", severity=severity, count=at_limit, advice=advice)

"""What sessions of programs that learn by alignment alone refuse and tell."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.contracts.backend import Moments
from sal_hw.contracts.learning_session import WithoutMoments, silent_neurons, weights_at_limit
from sal_hw.results.result import MAX_SHARE_AT_LIMIT


def test_there_are_no_moments_without_a_wake_sleep_rule() -> None:
    session = WithoutMoments()
    with pytest.raises(TypeError, match="alignment is not a wake-sleep rule"):
        session.measure_moments("alignment", 1.0)
    with pytest.raises(TypeError, match="alignment is not a wake-sleep rule"):
        session.set_moments("alignment", Moments(mean=np.zeros(1), coactivation=np.zeros((1, 1))))


def test_silence_is_told_of_with_its_number() -> None:
    loud = np.array([4, 1, 9])
    assert list(silent_neurons({"a": loud})) == []
    (finding,) = silent_neurons({"a": loud, "b": np.array([0, 2]), "c": np.zeros(2, dtype=np.int64)})
    assert (finding.kind, finding.count, finding.severity) == ("neurons_silent", 3, "degraded")
    assert "1 of 2 in b, 2 of 2 in c; raise" in finding.advice


def test_only_a_large_share_of_weights_at_their_limits_degrades_a_run() -> None:
    total = 1000
    few = int(MAX_SHARE_AT_LIMIT * total)
    assert list(weights_at_limit({"up": (0, total)})) == []
    for at_limit, severity in ((1, "ok"), (few, "ok"), (few + 1, "degraded")):
        (finding,) = weights_at_limit({"up": (at_limit, total // 2), "down": (0, total // 2)})
        assert (finding.count, finding.severity) == (at_limit, severity)
        assert f"{at_limit} of {total // 2} in up;" in finding.advice

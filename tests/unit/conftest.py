"""What tests of several rooms compare."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sal_hw.results.result import RunResult


@pytest.fixture
def assert_same_result() -> Callable[[RunResult, RunResult], None]:
    """Return what compares metrics and traces of two results, byte by byte."""

    def compare(one: RunResult, other: RunResult) -> None:
        assert one.metrics == other.metrics
        assert one.traces.keys() == other.traces.keys()
        for name, trace in one.traces.items():
            assert trace.at.tobytes() == other.traces[name].at.tobytes()
            assert trace.values.tobytes() == other.traces[name].values.tobytes()

    return compare

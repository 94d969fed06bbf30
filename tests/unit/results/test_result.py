"""The verdict of a run is its worst finding; axes say what stands on them."""

from __future__ import annotations

from typing import get_args

import pytest

from sal_hw.results.result import Axis, Finding, Health, Verdict, is_counted, is_time


def finding(severity: Verdict, kind: str = "spikes_lost") -> Finding:
    return Finding(kind=kind, severity=severity, count=3, advice="record less")


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ((), "ok"),
        (("ok",), "ok"),
        (("ok", "degraded"), "degraded"),
        (("degraded", "failed", "ok"), "failed"),
        (("failed",), "failed"),
    ],
)
def test_the_worst_finding_is_the_verdict(severities: tuple[Verdict, ...], verdict: Verdict) -> None:
    assert Health(findings=tuple(finding(severity) for severity in severities)).verdict == verdict


def test_health_is_plain_data() -> None:
    assert Health(findings=(finding("degraded"),)).as_document() == {
        "verdict": "degraded",
        "findings": [{"kind": "spikes_lost", "severity": "degraded", "count": 3, "advice": "record less"}],
    }


def test_axes_are_time_counts_or_neither() -> None:
    assert [axis for axis in get_args(Axis) if is_time(axis)] == ["ms"]
    assert [axis for axis in get_args(Axis) if is_counted(axis)] == ["update", "step", "epoch"]

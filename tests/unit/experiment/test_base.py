"""Series in the making become traces, and go on from a checkpoint as if nothing had happened."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.experiment.base import Recording


def filled(axis: str = "update") -> Recording:
    recording = Recording(axis=axis)  # type: ignore[arg-type]
    for at in range(3):
        recording.add("angle", at, 90.0 - at)
        recording.add("weights.w", at, [[at, 1.0], [2.0, 3.0]])
    return recording


def test_series_become_traces() -> None:
    traces = filled().traces()
    assert traces["angle"].at.tolist() == [0, 1, 2]
    assert traces["angle"].values.tolist() == [90.0, 89.0, 88.0]
    assert traces["weights.w"].values.shape == (3, 2, 2)
    assert {trace.axis for trace in traces.values()} == {"update"}


@pytest.mark.parametrize(("axis", "kind"), [("update", "i"), ("epoch", "i"), ("ms", "f"), ("index", "f")])
def test_counted_places_are_whole_numbers(axis: str, kind: str) -> None:
    assert filled(axis).traces()["angle"].at.dtype.kind == kind


def test_the_last_samples() -> None:
    assert filled().last("angle", 2).tolist() == [89.0, 88.0]
    assert filled().last("weights.w", 1).shape == (1, 2, 2)
    assert "angle" in filled()
    assert "weights.v" not in filled()


def test_a_checkpoint_goes_on_like_the_original() -> None:
    whole, again = filled(), Recording()
    again.restore(whole.checkpoint())
    for recording in (whole, again):
        recording.add("angle", 3, 80.0)
        recording.add("late", 3, 1.0)
    for name, trace in whole.traces().items():
        found = again.traces()[name]
        np.testing.assert_array_equal(found.at, trace.at, strict=True)
        np.testing.assert_array_equal(found.values, trace.values, strict=True)

"""Metrics that cannot be computed are null, with a reason each."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from sal_hw.results.metrics import Undefined, finite, settle


def test_what_is_known_stays_as_it_is() -> None:
    found = {"angle": 12.5, "updates": 3, "verdict": "ok", "learned": True}
    assert settle(found) == (found, {})


def test_an_undefined_metric_is_null_and_its_reason_is_kept() -> None:
    assert settle({"angle": Undefined("there is none"), "updates": 3}) == (
        {"angle": None, "updates": 3},
        {"angle": "there is none"},
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, float(np.float64("nan"))])
def test_no_number_is_left_that_json_cannot_hold(value: float) -> None:
    metrics, undefined = settle({"loss": value})
    assert json.dumps(metrics, allow_nan=False) == '{"loss": null}'
    assert str(value) in undefined["loss"]


def test_finite_keeps_numbers_only() -> None:
    assert finite(np.float64(2.5), "never") == 2.5
    assert finite(math.nan, "no samples") == Undefined("no samples")

"""The law of pair windows: values against formulas, the area against the sum, and no shape runs as another."""

from __future__ import annotations

from typing import Any, cast, get_args

import numpy as np
import pytest

from sal_hw.spec.windows import (
    Pairing,
    WindowShape,
    has_traces,
    pairs_nearest,
    reach,
    sum_over_lags,
    window_at,
)

SHAPES = get_args(WindowShape)
UNKNOWN = cast(Any, "gaussian")


def test_values() -> None:
    lags = np.array([0.0, 1.0, 4.0, 9.0])
    np.testing.assert_array_equal(window_at("exponential", lags, 4.0), np.exp(-lags / 4.0))
    np.testing.assert_array_equal(window_at("triangular", lags, 4.0), [1.0, 0.75, 0.0, 0.0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tau", [0.7, 1.0, 7.0, 10.5])
def test_area(shape: WindowShape, tau: float) -> None:
    lags = np.arange(1.0, 1000.0)
    assert sum_over_lags(shape, tau) == pytest.approx(window_at(shape, lags, tau).sum(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_counts_out_of_reach(shape: WindowShape) -> None:
    end = reach(shape, 5.0, 16.0)
    inside, outside = window_at(shape, np.array([0.99 * end, 1.01 * end]), 5.0)
    assert inside > np.exp(-16.0) > outside


def test_which_have_traces() -> None:
    assert [shape for shape in SHAPES if has_traces(shape)] == ["exponential"]


def test_which_pair_nearest() -> None:
    assert [pairing for pairing in get_args(Pairing) if pairs_nearest(pairing)] == ["nearest"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: window_at(UNKNOWN, np.ones(1), 1.0),
        lambda: reach(UNKNOWN, 1.0, 1.0),
        lambda: sum_over_lags(UNKNOWN, 1.0),
        lambda: has_traces(UNKNOWN),
        lambda: pairs_nearest(UNKNOWN),
    ],
)
def test_unknown(ask: Any) -> None:
    with pytest.raises(AssertionError, match="gaussian"):
        ask()

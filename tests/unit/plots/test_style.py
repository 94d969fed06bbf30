"""What all figures share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sal_hw.plots import style


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 2.0], (-0.2, 2.2)),
        ([np.nan, -1.0, np.inf, 3.0, -np.inf], (-1.4, 3.4)),
        ([0.5], (0.4, 0.6)),
        ([50.0, 50.0], (45.0, 55.0)),
        ([], (-0.1, 1.1)),
        ([np.nan], (-0.1, 1.1)),
    ],
)
def test_limits(values, expected):
    assert style.limits(values, margin=0.1) == pytest.approx(expected)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=4))
def test_an_axis_takes_limits_of_any_values(values):
    figure = style.new_figure()
    axes = figure.subplots()
    low, high = style.limits(values, margin=0.05)
    axes.set_xlim(low, high)
    axes.plot((low, high), (low, high))
    figure.canvas.draw()
    assert low < high

"""The figure of Dale's law: the numbers that are drawn, and where they are drawn."""

import numpy as np

from sal_hw.plots import available, collect, render


def lines(axes, length):
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


def test_a_study_shows_its_figure(make_dale):
    assert available(make_dale()) == ("dale",)


def test_drift_and_rates_stand_side_by_side(make_dale):
    table = collect("dale", {"seed 1": make_dale()})
    assert {panel: len(piece) for (panel,), piece in table.groups("panel")} == {"drift": 25, "rates": 5}
    chosen = table.where((table["weight_12"] == 1.0) & (table["weight_21"] == 0.5))
    np.testing.assert_allclose(chosen["drift_21"], 0.05 * (1.0 - 0.1 - 0.5))
    np.testing.assert_allclose(chosen["rest_21"], 0.9)
    figure = render("dale", table)
    figure.canvas.draw()
    plane, rates, bar = figure.axes
    equal, rest, diagonal = lines(plane, 5)
    np.testing.assert_allclose(equal.get_xdata(), np.linspace(0.0, 2.0, 5) - 0.2)
    assert np.isnan(rest.get_xdata()[0])
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(plane.collections[0].get_clim(), (-0.105, 0.105))
    np.testing.assert_allclose([line.get_ydata()[0] for line in rates.get_lines()], [0.4, 0.41])
    assert "log odds" in plane.get_xlabel()
    assert "tau" in rates.get_ylabel()
    assert "tau" in bar.get_xlabel()

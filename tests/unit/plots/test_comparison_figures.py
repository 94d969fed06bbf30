"""Figures of studies that compare many networks: the numbers that are drawn, and where they are drawn."""

from __future__ import annotations

import numpy as np

from sal_hw.plots import available, collect, draw, render


def lines(axes, length):
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


def test_studies_show_their_kinds(make_dale, make_sweep):
    assert available(make_dale()) == ("dale",)
    assert available(make_sweep()) == ("sweep-curves", "sweep-levels")


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


def test_curves_have_a_panel_per_variant_and_a_thick_median(make_sweep):
    run = make_sweep()
    table = collect("sweep-curves", {"seed 1": run})
    assert len(table) == 8 * 6
    panels = render("sweep-curves", table).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["without SAL", "with SAL"]
    values = run.traces["sweep_trace.dkl"].values
    for variant, axes in enumerate(panels):
        thick = [line for line in lines(axes, 6) if line.get_linewidth() > 1.0]
        assert len(lines(axes, 6)) == 2 * 3
        for level, line in enumerate(thick):
            members = values[:, [4 * level + variant, 4 * level + 2 + variant]]
            np.testing.assert_allclose(line.get_ydata(), np.median(members, axis=1))
            np.testing.assert_array_equal(line.get_xdata(), 100 * np.arange(6))
    assert panels[0].get_yscale() == "log"


def test_levels_show_means_with_errors(make_sweep):
    figure = draw("sweep-levels", {"seed 1": make_sweep()})
    figure.canvas.draw()
    angle, dkl = figure.axes
    without, with_sal = (container.lines for container in angle.containers)
    # repetitions differ by 1 degree: mean + 0.5, standard error 0.5
    np.testing.assert_allclose(without[0].get_ydata(), [90.5, 90.5])
    np.testing.assert_allclose(with_sal[0].get_ydata(), [80.5, 80.5])
    bars = without[2][0].get_segments()
    np.testing.assert_allclose([segment[:, 1] for segment in bars], [[90.0, 91.0]] * 2)
    assert angle.get_ylabel().endswith("(degrees)")
    assert (dkl.get_xlabel(), dkl.get_yscale()) == ("noise", "log")

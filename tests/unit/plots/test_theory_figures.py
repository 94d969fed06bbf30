"""Figures of the theory of reciprocal pairs: the numbers that are drawn, and where they are drawn."""

from __future__ import annotations

import numpy as np

from sal_hw.plots import available, collect, draw, render


def test_a_plane_is_shown_by_the_phase_plane(make_plane, make_pair):
    assert available(make_plane()) == ("phase-plane",)
    table = collect("phase-plane", {"seed 1": make_plane()})
    assert len(table) == 25
    # rows are weights onto the first neuron: W_12 = -1, W_21 = -0.5 drifts by 0.1 * (-1 + 0.5)
    chosen = table.where((table["weight_12"] == -1.0) & (table["weight_21"] == -0.5))
    np.testing.assert_allclose(chosen["drift_21"], [-0.05])
    np.testing.assert_allclose(chosen["drift_12"], [0.05])
    np.testing.assert_array_equal(table["nullcline_of_21"], table["weight_12"])
    assert "weight_forward" in collect("phase-plane", {"pair": make_pair()})


def test_a_plane_is_drawn_with_its_nullclines(make_plane):
    figure = draw("phase-plane", {"seed 1": make_plane()})
    figure.canvas.draw()
    axes, bar = figure.axes
    diagonal, line_21, line_12 = axes.get_lines()
    np.testing.assert_array_equal(line_21.get_xdata(), np.linspace(-1.0, 1.0, 5))
    assert np.isnan(line_12.get_xdata()[-1])
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    mesh, arrows = axes.collections
    assert mesh.get_clim() == (-0.2, 0.2)
    np.testing.assert_allclose(np.asarray(arrows.U).ravel(), -np.asarray(arrows.V).ravel())
    assert "W_{21}" in axes.get_xlabel()
    assert "log odds" in axes.get_ylabel()
    assert "drift" in bar.get_xlabel()


def test_many_planes_share_one_scale(make_plane):
    figure = draw("phase-plane", {f"seed {seed}": make_plane(seed=seed) for seed in range(1, 7)})
    figure.canvas.draw()
    *panels, _bar = figure.axes
    assert len(panels) == 6
    for axes in panels:
        np.testing.assert_allclose(axes.collections[0].get_clim(), (-1.2, 1.2))


def test_time_differences_leave_a_gap_at_zero(make_timing):
    table = collect("spike-timing", {"seed 1": make_timing()})
    assert len(table) == 2 * 60
    figure = render("spike-timing", table)
    curves = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 30]
    assert len(curves) == 4
    assert [line.get_xdata()[0] for line in curves[:2]] == [-30, 1]


def test_the_sign_change_is_marked(make_difference):
    figure = draw("difference-function", {"seed 1": make_difference()})
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in marks] == [[9.5]]


def test_differences_of_weights_are_no_difference_function(make_pair):
    assert "difference-function" not in available(make_pair())


def test_shapes_are_told_apart_by_panel(make_shapes):
    table = collect("psp-shapes", {"seed 1": make_shapes()})
    assert {panel: len(piece) for (panel,), piece in table.groups("panel")} == {
        "psp": 40,
        "nullcline": 8,
        "deviation": 18,
    }
    alpha = table.where((table["shape"] == "alpha") & (table["panel"] == "nullcline"))
    np.testing.assert_allclose(alpha["y"], 1.5 * alpha["x"])
    rectangular = table.where((table["shape"] == "rectangular") & (table["panel"] == "deviation"))
    assert set(rectangular["x"].tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}

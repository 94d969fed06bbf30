"""The phase plane of reciprocal pairs: the numbers that are drawn, and where they are drawn."""

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


def test_phase_plane_runs_from_start_to_end(make_pair, lines):
    table = collect("phase-plane", {"a": make_pair()})
    (axes,) = render("phase-plane", table).axes
    (path,) = lines(axes, 61)
    np.testing.assert_array_equal(path.get_xdata(), table["weight_forward"])
    np.testing.assert_array_equal(path.get_ydata(), table["weight_backward"])
    assert axes.get_xlim() == axes.get_ylim()

"""The figure of PSP shapes: the numbers that are drawn."""

import numpy as np

from sal_hw.plots import collect


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

"""The raster of spikes: the numbers that are drawn, and where they are drawn."""

import numpy as np
import pytest

from sal_hw.plots import collect, render


def test_raster_shows_the_first_second_and_all_rates(make_spiking):
    run = make_spiking()
    table = collect("raster", {"a": run})
    assert np.nanmax(table["time_s"]) < np.nanmin(table["time_s"]) + 1.0
    late = table.where((table["population"] == "output") & (table["neuron"] == 1))
    assert np.isnan(late["time_s"]).all()
    assert late["rate_hz"][0] == pytest.approx(0.5, rel=0.02)
    left, right = render("raster", table).axes
    drawn = np.concatenate([line.get_xdata() for line in left.get_lines()])
    np.testing.assert_array_equal(drawn, table["time_s"])
    assert len(right.patches) == 4 + 2

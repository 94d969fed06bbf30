"""Target and sampled distribution: the numbers that are drawn, and where they are drawn."""

import numpy as np

from sal_hw.plots import collect, render


def test_distribution_is_sorted_and_names_states(make_sampler, lines):
    table = collect("distribution", {"a": make_sampler()})
    assert table["state"].tolist()[0] == "111"
    assert table["state"].tolist()[-1] == "000"
    assert np.all(np.diff(table["target"]) < 0)
    assert table["count"][-1] == 0
    np.testing.assert_allclose(table["ratio"], table["sampled"] / table["target"])
    figure = render("distribution", table)
    upper, lower = figure.axes
    assert [text.get_text() for text in lower.get_xticklabels()] == table["state"].tolist()
    seen = lines(upper, 7)[0]
    np.testing.assert_array_equal(seen.get_ydata(), table["sampled"][:7])
    assert "never seen" in figure.legends[0].get_texts()[-1].get_text()

"""Weights against their partners: the numbers that are drawn, and where they are drawn."""

import numpy as np

from sal_hw.plots import collect, render


def test_weights_pair_each_synapse_with_its_partner(make_layers):
    run = make_layers()
    table = collect("weights", {"a": run})
    assert len(table) == 12 + 6
    row = 5
    pre, post = table["pre_backward"][row], table["post_backward"][row]
    assert table["projection_forward"][row] == "up1"
    assert table["forward_end"][row] == run.weights["up1"][post, pre]
    assert table["backward_start"][row] == run.weights_initial["down1"][pre, post]
    before, after = render("weights", table).axes
    for axes, when in ((before, "start"), (after, "end")):
        points = [line for line in axes.get_lines() if line.get_marker() in ("o", "s")]
        for name, place in (("forward", "get_xdata"), ("backward", "get_ydata")):
            drawn = np.concatenate([getattr(line, place)() for line in points])
            np.testing.assert_array_equal(drawn, table[f"{name}_{when}"])


def test_recurrent_weights_are_paired_across_the_diagonal(make_sampler):
    run = make_sampler()
    table = collect("weights", {"a": run})
    weights = run.weights["recurrent"]
    np.testing.assert_array_equal(table["backward_end"], weights[[0, 0, 1], [1, 2, 2]])
    np.testing.assert_array_equal(table["forward_end"], weights[[1, 2, 2], [0, 0, 1]])

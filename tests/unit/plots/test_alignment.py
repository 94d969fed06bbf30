"""The alignment of reciprocal weights: the numbers that are drawn, and where they are drawn."""

import numpy as np

from sal_hw.plots import collect, draw, render


def test_alignment_of_a_pair_shows_weights_mean_and_decay(make_pair, lines):
    runs = {"seed 1": make_pair()}
    table = collect("alignment", runs)
    upper, lower = render("alignment", table).axes
    drawn = [line.get_ydata() for line in lines(upper, 61)]
    for column, values in zip(("weight_forward", "weight_backward", "mean"), drawn, strict=True):
        np.testing.assert_array_equal(values, table[column])
    np.testing.assert_array_equal(lines(lower, 61)[0].get_ydata(), table["difference"])
    fallen = table["update"][table["difference"] <= table["difference"][0] / np.e][0]
    assert lines(lower, 1)[0].get_xdata()[0] == fallen
    starts = sorted(line.get_ydata()[0] for line in lines(upper, 2))
    assert starts == sorted([table["weight_forward"][0], table["weight_backward"][0]])


def test_overlaid_pairs_give_one_line_per_run_and_weight(make_pair, lines):
    runs = {f"seed {seed}": make_pair(seed=seed) for seed in (1, 2, 3)}
    figure = draw("alignment", runs)
    upper, lower = figure.axes
    assert len(lines(upper, 61)) == 2 * 3
    assert len(lines(lower, 61)) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()][:3] == list(runs)
    (plane,) = draw("phase-plane", runs).axes
    assert len(lines(plane, 61)) == 3


def test_alignment_of_layers_shows_one_angle_per_rule_and_run(make_layers, lines):
    runs = {"a": make_layers(seed=1), "b": make_layers(seed=2)}
    table = collect("alignment", runs)
    figure = render("alignment", table)
    upper, lower = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()][:4] == [
        "a, first",
        "a, second",
        "b, first",
        "b, second",
    ]
    for axes, column in ((upper, "angle_deg"), (lower, "norm_ratio")):
        drawn = np.concatenate([line.get_ydata() for line in lines(axes, 41)])
        np.testing.assert_array_equal(drawn, table[column])
    assert upper.get_lines()[-1].get_ydata()[0] == 90.0

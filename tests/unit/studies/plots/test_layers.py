"""The figures of layered weights show what a study recorded, over its own axis."""

from dataclasses import replace

import numpy as np

from sal_hw.plots import available, collect, draw, render


def solid(axes, length):
    """Return the drawn lines of a length."""
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


def test_a_stack_shows_angles_and_weights(make_stack):
    assert available(make_stack()) == ("layer-angles", "layer-weights")


def test_angles_are_drawn_as_recorded(make_stack):
    run = make_stack()
    table = collect("layer-angles", {"seed 1": run})
    (axes,) = render("layer-angles", table).axes
    drawn = solid(axes, 13)
    assert len(drawn) == 3
    for layer, line in enumerate(drawn, start=1):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(13.0))
        np.testing.assert_array_equal(line.get_ydata(), run.traces[f"layer_angle.layer_{layer}"].values)
    assert axes.get_xlabel() == "epochs"
    assert "degrees" in axes.get_ylabel()


def test_model_time_is_shown_in_seconds(make_stack):
    run = make_stack()
    angle = run.traces["layer_angle.layer_1"]
    timed = replace(angle, at=1000.0 * angle.at, axis="ms")
    figure = draw("layer-angles", {"seed 1": replace(run, traces={"layer_angle.rdd": timed})})
    (axes,) = figure.axes
    np.testing.assert_array_equal(solid(axes, 13)[0].get_xdata(), np.arange(13.0))
    assert axes.get_xlabel() == "model time (s)"
    assert figure.legends[0].get_texts()[0].get_text() == "RDD"


def test_weights_are_drawn_layer_by_layer(make_stack):
    runs = {"a": make_stack(seed=1), "b": make_stack(seed=2)}
    table = collect("layer-weights", runs)
    panels = render("layer-weights", table).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["layer 1", "layer 2", "layer 3"]
    for layer, axes in enumerate(panels, start=1):
        start, end = solid(axes, 50 * layer)[:2]
        pairs = runs["a"].traces[f"layer_pairs.layer_{layer}"].values
        for line in (start, end):
            np.testing.assert_array_equal(line.get_xdata(), pairs[:, 0])
        np.testing.assert_array_equal(start.get_ydata(), pairs[:, 1])
        np.testing.assert_array_equal(end.get_ydata(), pairs[:, 2])

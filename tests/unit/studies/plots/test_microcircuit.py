"""The figures of microcircuits show what a study recorded."""

from dataclasses import replace

import numpy as np
from matplotlib.collections import FillBetweenPolyCollection

from sal_hw.plots import available, collect, draw, render
from sal_hw.results.result import Trace


def solid(axes, length):
    """Return the drawn lines of a length."""
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


def test_a_study_shows_losses_and_weights(make_microcircuit):
    assert available(make_microcircuit()) == ("microcircuit-loss", "microcircuit-weights")


def test_losses_are_summed_up_over_networks(make_microcircuit):
    """Of 1, 2 and 4 the median is 2, and the quartiles are 1.5 and 3."""
    run = make_microcircuit()
    table = collect("microcircuit-loss", {"seed 1": run})
    (axes,) = render("microcircuit-loss", table).axes
    expected = 10.0 ** -np.arange(6.0)
    for name, factor in (("median", 2.0), ("lower_quartile", 1.5), ("upper_quartile", 3.0)):
        np.testing.assert_allclose(table.where(table["rule"] == "fa")[name], factor * expected, rtol=1e-12)
    lines = solid(axes, 6)
    assert len(lines) == len([item for item in axes.collections if isinstance(item, FillBetweenPolyCollection)]) == 2
    np.testing.assert_allclose(lines[0].get_ydata(), 2.0 * expected, rtol=1e-12)
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), lines[0].get_linestyle()) == ("epochs", "-")
    assert lines[0].get_color() != lines[1].get_color()


def test_a_nudged_validation_is_told_apart(make_microcircuit):
    run = make_microcircuit()
    loss = run.traces["microcircuit_loss.sal"]
    nudged = {"microcircuit_loss_nudged.sal": Trace(at=loss.at, values=0.16 * loss.values, axis="epoch")}
    figure = draw("microcircuit-loss", {"seed 1": replace(run, traces=run.traces | nudged)})
    free, _, published = solid(figure.axes[0], 6)
    assert (free.get_linestyle(), published.get_linestyle()) == ("-", "--")
    assert free.get_color() == published.get_color()
    np.testing.assert_allclose(published.get_ydata(), 0.16 * free.get_ydata(), rtol=1e-12)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["SAL, free-running", "FA, free-running", "SAL, nudged by the target"]


def test_weights_and_their_signs_are_drawn_as_recorded(make_microcircuit):
    run = make_microcircuit()
    signs, *panels = draw("microcircuit-weights", {"seed 1": run}).axes
    np.testing.assert_allclose([line.get_ydata() for line in solid(signs, 6)], [np.ones(6), np.full(6, 2.0 / 3.0)])
    assert "share" in signs.get_ylabel()
    assert [axes.get_title(loc="left") for axes in panels] == ["SAL", "FA"]
    for rule, axes in zip(("sal", "fa"), panels, strict=True):
        start, end = solid(axes, 3)
        pairs = run.traces[f"microcircuit_pairs.{rule}"].values
        np.testing.assert_array_equal([start.get_xdata(), start.get_ydata()], pairs[:, :2].T)
        np.testing.assert_array_equal([end.get_xdata(), end.get_ydata()], pairs[:, 2:].T)

"""Figures of spike timing: the numbers that are drawn, and where they are drawn."""

from sal_hw.plots import available, collect, draw, render


def test_studies_of_timing_show_one_figure_each(make_timing, make_difference):
    assert available(make_timing()) == ("spike-timing",)
    assert available(make_difference()) == ("difference-function",)


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

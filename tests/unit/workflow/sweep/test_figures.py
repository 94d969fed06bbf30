"""Figures of a sweep: the numbers that are drawn, and where they are drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sal_hw.plots import available, collect, draw, render
from sal_hw.results.result import Health, RunResult, Trace
from sal_hw.testing import FigureContract

Make = Callable[..., RunResult]


@pytest.fixture
def make_sweep() -> Make:
    """Two levels, two variants and two repetitions: levels 0 and 0.5, angles 90 - 10 * variant + repetition."""

    def make(seed: int = 1) -> RunResult:
        index = np.arange(8)
        level, repeat, variant = 0.5 * (index // 4), index // 2 % 2, index % 2

        def over(values: object) -> Trace:
            return Trace(at=index, values=np.asarray(values, dtype=np.float64), axis="index")

        decay = np.exp(-np.arange(6.0))[:, None] * (1.0 + index + seed)
        traces = {
            "sweep.level": over(level),
            "sweep.variant": over(variant),
            "sweep_metric.angle_final": over(90.0 - 10.0 * variant + repeat),
            "sweep_metric.dkl_final": over(decay[-1]),
            "sweep_trace.dkl": Trace(at=100 * np.arange(6), values=decay),
        }
        metrics = {"level": "noise", "variant_0": "without_SAL", "variant_1": "with_SAL"}
        return RunResult(
            program_hash="0",
            backend="emulator",
            target="ideal",
            seed=seed,
            metrics=metrics,
            health=Health(),
            weights={},
            weights_initial={},
            traces=traces,
        )

    return make


def lines(axes, length):
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


class TestKinds(FigureContract):
    @pytest.fixture(params=["sweep-curves", "sweep-levels"])
    def kind(self, request):
        return request.param

    @pytest.fixture
    def make_run(self, make_sweep):
        return make_sweep


def test_a_sweep_shows_its_kinds(make_sweep):
    assert available(make_sweep()) == ("sweep-curves", "sweep-levels")


def test_curves_have_a_panel_per_variant_and_a_thick_median(make_sweep):
    run = make_sweep()
    table = collect("sweep-curves", {"seed 1": run})
    assert len(table) == 8 * 6
    panels = render("sweep-curves", table).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["without SAL", "with SAL"]
    values = run.traces["sweep_trace.dkl"].values
    for variant, axes in enumerate(panels):
        thick = [line for line in lines(axes, 6) if line.get_linewidth() > 1.0]
        assert len(lines(axes, 6)) == 2 * 3
        for level, line in enumerate(thick):
            members = values[:, [4 * level + variant, 4 * level + 2 + variant]]
            np.testing.assert_allclose(line.get_ydata(), np.median(members, axis=1))
            np.testing.assert_array_equal(line.get_xdata(), 100 * np.arange(6))
    assert panels[0].get_yscale() == "log"


def test_levels_show_means_with_errors(make_sweep):
    figure = draw("sweep-levels", {"seed 1": make_sweep()})
    figure.canvas.draw()
    angle, dkl = figure.axes
    without, with_sal = (container.lines for container in angle.containers)
    # repetitions differ by 1 degree: mean + 0.5, standard error 0.5
    np.testing.assert_allclose(without[0].get_ydata(), [90.5, 90.5])
    np.testing.assert_allclose(with_sal[0].get_ydata(), [80.5, 80.5])
    bars = without[2][0].get_segments()
    np.testing.assert_allclose([segment[:, 1] for segment in bars], [[90.0, 91.0]] * 2)
    assert angle.get_ylabel().endswith("(degrees)")
    assert (dkl.get_xlabel(), dkl.get_yscale()) == ("noise", "log")

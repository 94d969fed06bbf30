"""The figures of deep classifiers show means and ranges of what their networks recorded."""

from __future__ import annotations

from importlib.metadata import entry_points

import numpy as np
import pytest

from sal_hw.plots import available, collect, render
from sal_hw.registry import PLOTS
from sal_hw.results.result import Health, RunResult, Trace
from sal_hw.testing import FigureContract

KINDS = ("classifier-accuracy", "classifier-angles", "classifier-final")


def make_result(seed: int = 1, *, lost: bool = False) -> RunResult:
    """Two methods with two networks each, whose numbers differ by 2 between the two."""
    traces, metrics = {}, {}
    for place, method in enumerate(("bp", "sal")):
        for run in (1, 2):
            end, shift = f"{method}.run_{run}", 2.0 * run - 10.0 * place + 0.1 * seed
            kept = 3 if lost and run == 2 else 5
            at = np.arange(kept)
            traces[f"validation_accuracy.{end}"] = Trace(at=at, values=50.0 + at + shift, axis="epoch")
            angles = np.stack([at + shift, 20.0 + at + shift], axis=1)
            traces[f"feedback_angle.{end}"] = Trace(at=at, values=40.0 + angles, axis="epoch")
            traces[f"gradient_angle.{end}"] = Trace(at=at, values=20.0 + angles, axis="epoch")
        for part in ("validation", "test"):
            for end, value in (("", 83.0), ("_smallest", 82.0), ("_largest", 84.5)):
                metrics[f"{method}_{part}_accuracy{end}_percent"] = value - place - 0.1 * seed
    return RunResult(
        program_hash=None,
        backend="study",
        target="ideal",
        seed=seed,
        metrics=metrics,
        weights={},
        weights_initial={},
        traces=traces,
        health=Health(),
    )


class TestKinds(FigureContract):
    @pytest.fixture(params=KINDS)
    def kind(self, request):
        return request.param

    @pytest.fixture
    def make_run(self):
        return make_result


def test_none_is_left_out():
    registered = [point for point in entry_points(group=PLOTS) if point.module.startswith("sal_hw_deep.plots.")]
    assert {point.name for point in registered} == set(KINDS)
    assert available(make_result()) == KINDS


def test_accuracies_are_means_and_ranges():
    table = collect("classifier-accuracy", {"run": make_result()})
    bp = table.where(table["method"] == "bp")
    np.testing.assert_allclose(bp["mean"], 53.1 + np.arange(5))
    np.testing.assert_allclose(bp["smallest"], 52.1 + np.arange(5))
    np.testing.assert_allclose(bp["largest"], 54.1 + np.arange(5))
    (axes,) = render("classifier-accuracy", table).axes
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), bp["mean"])


def test_a_network_whose_records_end_early_counts_as_long_as_it_has_some():
    table = collect("classifier-accuracy", {"run": make_result(lost=True)})
    bp = table.where(table["method"] == "bp")
    np.testing.assert_allclose(bp["mean"], [53.1, 54.1, 55.1, 55.1, 56.1])
    np.testing.assert_allclose(bp["largest"][3:], bp["smallest"][3:])


def test_angles_are_shown_by_layer():
    table = collect("classifier-angles", {"run": make_result()})
    sal = table.where((table["method"] == "sal") & (table["quantity"] == "feedback"))
    assert sal["layer"].tolist() == [2, 3]
    np.testing.assert_allclose(sal["mean"], [40.0 + 4.0 - 6.9, 40.0 + 24.0 - 6.9])
    updates = table.where((table["method"] == "sal") & (table["quantity"] == "update"))
    assert updates["layer"].tolist() == [1, 2]
    figure = render("classifier-angles", table)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Feedback weights", "Updates"]


def test_final_accuracies_are_written_out():
    table = collect("classifier-final", {"run": make_result()})
    assert table["images"].tolist() == ["validation", "test"] * 2
    np.testing.assert_allclose(table["mean"], [82.9, 82.9, 81.9, 81.9])
    np.testing.assert_allclose(table["largest"] - table["smallest"], 2.5)
    (axes,) = render("classifier-final", table).axes
    assert [text.get_text() for text in axes.texts] == ["82.9", "82.9", "81.9", "81.9"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bp", "sal"]

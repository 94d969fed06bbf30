"""Asymmetry and DKL over the run: the numbers that are drawn, and where they are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.plots import collect, draw, render
from sal_hw.results.result import Trace


@pytest.mark.parametrize(("kind", "column"), [("asymmetry", "asymmetry"), ("dkl", "dkl_nat")])
def test_curves_are_logarithmic_with_one_line_per_run(kind, column, make_sampler, lines):
    runs = {"a": make_sampler(seed=1), "b": make_sampler(seed=2)}
    table = collect(kind, runs)
    (axes,) = render(kind, table).axes
    assert axes.get_yscale() == "log"
    drawn = lines(axes, 10)
    assert len(drawn) == len(runs)
    np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in drawn]), table[column])


def test_dkl_shows_the_floor_of_a_perfect_sampler(make_sampler, lines):
    (axes,) = draw("dkl", {"a": make_sampler()}).axes
    assert [line.get_ydata()[0] for line in lines(axes, 2)] == [3e-4]


def test_asymmetry_follows_from_probed_recurrent_weights(make_sampler):
    trained = make_sampler()
    weights = trained.traces["weights.recurrent"]
    distances = [np.linalg.norm(np.triu(matrix - matrix.T)) for matrix in weights.values]
    traces = {"rule.difference": Trace(at=weights.at, values=np.array(distances)), "weights.recurrent": weights}
    table = collect("asymmetry", {"a": replace(trained, traces=traces)})
    upper = np.triu_indices(3, k=1)
    expected = [np.var((matrix - matrix.T)[upper]) for matrix in weights.values]
    np.testing.assert_allclose(table["asymmetry"], expected)


def test_curves_without_anything_positive_stay_linear(make_sampler):
    trained = make_sampler()
    zero = Trace(at=np.arange(3), values=np.zeros(3))
    (axes,) = draw("asymmetry", {"a": replace(trained, traces={"asymmetry": zero})}).axes
    assert axes.get_yscale() == "linear"


def test_times_in_ms_become_seconds(make_sampler):
    trace = Trace(at=np.array([0.0, 500.0]), values=np.array([1.0, 0.5]), axis="ms")
    table = collect("dkl", {"a": replace(make_sampler(), traces={"dkl": trace})})
    assert table["time_s"].tolist() == [0.0, 0.5]
    assert render("dkl", table).axes[0].get_xlabel() == "model time (s)"

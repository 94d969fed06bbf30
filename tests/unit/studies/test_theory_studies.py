"""The studies of a reciprocal pair, from recipe to run folder, against the numbers of arXiv 2503.02642."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.experiment.runner import Interrupted
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes" / "paper"
NAMES = ("fig2c_spike_timing", "fig2e_phase_plane", "fig11_psp_shapes", "fig12_weight_perturbation")


def _load(name: str, *overrides: str, presets: tuple[str, ...] = ()) -> api.Recipe:
    return api.load_recipe(RECIPES / f"{name}.yaml", overrides=overrides, presets=presets)


@pytest.mark.parametrize("name", NAMES)
def test_recipes_are_sound_with_every_preset(name: str) -> None:
    text = (RECIPES / f"{name}.yaml").read_text()
    assert "presets:\n  full:" in text
    assert _load(name).check() == ()
    assert _load(name, presets=("full",)).check() == ()


def test_figure_2c() -> None:
    metrics = api.run(_load("fig2c_spike_timing")).metrics
    expected = {
        "drift_21_excitatory": -0.028886,
        "drift_12_excitatory": 0.028886,
        "drift_21_inhibitory": 0.025385,
        "probability_at_1_excitatory": 0.009157,
        "probability_at_-1_excitatory": 0.006441,
        "probability_at_1_inhibitory": 0.004020,
        "probability_at_-1_inhibitory": 0.005741,
        "probability_at_1_excitatory_symmetric": 0.007638,
        "probability_at_1_inhibitory_symmetric": 0.004824,
    }
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    for kind in ("excitatory", "inhibitory"):
        assert abs(metrics[f"drift_21_{kind}_symmetric"]) < 1e-12  # type: ignore[arg-type]


def test_figure_2e() -> None:
    run = api.run(_load("fig2e_phase_plane"))
    drift = run.result.traces["plane.drift_21"]
    at = {weight: index for index, weight in enumerate(drift.at.tolist())}
    # known to four digits, with an error of one in the last one
    assert drift.values[at[0.5], at[1.0]] == pytest.approx(-0.03286, abs=1.01e-5)
    assert drift.values[at[1.0], at[-1.0]] == pytest.approx(0.13173, rel=1e-4)
    assert run.metrics["drift_21_largest_on_diagonal"] < 1e-12  # type: ignore[operator]
    assert run.metrics["nullcline_21_rows"] == run.metrics["nullcline_12_rows"] == 17
    assert run.metrics["nullcline_21_from_diagonal"] < 1e-12  # type: ignore[operator]


def test_biases_leave_the_nullcline_where_it_is() -> None:
    metrics = api.run(_load("fig2e_phase_plane", presets=("unequal-biases",))).metrics
    assert metrics["nullcline_21_rows"] == 17
    assert metrics["nullcline_21_from_diagonal"] < 1e-12  # type: ignore[operator]


def test_figure_11() -> None:
    metrics = api.run(_load("fig11_psp_shapes")).metrics
    found = [metrics[f"deviation_{name}_opposite_biases"] for name in ("rectangular", "alpha_short", "alpha_long")]
    assert found == pytest.approx([0.0, 0.053, 0.465], rel=0.02, abs=1e-12)
    for name in ("rectangular", "alpha_short", "alpha_long"):
        assert metrics[f"deviation_{name}_equal_biases"] < 1e-12  # type: ignore[operator]
    assert metrics["nullcline_rectangular_share"] == 1.0


def test_figure_12() -> None:
    metrics = api.run(_load("fig12_weight_perturbation")).metrics
    # the numbers are known to two or three digits
    expected = {
        "difference_at_1_excitatory": (9.95e-4, 1e-3),
        "difference_integral_excitatory": (1.2e-5, 0.02),
        "difference_lowest_excitatory": (-8.24e-4, 1e-3),
        "difference_at_1_inhibitory": (8.25e-4, 1e-3),
        "difference_integral_inhibitory": (2.0e-5, 0.02),
        "difference_lowest_inhibitory": (-1.36e-3, 4e-3),
    }
    for name, (value, tolerance) in expected.items():
        assert metrics[name] == pytest.approx(value, rel=tolerance), name
    for name in ("excitatory", "inhibitory"):
        assert metrics[f"difference_lowest_at_steps_{name}"] == 40
        assert metrics[f"sign_changes_{name}"] == 1
        assert abs(metrics[f"difference_sum_{name}"]) < 1e-15  # type: ignore[arg-type]
        assert metrics[f"difference_unperturbed_{name}"] < 1e-15  # type: ignore[operator]


def test_a_window_that_is_not_odd_moves_the_two_nullclines_apart() -> None:
    metrics = api.run(_load("fig2e_phase_plane", "experiment.window.amplitude_causal=-1.1")).metrics
    assert metrics["nullcline_21_from_diagonal"] > 0.1  # type: ignore[operator]
    assert metrics["nullcline_12_from_diagonal"] > 0.1  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "overrides"),
    [("fig2e_phase_plane", ()), ("fig11_psp_shapes", ("experiment.biases.points=4", "experiment.weights.points=4"))],
)
def test_resumed_runs_end_with_the_same_bytes(tmp_path: Path, name: str, overrides: tuple[str, ...]) -> None:
    recipe = _load(name, *overrides)
    api.run(recipe, out=tmp_path / "whole", figures=False)
    calls = iter(range(100))
    with pytest.raises(Interrupted):
        api.run(recipe, out=tmp_path / "cut", interrupted=lambda: next(calls) == 3)
    api.run(recipe, out=tmp_path / "cut", resume=True, threads=2, figures=False)
    digests = [
        hashlib.sha256((tmp_path / folder / file).read_bytes()).hexdigest()
        for file in ("traces.npz", "metrics.json")
        for folder in ("whole", "cut")
    ]
    assert digests[0] == digests[1]
    assert digests[2] == digests[3]


def test_every_figure_is_drawn_and_read_back(tmp_path: Path) -> None:
    kinds = {}
    for name in NAMES:
        run = api.run(_load(name), out=tmp_path / name)
        kinds[name] = [path.stem for path in run.figures]
        read = api.load_run(tmp_path / name).result
        for trace in run.result.traces:
            np.testing.assert_array_equal(read.traces[trace].values, run.result.traces[trace].values)
            assert read.traces[trace].axis == run.result.traces[trace].axis
    assert list(kinds.values()) == [["spike-timing"], ["phase-plane"], ["psp-shapes"], ["difference-function"]]


@pytest.mark.parametrize(
    ("name", "override", "code", "field"),
    [
        ("fig2e_phase_plane", "experiment.weights.low=2.5", "E214", "experiment.weights.low"),
        ("fig2e_phase_plane", "experiment.weights.points=3", "E214", "experiment.weights.points"),
        ("fig11_psp_shapes", "experiment.biases.high=-1", "E214", "experiment.biases.low"),
        (
            "fig11_psp_shapes",
            "experiment.psps.alpha_long.oldest_age_steps=9",
            "E214",
            "experiment.psps[2].oldest_age_steps",
        ),
        (
            "fig12_weight_perturbation",
            "experiment.pairs.inhibitory.name=excitatory",
            "E217",
            "experiment.pairs[1].name",
        ),
        ("fig12_weight_perturbation", "experiment.perturbation=0", "E214", "experiment.perturbation"),
    ],
)
def test_mistakes_are_found(name: str, override: str, code: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        _load(name, override)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, field)]

"""Probes record as often as they ask for, whatever else an experiment records, or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.experiment.base import next_stop
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
_SHORT = ("parameters.duration=60 s", "experiment.average_last_updates=1")


def _with(folder: Path, recipe: str, more: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text((RECIPES / recipe).read_text() + more)
    return path


@pytest.mark.parametrize(("record", "probe"), [(5, 3), (3, 5), (1, 4), (7, 1), (30, 10)])
def test_weights_are_recorded_as_often_as_the_probe_asks(tmp_path: Path, record: int, probe: int) -> None:
    more = f"probes:\n- {{kind: weights, projection: feedback, every_updates: {probe}}}\n"
    path = _with(tmp_path, "two_populations.yaml", more)
    run = api.run(api.load_recipe(path, overrides=(*_SHORT, f"experiment.record_every_updates={record}")))
    assert run.result.traces["weights.feedback"].at.tolist() == sorted({*range(0, 31, probe), 30})
    assert run.result.traces["alignment.angle"].at.tolist() == sorted({*range(0, 31, record), 30})
    # stops in between change nothing
    plain = api.run(api.load_recipe(RECIPES / "two_populations.yaml", overrides=_SHORT))
    np.testing.assert_array_equal(run.weights["feedback"], plain.weights["feedback"])


def test_a_probe_between_validations_records_there(tmp_path: Path) -> None:
    text = """\
recipe: 1
name: trained
seed: 1
timestep: 1 ms
populations:
  a: {size: 3, neuron: {model: sampling, tau_ref: 10 ms, bias: 0}}
projections:
- {name: own, source: a, target: a, weight: 0.1, weight_min: -1, weight_max: 1}
plasticity:
- {kind: wake_sleep, name: learn, projection: own, learning_rate: 0.01, bias_learning_rate: 0.01, update_every: 1 s,
   tau: 10 ms}
probes: [{kind: weights, projection: own, every_updates: 3}]
experiment:
  {kind: train_distribution, population: a, updates: 10, target: {kind: beta, seed: 3},
   validation: {every_updates: 5, duration: 1 s}}
"""
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    traces = api.run(api.load_recipe(path)).result.traces
    assert traces["weights.own"].at.tolist() == [0, 3, 5, 6, 9, 10]
    assert traces["dkl"].at.tolist() == [0, 5, 10]


@pytest.mark.parametrize(
    ("probe", "field", "allowed"),
    [
        ("kind: weights, projection: feedback, every_updates: 31", "probes[0].every_updates", "1 .. 30"),
        ("kind: membrane, population: visible, every: 61 s", "probes[0].every", "at most the duration"),
    ],
)
def test_a_probe_that_would_record_nothing_is_refused(tmp_path: Path, probe: str, field: str, allowed: str) -> None:
    path = _with(tmp_path, "two_populations.yaml", f"probes:\n- {{{probe}}}\n")
    with pytest.raises(InputError) as caught:
        api.load_recipe(path, overrides=_SHORT)
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("E214", field)
    assert problem.allowed.startswith(allowed)


@pytest.mark.parametrize(
    ("done", "periods", "expected"), [(0, (5, 3), 3), (3, (5, 3), 5), (5, (5, 3), 6), (9, (5,), 10), (10, (5, 3), 11)]
)
def test_the_next_stop_is_the_next_multiple_or_the_end(done: int, periods: tuple[int, ...], expected: int) -> None:
    assert next_stop(done, 11, periods) == expected

"""Findings about any run: given spikes that it never reaches, and weights that enabled rules hardly moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.experiment.run_findings import LEAST_CHANGE
from sal_hw.workflow import api
from sal_hw.workflow.request import RunRequest

RECIPES = Path(__file__).parents[3] / "recipes"
_NEURON = (
    "{model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 5 ms, v_rest: 0 mV, v_reset: 0 mV, "
    "v_threshold: 1 mV}"
)
_GIVEN = f"""\
recipe: 1
name: given
seed: 1
timestep: 1 ms
populations:
  a: {{size: 2, neuron: {_NEURON}}}
  b: {{size: 2, neuron: {_NEURON}}}
projections:
- {{name: up, source: a, target: b, weight: 3 mV}}
- {{name: down, source: b, target: a, weight: 0.1 mV, weight_min: -1, weight_max: 1}}
stimuli:
- {{kind: spikes, name: early, target: a, spikes: [[10, 0], [20, 1], [999, 0]], weight: 9 mV}}
- {{kind: spikes, name: partly, target: b, spikes: [[30, 0], [1000, 0], [1001, 1], [60000, 0]], weight: 9 mV}}
plasticity:
- {{kind: sal, name: rule, forward: up, backward: down, learning_rate: 0.01, rate_per: pair, update_every: 1 s,
   window: exponential, tau_causal: 10 ms, tau_anticausal: 10 ms, pairing: all}}
experiment: {{kind: align, duration: 1 s}}
"""


def _given(folder: Path) -> api.Recipe:
    path = folder / "recipe.yaml"
    path.write_text(_GIVEN)
    return api.load_recipe(path)


@pytest.mark.parametrize("target", ["ideal", "spinnaker1", "spinnaker2"])
def test_spikes_at_or_after_the_end_are_counted_before_and_after_a_run(tmp_path: Path, target: str) -> None:
    recipe = _given(tmp_path)
    compiled = recipe.job.check(RunRequest(target=target))
    assert compiled is not None
    run = api.run(recipe, target=target, emulate=target != "ideal")
    for findings in (compiled.findings(), run.health.findings):
        (late,) = [finding for finding in findings if finding.kind == "spikes_after_the_end"]
        assert (late.count, late.severity) == (3, "degraded")
        assert late.advice.startswith("3 of 4 spikes of partly onto b lie at or after the end, 1000 ms")
    assert run.health.verdict == "degraded"


def test_strict_refuses_spikes_that_would_never_arrive(tmp_path: Path) -> None:
    recipe = _given(tmp_path)
    with pytest.raises(InputError) as caught:
        recipe.job.check(RunRequest(target="ideal", strict=True))
    (problem,) = caught.value.problems
    assert (problem.code, problem.field, problem.line) == ("E214", "stimuli[1].spikes", 13)


@pytest.mark.parametrize(("rate", "told"), [("1e-5", "ok"), ("0.03", None)])
def test_weights_that_hardly_moved_are_told_of_by_projection(rate: str, told: str | None) -> None:
    overrides = ("parameters.duration=20 s", f"parameters.learning_rate={rate}")
    run = api.run(api.load_recipe(RECIPES / "two_populations.yaml", overrides=overrides))
    found = [finding for finding in run.health.findings if finding.kind == "weights_hardly_moved"]
    moved = abs(run.weights["feedback"] - run.result.weights_initial["feedback"]).max()
    largest = abs(run.weights["feedback"]).max()
    assert (moved < LEAST_CHANGE * largest) == bool(told)
    assert [finding.severity for finding in found] == ([told] if told else [])
    assert all(finding.advice.startswith("weights of feedback moved by at most") for finding in found)
    assert all(finding.count == run.weights["feedback"].size for finding in found)


def test_weights_that_learned_nothing_at_all_degrade_a_run_and_those_of_a_control_run_do_not() -> None:
    silent = ("parameters.duration=4 s", "stimuli.drive_visible.amplitude=-50 mV", "experiment.average_last_updates=1")
    overrides = (*silent, "stimuli.excite_visible.rate=0 Hz")
    run = api.run(api.load_recipe(RECIPES / "two_populations.yaml", overrides=overrides))
    (found,) = [finding for finding in run.health.findings if finding.kind == "weights_hardly_moved"]
    assert found.severity == "degraded"
    assert "did not move at all" in found.advice
    control = api.run(
        api.load_recipe(RECIPES / "two_populations.yaml", overrides=(*overrides, "parameters.plastic=false"))
    )
    assert "weights_hardly_moved" not in {finding.kind for finding in control.health.findings}

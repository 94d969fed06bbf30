"""Sampling a network's own distribution: which one that is, how close it comes, and that it can be interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.errors import InputError
from sal_hw.experiment.metrics import kullback_leibler
from sal_hw.experiment.sample import SampleExperiment, own_distribution
from sal_hw.program import CompiledProgram
from sal_hw.spec.protocols import SampleProtocol
from sal_hw.workflow import api
from sal_hw_emulator.backend import EmulatorBackend

RECIPE = Path(__file__).parents[3] / "recipes" / "chip_sampling.yaml"
SHORT = ("timestep=1 ms", "experiment.duration=40 s", "experiment.records=4", "experiment.warmup=0.1 s")


def program_and_protocol(*overrides: str) -> tuple[CompiledProgram, SampleProtocol]:
    recipe = api.load_recipe(RECIPE, overrides=(*SHORT, *overrides))
    assert isinstance(recipe.protocol, SampleProtocol)
    return api.compile_recipe(recipe), recipe.protocol


def begin() -> SampleExperiment:
    program, protocol = program_and_protocol()
    return SampleExperiment(protocol, program, EmulatorBackend().open(program, OpenRequest(seed=3)))


def test_the_distribution_is_that_of_the_recurrent_weights() -> None:
    program, _ = program_and_protocol()
    found = own_distribution(program, "visible")
    np.testing.assert_array_equal(found.weights, program.synapse_block("recurrent").weights)
    np.testing.assert_array_equal(found.biases, program.neuron_block("visible").biases)


def test_weights_that_are_not_symmetric_stand_for_no_distribution() -> None:
    program, _ = program_and_protocol("projections.recurrent.weight.symmetric=false")
    with pytest.raises(InputError) as caught:
        own_distribution(program, "visible")
    assert caught.value.code == "E224"
    assert "symmetric: true" in (caught.value.hint or "")


def test_divergence_falls_to_that_of_the_counts() -> None:
    experiment = begin()
    while experiment.done < experiment.total:
        experiment.step()
    outcome = experiment.outcome()
    dkl, counts = outcome.traces["dkl"], outcome.traces["state_counts"].values[-1]
    assert dkl.at.tolist() == [10_000, 20_000, 30_000, 40_000]
    assert dkl.values[-1] == kullback_leibler(outcome.traces["state_target"].values[-1], counts)
    # 4000 refractory times: a perfect sampler of 32 states shows 31 / 8000 with a deviation of sqrt(62) / 8000
    assert outcome.metrics["dkl_sampling_floor"] == pytest.approx(31 / 8000)
    assert outcome.metrics["dkl_final"] == pytest.approx(31 / 8000, abs=5 * np.sqrt(62) / 8000)
    assert dkl.values[0] > dkl.values[-1]
    activity = outcome.traces["activity"].values[-1]
    assert outcome.metrics["rate_mean_hz"] == pytest.approx(activity.mean() / 10e-3)


def test_a_restored_experiment_knows_what_was_counted() -> None:
    first, second = begin(), begin()
    first.step()
    second.restore(first.checkpoint())
    assert second.done == 1
    for experiment in (first, second):
        while experiment.done < experiment.total:
            experiment.step()
    # the sessions differ, but the first part counts in both
    assert second.outcome().traces["dkl"].values[0] == first.outcome().traces["dkl"].values[0]
    totals = [each.outcome().traces["state_counts"].values[-1].sum() for each in (first, second)]
    assert totals[0] == totals[1]


def test_it_needs_sampling_neurons() -> None:
    _, protocol = program_and_protocol()
    recipe = api.load_recipe(RECIPE.with_name("two_populations.yaml"))
    program = api.compile_recipe(recipe)
    with pytest.raises(TypeError, match="sampling neurons"):
        SampleExperiment(protocol, program, EmulatorBackend().open(program, OpenRequest(seed=1)))

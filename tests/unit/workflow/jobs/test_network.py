"""What is done with a network: a check needs no machine, a run does, and a run is told from every other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.contracts.targets import load_target
from sal_hw.errors import DeviceError
from sal_hw.experiment.runner import RunOptions
from sal_hw.workflow import api
from sal_hw.workflow.jobs.network import NetworkJob
from sal_hw.workflow.request import RunRequest

RECIPES = Path(__file__).parents[4] / "recipes"
SHORT = ("experiment.duration=12 s", "experiment.average_last_updates=5")


@pytest.fixture(scope="module")
def job() -> NetworkJob:
    """Return what can be done with two neurons."""
    found = api.load_recipe(RECIPES / "two_neuron.yaml", overrides=SHORT).job
    assert isinstance(found, NetworkJob)
    return found


def test_a_check_needs_no_machine_and_a_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ideal = load_target("ideal")
    somewhere = replace(ideal, description=replace(ideal.description, emulated=False), backend=None)
    for room in ("jobs.network", "compiled_recipe"):
        monkeypatch.setattr(f"sal_hw.workflow.{room}.load_target", lambda _: somewhere)
    recipe = RECIPES / "two_neuron.yaml"
    job = api.load_recipe(recipe).job
    checked = job.check(RunRequest())
    assert checked is not None
    with pytest.raises(DeviceError) as caught:
        job.prepare(RunRequest())
    assert caught.value.code == "E305"
    assert job.prepare(RunRequest(emulate=True)).identity["program_hash"] == checked.program.hash


def test_the_seed_of_the_request_comes_first(job: NetworkJob) -> None:
    assert job.prepare(RunRequest()).seed == job.file.seed
    assert job.prepare(RunRequest(seed=9)).seed == job.prepare(RunRequest(seed=9)).program.seed == 9


@pytest.mark.parametrize("changed", ["seed", "recipe", "duration"])
def test_another_run_has_another_identity(job: NetworkJob, changed: str) -> None:
    first = job.prepare(RunRequest()).identity
    assert job.prepare(RunRequest(threads=4, force=True, figures=False, out=Path("run"))).identity == first
    if changed == "seed":
        other = job.prepare(RunRequest(seed=77)).identity
        expected = {"seed", "program_hash"}
    else:
        more = "experiment.duration=24 s" if changed == "duration" else "projections[0].weight=0.5"
        longer = api.load_recipe(RECIPES / "two_neuron.yaml", overrides=(*SHORT, more)).job
        other = longer.prepare(RunRequest()).identity
        expected = {"experiment_hash"} if changed == "duration" else {"program_hash"}
    assert {key for key in first if first[key] != other[key]} == expected


def test_a_prepared_network_runs_more_than_once_with_the_same_result(job: NetworkJob) -> None:
    prepared = job.prepare(RunRequest())
    one, other = prepared.run(RunOptions()), prepared.run(RunOptions(threads=2))
    assert one.metrics == other.metrics
    assert (one.program_hash, one.backend, one.seed) == (prepared.program.hash, prepared.backend_name, prepared.seed)

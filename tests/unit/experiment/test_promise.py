"""What experiments say beforehand that they will find is what they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.experiment.base import Promise
from sal_hw.experiment.runner import make_experiment, promise
from sal_hw.workflow import api
from sal_hw_emulator.backend import EmulatorBackend

RECIPES = Path(__file__).parents[3] / "recipes"
EFFECTIVE = "experiment.effective={window: 10 ms, trials: 8, batches: 4, warmup: 1 ms}"
_NEURON = "{model: sampling, tau_ref: 5 ms, bias: 0}"
_RULE = "learning_rate: 0.01, rate_per: pair, update_every: 10 ms, window: exponential, tau_causal: 10 ms, \
tau_anticausal: 10 ms, pairing: all"
#: one rule aligns a population with itself, one has one pair only, one none, and one synapse is alone
_ODD = f"""\
recipe: 1
name: odd
seed: 1
timestep: 1 ms
populations:
  a: {{size: 2, neuron: {_NEURON}}}
  b: {{size: 3, neuron: {_NEURON}}}
  c: {{size: 1, neuron: {_NEURON}}}
  d: {{size: 1, neuron: {_NEURON}}}
projections:
- {{name: loop, source: b, target: b, weight: 0.5}}
- {{name: up, source: a, target: b, weight: 0.5}}
- {{name: down, source: b, target: a, weight: 0.5}}
- {{name: single, source: c, target: d, weight: 0.5}}
- {{name: back, source: d, target: c, weight: 0.5}}
plasticity:
- {{kind: sal, name: around, forward: loop, backward: loop, {_RULE}}}
- {{kind: sal, name: between, forward: up, backward: down, {_RULE}}}
- {{kind: sal, name: one, forward: single, backward: back, {_RULE}}}
experiment: {{kind: align, duration: 30 ms}}
"""


def promised_and_found(path: Path, *overrides: str) -> tuple[Promise, Promise]:
    recipe = api.load_recipe(path, overrides=overrides).job.on_network()
    program, backend = recipe.compile("ideal"), EmulatorBackend()
    session = backend.open(program, OpenRequest(seed=3))
    experiment = make_experiment(
        recipe.protocol, program, session, lambda other: backend.open(other, OpenRequest(seed=4)), recipe.file.folder
    )
    while experiment.done < experiment.total:
        experiment.step()
    outcome = experiment.outcome()
    numbers = {name for name, trace in outcome.traces.items() if trace.values.ndim == 1}
    found = Promise(metrics=frozenset(outcome.metrics), numbers=frozenset(numbers))
    return promise(recipe.protocol, program), found


@pytest.mark.parametrize(
    ("name", "overrides", "named"),
    [
        ("two_neuron.yaml", ("experiment.duration=60 s", "experiment.average_last_updates=1"), "weight.forward"),
        ("two_populations.yaml", ("parameters.duration=60 s", EFFECTIVE), "alignment.effective_angle"),
        ("sampling.yaml", ("experiment.updates=2", "experiment.validation.duration=1 s"), "asymmetry"),
        ("chip_sampling.yaml", ("experiment.duration=1 s",), "dkl"),
    ],
)
def test_names_are_those_that_are_found(name: str, overrides: tuple[str, ...], named: str) -> None:
    promised, found = promised_and_found(RECIPES / name, *overrides)
    assert promised == found
    assert named in promised.numbers


def test_rules_promise_what_their_synapses_allow(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(_ODD)
    promised, found = promised_and_found(path)
    assert promised == found
    assert {"around_asymmetry_final", "between_angle_final", "weight_single_final"} <= promised.metrics
    assert not {"one_angle_final", "angle_final", "between_asymmetry_final"} & promised.metrics

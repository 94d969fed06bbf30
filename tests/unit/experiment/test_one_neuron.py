"""Networks of one neuron: what needs two is undefined, and the run is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sal_hw.workflow import api

_LIF = """\
recipe: 1
name: single
seed: 1
timestep: 1 ms
populations:
  a:
    size: 1
    neuron:
      {model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 5 ms, v_rest: 0 mV, v_reset: 0 mV,
       v_threshold: 1 mV}
projections:
  - {name: own, source: a, target: a, weight: 0.1 mV, weight_min: -1, weight_max: 1, self_connections: SELF}
stimuli:
  - {kind: poisson, name: noise, target: a, rate: 500 Hz, weight: 0.5 mV}
plasticity:
  - {kind: sal, name: both, forward: own, backward: own, learn: both, learning_rate: 0.03, rate_per: pair,
     update_every: 1 s, window: exponential, tau_causal: 10 ms, tau_anticausal: 10 ms, pairing: all}
experiment: {kind: align, duration: 3 s}
"""

_SAMPLING = """\
recipe: 1
name: single
seed: 1
timestep: 1 ms
populations:
  a: {size: 1, neuron: {model: sampling, tau_ref: 10 ms, bias: 0}}
projections:
  - {name: own, source: a, target: a, weight: 0.1, weight_min: -1, weight_max: 1}
plasticity:
  - {kind: wake_sleep, name: learn, projection: own, learning_rate: 0.01, bias_learning_rate: 0.01, update_every: 1 s,
     tau: 10 ms}
experiment:
  {kind: train_distribution, population: a, updates: 4, target: {kind: beta, seed: 3},
   validation: {every_updates: 2, duration: 1 s}}
"""


@pytest.mark.parametrize(
    ("recipe", "undefined"),
    [
        (_LIF.replace("SELF", "false"), {"asymmetry_final"}),
        (_LIF.replace("SELF", "true"), {"asymmetry_final"}),
        (_SAMPLING, {"asymmetry_initial", "asymmetry_final"}),
    ],
)
def test_the_run_is_kept_without_the_asymmetry_of_its_weights(tmp_path: Path, recipe: str, undefined: set[str]) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe)
    api.run(api.load_recipe(path), out=tmp_path / "kept")
    found = api.load_run(tmp_path / "kept")
    stored = json.loads((tmp_path / "kept/metrics.json").read_bytes())
    assert {name for name, value in stored.items() if value is None} == undefined
    assert set(found.result.undefined) == undefined
    assert all("one neuron" in reason for reason in found.result.undefined.values())

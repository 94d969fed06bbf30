"""From a spike to the first membrane that it moves, and from a given input to the first spike, on every target.

A neuron `b` receives so much at once that the first step that moves its membrane takes it to its threshold.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sal_hw
from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.workflow.api import compile_recipe
from sal_hw_pynn.sdk import missing

SIMULATORS = [pytest.param(name, marks=pytest.mark.slow) for name in ("pynn:brian2", "pynn:nest")]
TARGETS = ["ideal", "brainscales2", "spinnaker1", "spinnaker2", *SIMULATORS]
#: neurons that spike together, each with a weight of 1 mV; a step of 1 ms carries 1 / 10 of it to the membrane
SENDERS = 32
SENT_MS = 100.0

_NEURON = {
    "model": "lif",
    "tau_mem": "10 ms",
    "tau_syn_exc": "5 ms",
    "tau_syn_inh": "5 ms",
    "tau_ref": "20 ms",
    "v_rest": "0 mV",
    "v_reset": "0 mV",
    "v_threshold": "1 mV",
}


def network(target: str, times_ms: list[float], *, timestep: str = "1 ms", delay: str | None = None) -> dict[str, Any]:
    """Return a recipe in which inputs make all of `a` spike at once, which makes `b` spike; nothing learns."""
    # a chip's largest weight is not enough for one input to do it
    copies, weight = (40, "1 mV") if target == "brainscales2" else (1, "40 mV")
    rows = [[time, neuron] for time, neuron, _ in product(times_ms, range(SENDERS), range(copies))]
    there = {"name": "there", "source": "a", "target": "b", "weight": "1 mV"} | ({"delay": delay} if delay else {})
    back = {"name": "back", "source": "b", "target": "a", "weight": "0 mV", "weight_min": -1.0, "weight_max": 1.0}
    rule = {"kind": "sal", "name": "rule", "forward": "there", "backward": "back", "learning_rate": 1e-9}
    rule |= {"rate_per": "pair", "update_every": "1 s", "window": "exponential", "tau_causal": "10 ms"}
    rule |= {"tau_anticausal": "10 ms", "pairing": "nearest" if target == "brainscales2" else "all", "enabled": False}
    given = {"kind": "spikes", "name": "given", "target": "a", "spikes": {"values": rows}, "weight": weight}
    return {
        "recipe": 1,
        "name": "latency",
        "seed": 1,
        "timestep": timestep,
        "populations": {"a": {"size": SENDERS, "neuron": _NEURON}, "b": {"size": 1, "neuron": _NEURON}},
        "projections": [there, back],
        "stimuli": [given],
        "plasticity": [rule],
        "probes": [{"kind": "spikes", "population": name} for name in ("a", "b")],
        "experiment": {"kind": "align", "duration": "1 s"},
    }


def spike_steps(recipe: dict[str, Any], target: str, folder: Path) -> dict[str, NDArray[np.int64]]:
    """Return the steps in which any neuron of a population spikes."""
    if target.startswith("pynn:") and missing(target.removeprefix("pynn:")):  # type: ignore[arg-type]
        pytest.skip("needs PyNN and its simulators: pip install -e '.[pynn]'")
    file = folder / "recipe.yaml"
    file.write_text(json.dumps(recipe))
    program = compile_recipe(sal_hw.load_recipe(file), target=target)
    chosen = load_target(target)
    seen: dict[str, list[float]] = {"a": [], "b": []}
    request = OpenRequest(seed=1, recorder=lambda time_ms, _, population: seen[population].extend(time_ms.tolist()))
    session = load_backend(chosen.emulator or chosen.backend or "").open(program, request)
    try:
        session.learn(1)
    finally:
        session.close()
    return {name: np.unique(np.rint(np.array(at) / program.timestep_ms).astype(np.int64)) for name, at in seen.items()}


@pytest.mark.parametrize("target", TARGETS)
def test_the_latency_of_a_spike_is_what_the_target_says(target: str, tmp_path: Path) -> None:
    found = spike_steps(network(target, [SENT_MS]), target, tmp_path)
    limit = load_target(target).description.limits["spike_latency"]
    # a chip has its own, which is emulated as one step
    wanted = 1 if limit.unit == "us" else limit.low
    (sent,), received = found["a"], found["b"]
    assert received[0] - sent == wanted


@pytest.mark.parametrize("target", ["spinnaker1", "spinnaker2"])
@pytest.mark.parametrize("delay", [1, 2, 5])
def test_a_delay_is_the_latency(target: str, delay: int, tmp_path: Path) -> None:
    recipe = network(target, [SENT_MS], delay=f"{delay} ms")
    found = spike_steps(recipe, target, tmp_path)
    assert found["b"][0] - found["a"][0] == delay


@pytest.mark.parametrize("target", SIMULATORS)
@pytest.mark.parametrize("timestep", [1.0, 0.2, 0.1])
def test_inputs_arrive_three_steps_later_than_on_the_ideal_target(target: str, timestep: float, tmp_path: Path) -> None:
    """Times that are no sums of powers of two round up or down, and must not reach the next step for that."""
    # 100.1 ms, 125.2 ms, ... in steps of the recipe
    steps = [round((25.0 * k + timestep * (k % 10)) / timestep) for k in range(4, 38)]
    times_ms = [step * timestep for step in steps]
    recipe = network("ideal", times_ms, timestep=f"{timestep:g} ms")
    expected = spike_steps(recipe, "ideal", tmp_path)["a"]
    found = spike_steps(recipe, target, tmp_path)["a"]
    assert len(expected) == len(steps)
    np.testing.assert_array_equal(found, expected + 3)

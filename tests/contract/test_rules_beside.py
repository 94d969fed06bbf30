"""What stands beside a learning rule: another one adds its changes or is refused, a disabled one changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.results.spike_store import read_spikes
from sal_hw.workflow import api

_NEURON = (
    "{model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 5 ms, v_rest: 0 mV, v_reset: 0 mV, "
    "v_threshold: 1 mV}"
)
_NETWORK = f"""\
recipe: 1
name: beside
seed: 1
timestep: 1 ms
populations:
  a: {{size: 3, neuron: {_NEURON}}}
  b: {{size: 3, neuron: {_NEURON}}}
projections:
- {{name: up, source: a, target: b, weight: {{distribution: normal, std: 0.4, unit: mV, seed: 3}}, weight_min: -1.5,
   weight_max: 1.5}}
- {{name: down, source: b, target: a, weight: {{distribution: normal, std: 0.4, unit: mV, seed: 4}}, weight_min: -1.5,
   weight_max: 1.5}}
stimuli:
- {{kind: constant, name: drive_a, target: a, amplitude: 0.6 mV}}
- {{kind: constant, name: drive_b, target: b, amplitude: 0.6 mV}}
- {{kind: poisson, name: noise_a, target: a, rate: 400 Hz, weight: 0.33 mV}}
- {{kind: poisson, name: noise_b, target: b, rate: 400 Hz, weight: 0.33 mV}}
probes: [{{kind: spikes, population: a}}, {{kind: spikes, population: b}}]
experiment: {{kind: align, duration: 8 s, average_last_updates: 1}}
plasticity:
"""
#: targets, and the pairing that all of their rules can have
_MACHINES = {"ideal": "all", "brainscales2": "nearest", "spinnaker1": "all", "spinnaker2": "all"}


def _rule(name: str, **fields: object) -> str:
    known: dict[str, object] = {
        "kind": "sal",
        "name": name,
        "enabled": "true",
        "forward": "up",
        "backward": "down",
        "learning_rate": 0.02,
        "rate_per": "pair",
        "update_every": "2 s",
        "window": "exponential",
        "tau_causal": "10 ms",
        "tau_anticausal": "10 ms",
        "pairing": "all",
    }
    return "- {" + ", ".join(f"{key}: {value}" for key, value in (known | fields).items()) + "}\n"


def _run(folder: Path, target: str, *rules: str) -> api.Run:
    path = folder / "recipe.yaml"
    path.write_text(_NETWORK + "".join(rules))
    out = folder / f"run{len(list(folder.iterdir()))}"
    return api.run(api.load_recipe(path), target=target, emulate=target != "ideal", out=out, figures=False)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="the same"),
        pytest.param({"tau_causal": "30 ms", "tau_anticausal": "30 ms"}, id="other windows"),
        pytest.param({"learn": "both"}, id="both directions"),
        pytest.param({"forward": "down", "backward": "up", "tau_causal": "30 ms"}, id="the other projection"),
    ],
)
@pytest.mark.parametrize("target", _MACHINES)
def test_a_disabled_rule_changes_nothing(tmp_path: Path, target: str, fields: dict[str, object]) -> None:
    pairing = _MACHINES[target]
    rule = _rule("rule", pairing=pairing)
    alone = _run(tmp_path, target, rule)
    off = _rule("off", **{"pairing": pairing, **fields, "enabled": "false"})
    for rules in ((rule, off), (off, rule)):
        beside = _run(tmp_path, target, *rules)
        assert beside.metrics["rule_angle_final"] == alone.metrics["angle_final"]
        for name, weights in alone.weights.items():
            np.testing.assert_array_equal(beside.weights[name], weights)
    assert (alone.weights["down"] != alone.result.weights_initial["down"]).any()


@pytest.mark.parametrize("target", _MACHINES)
def test_two_rules_of_half_the_rate_are_one_or_are_refused(tmp_path: Path, target: str) -> None:
    pairing = _MACHINES[target]
    alone = _run(tmp_path, target, _rule("rule", pairing=pairing))
    halves = [_rule(name, pairing=pairing, learning_rate=0.01) for name in ("one", "two")]
    if target in {"brainscales2", "spinnaker1"}:
        with pytest.raises(InputError) as caught:
            _run(tmp_path, target, *halves)
        assert {problem.field for problem in caught.value.problems} <= {"plasticity[1]", "plasticity[1].backward"}
        return
    both = _run(tmp_path, target, *halves)
    np.testing.assert_allclose(both.weights["down"], alone.weights["down"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("target", ["ideal", "spinnaker2"])
def test_rules_of_different_windows_and_pairings_add_up(tmp_path: Path, target: str) -> None:
    """One update of two rules against sums over all recorded spikes, written out."""
    wide = _rule("wide", tau_causal="40 ms", tau_anticausal="40 ms", update_every="8 s", learning_rate=1e-4)
    near = _rule("near", pairing="nearest", update_every="8 s", learning_rate=2e-4)
    run = _run(tmp_path, target, wide, near)
    assert run.folder is not None
    spikes = read_spikes(run.folder)
    pre, post = ([spikes[name].time_ms[spikes[name].neuron == n] for n in range(3)] for name in ("b", "a"))
    expected = np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        change = 1e-4 * (_summed(post[j], pre[i], 40.0) - _summed(pre[i], post[j], 40.0))
        change += 2e-4 * (_summed(post[j], pre[i], 10.0, nearest=True) - _summed(pre[i], post[j], 10.0, nearest=True))
        expected[i, j] = change
    assert np.abs(expected).max() > 1e-3
    # stored weights of spinnaker2 are whole numbers of this many to a mV; those of ideal follow sums of 24 bits
    step = 1.5 / 127 if target == "spinnaker2" else 1e-6
    change = run.weights["down"] - run.result.weights_initial["down"]
    np.testing.assert_allclose(change, expected, rtol=0, atol=2 * step)


def _summed(first: np.ndarray, second: np.ndarray, tau_ms: float, *, nearest: bool = False) -> float:
    """Sum ``exp(-dt/tau)`` over spikes of `second` and all earlier ones of `first`, or the last of these."""
    total = 0.0
    for now in second:
        earlier = first[first < now]
        total += float(np.exp(-(now - (earlier[-1:] if nearest else earlier)) / tau_ms).sum())
    return total

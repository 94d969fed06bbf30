"""What a recipe says means the same on every target: refractory times, and which spikes learning pairs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sal_hw
from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.errors import InputError
from sal_hw.workflow.api import compile_recipe

SIMULATORS = [pytest.param(name, marks=pytest.mark.slow) for name in ("pynn:brian2", "pynn:nest")]
EMULATED = ["ideal", "brainscales2", "spinnaker1", "spinnaker2"]


def lif(**changed: str) -> dict[str, str]:
    """Return a neuron with a threshold 1 mV above rest."""
    neuron = {"model": "lif", "tau_mem": "10 ms", "tau_syn_exc": "1 ms", "tau_syn_inh": "1 ms", "tau_ref": "2 ms"}
    return neuron | {"v_rest": "0 mV", "v_reset": "0 mV", "v_threshold": "1 mV"} | changed


def network(*stimuli: dict[str, Any], neuron: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    """Return a recipe of one neuron `a` and one neuron `b`, connected both ways by weights of 0 mV."""
    rule = {"kind": "sal", "name": "rule", "forward": "there", "backward": "back", "learning_rate": 0.03}
    rule |= {"rate_per": "pair", "update_every": "1 s", "window": "exponential", "pairing": "all"}
    rule |= {"tau_causal": "10 ms", "tau_anticausal": "10 ms"} | changed.pop("rule", {})
    back = {"weight_min": -1.0, "weight_max": 1.0} | changed.pop("back", {})
    ends = (("there", "a", "b", {}), ("back", "b", "a", back))
    zero = {"values": [[0.0]], "unit": "mV"}
    return {
        "recipe": 1,
        "name": "meaning",
        "seed": 1,
        "timestep": "1 ms",
        "populations": {name: {"size": 1, "neuron": neuron or lif()} for name in ("a", "b")},
        "projections": [{"name": n, "source": s, "target": t, "weight": zero} | more for n, s, t, more in ends],
        "stimuli": list(stimuli),
        "plasticity": [rule],
        "experiment": {"kind": "align", "duration": "1 s"},
    } | changed


def drive(amplitude: str, target: str = "a") -> dict[str, Any]:
    return {"kind": "constant", "name": f"drive_{target}", "target": target, "amplitude": amplitude}


def opened(recipe: dict[str, Any], target: str, folder: Path) -> Any:
    file = folder / "recipe.yaml"
    file.write_text(json.dumps(recipe))
    program = compile_recipe(sal_hw.load_recipe(file), target=target)
    chosen = load_target(target)
    return load_backend(chosen.emulator or chosen.backend).open(program, OpenRequest(seed=1))


def spikes_per_second(recipe: dict[str, Any], target: str, folder: Path) -> int:
    session = opened(recipe, target, folder)
    try:
        return int(session.learn(1).spike_counts["a"][0])
    finally:
        session.close()


@pytest.mark.parametrize("target", ["ideal", "spinnaker1", "spinnaker2", *SIMULATORS])
@pytest.mark.parametrize("tau_ref", [1, 2, 5, 10])
def test_the_shortest_interval_between_two_spikes_is_tau_ref(target: str, tau_ref: int, tmp_path: Path) -> None:
    # 50 mV reach 1 mV within one step of 1 ms, so that a neuron spikes as soon as it may
    found = spikes_per_second(network(drive("50 mV"), neuron=lif(tau_ref=f"{tau_ref} ms")), target, tmp_path)
    assert found == pytest.approx(1000 / tau_ref, abs=1)


@pytest.mark.parametrize("target", [*EMULATED, *SIMULATORS])
def test_a_step_shortens_an_interval_by_less_than_a_step(target: str, tmp_path: Path) -> None:
    # from -0.1 mV towards 1.7 mV the threshold is reached after 10 ms ln(1.8 / 0.7) = 9.44 ms, in the tenth step; of
    # the five steps of tau_ref, that of the spike is the first: 14 ms in place of 14.44 ms
    neuron = lif(tau_ref="5 ms", v_reset="-0.1 mV")
    # sensors of a chip pair the nearest only; nothing is learned here
    pairing = "nearest" if target == "brainscales2" else "all"
    recipe = network(drive("1.7 mV"), neuron=neuron, rule={"pairing": pairing})
    found = spikes_per_second(recipe, target, tmp_path)
    exact_ms = 5.0 + 10.0 * math.log(1.8 / 0.7)
    assert found == pytest.approx(1000 / 14, abs=1)
    assert 1000 / exact_ms < found < 1000 / (exact_ms - 1.0)


NORMAL = {"distribution": "normal", "std": 2.0, "unit": "mV", "seed": 1}


@pytest.mark.parametrize("target", [*EMULATED, "pynn:brian2", "pynn:nest"])
@pytest.mark.parametrize("enabled", [True, False])
def test_drawn_weights_keep_to_their_bounds_as_tables_do(target: str, enabled: bool, tmp_path: Path) -> None:
    recipe = network(back={"weight": NORMAL, "weight_min": -0.2, "weight_max": 0.2}, rule={"enabled": enabled})
    with pytest.raises(InputError) as caught:
        opened(recipe, target, tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("E214", "projections[1].weight")
    assert "weight_min, -0.2, and weight_max, 0.2; 1 of 1 weights of back are outside" in problem.allowed
    assert problem.value == f"{2.0 * np.random.default_rng(1).normal():g} from 0 to 0"


def spikes(target: str, *times_ms: int) -> dict[str, Any]:
    """Return inputs of 20 mV, each of which makes a neuron spike once."""
    rows = {"values": [[time, 0] for time in times_ms]}
    weight = {"values": [20.0], "unit": "mV"}
    return {"kind": "spikes", "name": f"given_{target}", "target": target, "spikes": rows, "weight": weight}


def learned(recipe: dict[str, Any], target: str, folder: Path, updates: int = 1) -> tuple[float, list[str]]:
    """Return the weight from b to a after learning, mV, and the kinds of the run's findings."""
    session = opened(recipe, target, folder)
    try:
        if hasattr(session, "prepare"):
            session.prepare(updates)
        counts = [session.learn(1).spike_counts for _ in range(updates)]
        wanted = {item["target"]: len(item["spikes"]["values"]) for item in recipe["stimuli"]}
        assert {name: sum(int(each[name][0]) for each in counts) for name in wanted} == wanted
        return float(session.weights("back")[0, 0]), [item.kind for item in session.findings()]
    finally:
        session.close()


def expected(a_ms: list[int], b_ms: list[int]) -> float:
    """Return the change of the weight from b to a: anti-causal minus causal pairs, without simultaneous ones."""
    lags = np.subtract.outer(np.array(a_ms), np.array(b_ms))
    return float(0.03 * (np.exp(lags[lags < 0] / 10.0).sum() - np.exp(-lags[lags > 0] / 10.0).sum()))


#: trains with simultaneous spikes, and with pairs that are one step apart in either order, over two updates of 1 s
TRAINS = {
    "simultaneous": ([10, 30], [10, 30]),
    "one step": ([10, 40, 71, 90], [11, 41, 70, 120]),
    "around the end of an update": ([200, 990, 999, 1300], [200, 989, 999, 1010]),
    # inputs at 1995 ms make neurons of the simulators spike in the last step of all, 1999
    "in the last step": ([100, 1980, 1990, 1992, 1995], [200, 1985, 1991, 1995]),
    "mixed": ([20, 27, 50, 81, 400, 407, 950, 1000, 1015], [20, 26, 58, 80, 95, 401, 407, 930, 1007]),
}


@pytest.mark.parametrize("target", ["ideal", *SIMULATORS])
@pytest.mark.parametrize("trains", TRAINS)
def test_pairs_count_by_their_spikes_and_simultaneous_ones_on_neither_side(
    target: str, trains: str, tmp_path: Path
) -> None:
    a_ms, b_ms = TRAINS[trains]
    recipe = network(spikes("a", *a_ms), spikes("b", *b_ms), experiment={"kind": "align", "duration": "2 s"})
    found, _ = learned(recipe, target, tmp_path, updates=2)
    # the ideal target sums in float32
    assert found == pytest.approx(expected(a_ms, b_ms), abs=1e-6)


@pytest.mark.parametrize("trains", ["one step", "mixed"])
def test_spinnaker_1_pairs_by_spikes_whatever_the_delay_and_tells_of_simultaneous_ones(
    trains: str, tmp_path: Path
) -> None:
    a_ms, b_ms = TRAINS[trains]
    recipe = network(spikes("a", *a_ms), spikes("b", *b_ms), experiment={"kind": "align", "duration": "2 s"})
    found, kinds = learned(recipe, "spinnaker1", tmp_path, updates=2)
    assert ("pairs_simultaneous" in kinds) == bool(set(a_ms) & set(b_ms))
    for delay in ("1 ms", "5 ms"):
        recipe["projections"][1]["delay"] = delay
        assert learned(recipe, "spinnaker1", tmp_path, updates=2)[0] == found
    # the anti-causal side has exp(-0.1) of its amplitude, since pairs at lag 0 are on it; tables have 11 bits, and an
    # update loses up to a word of 2**-14 mV
    lags = np.subtract.outer(np.array(a_ms), np.array(b_ms))
    side = np.exp(-np.abs(lags) / 10.0)
    wanted = 0.03 * (np.exp(-0.1) * side[lags <= 0].sum() - side[lags > 0].sum())
    assert found == pytest.approx(wanted, abs=lags.size * 0.03 * 2.0**-10 + len(b_ms) * 2.0**-13)

"""Limits of a chip as ``sal-hw check`` tells of them: the limit, its source and the nearest legal value.

Each recipe is over one limit; where a second value is given, the same recipe with that one is legal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

CHIP = ("--target", "brainscales2")

BASE = """
recipe: 1
name: limits
seed: 1
timestep: 0.02 ms
populations:
  visible: &layer
    size: 4
    neuron: {model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 5 ms,
             v_rest: 0 mV, v_reset: 0 mV, v_threshold: 1 mV}
  hidden: *layer
projections:
  - {name: forward, source: visible, target: hidden, weight: 0.1 mV, receptor: excitatory}
  - {name: feedback, source: hidden, target: visible, weight: 0.1 mV, receptor: excitatory,
     weight_min: 0, weight_max: 1.26}
stimuli:
  - {kind: constant, name: drive, target: visible, amplitude: 0.6 mV}
  - {kind: poisson, name: noise, target: visible, rate: 2000 Hz, weight: 0.15 mV}
plasticity:
  - {kind: sal, name: alignment, forward: forward, backward: feedback, learning_rate: 0.05, rate_per: pair,
     update_every: 2 s, window: exponential, tau_causal: 10 ms, tau_anticausal: 10 ms, pairing: nearest}
experiment: {kind: align, duration: 20 s}
"""

THIRD = {"neuron": yaml.safe_load(BASE)["populations"]["visible"]["neuron"]}
NEURON, RULE = ("populations", "visible", "neuron"), ("plasticity", 0)
CALIX, BACKGROUND = "calix", "haldls/vx/background.h"
TAUS = ("tau_causal", "tau_anticausal")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Values over a limit, what the message holds, and values at the limit."""

    over: dict[tuple[str | int, ...], object]
    words: tuple[str, ...]
    legal: dict[tuple[str | int, ...], object] | None = None
    options: tuple[str, ...] = ()


def both(value: str) -> dict[tuple[str | int, ...], object]:
    """Return both time constants of the rule."""
    return {(*RULE, key): value for key in TAUS}


def neuron(key: str, over: str, legal: str, *words: str) -> Limit:
    """Return a limit of a neuron's parameter; the nearest value is the legal one."""
    parameter = key
    return Limit(
        over={(*NEURON, key): over},
        legal={(*NEURON, key): legal},
        words=(
            "E304",
            "populations.visible",
            f"{parameter} = {over}",
            f"the nearest {parameter} is {legal}",
            *words,
            CALIX,
        ),
    )


LIMITS = {
    "neurons": Limit(
        over={("populations", "third"): {**THIRD, "size": 505}},
        legal={("populations", "third"): {**THIRD, "size": 504}},
        words=("E304", "513 neurons", "at most 512 neurons", "halco", "bring them down to 512", "505 of third"),
    ),
    "delay": Limit(
        over={("projections", 0, "delay"): "0.02 ms"},
        legal={("projections", 0, "delay"): "0 ms"},
        words=("E302", "projection forward", "pynn-brainscales", "delay: 0 ms"),
    ),
    "tau_mem, long": neuron("tau_mem", "60.02 ms", "60 ms", "0.5 .. 60 us"),
    "tau_mem, short": neuron("tau_mem", "0.48 ms", "0.5 ms", "0.5 .. 60 us"),
    "tau_syn_exc, long": neuron("tau_syn_exc", "30.5 ms", "30 ms", "0.3 .. 30 us"),
    "tau_syn_inh, short": neuron("tau_syn_inh", "0.28 ms", "0.3 ms", "0.3 .. 30 us"),
    "tau_ref, long": neuron("tau_ref", "32.02 ms", "32 ms", "0.04 .. 32 us"),
    "tau_ref, short": neuron("tau_ref", "0.02 ms", "0.04 ms", "0.04 .. 32 us"),
    "v_reset": neuron("v_reset", "-1 mV", "-0.666666 mV", "50 .. 160 LSB"),
    "drive": Limit(
        over={("stimuli", 0, "amplitude"): "1.8 mV"},
        legal={("stimuli", 0, "amplitude"): "1.777777 mV"},
        words=(
            "E304",
            "populations.visible",
            "constant drive",
            "50 .. 160 LSB",
            CALIX,
            "the nearest v_rest plus the constant drive is 1.777777 mV",
        ),
    ),
    "time constants, long": Limit(
        over=both("30.02 ms"),
        legal=both("30 ms"),
        words=("E304", "alignment", "feedback", "30 us", CALIX, "tau_causal: 30 ms"),
    ),
    "time constants, short": Limit(
        over=both("1.98 ms"),
        legal=both("2 ms"),
        words=("E304", "alignment", "feedback", "2 ..", CALIX, "tau_causal: 2 ms"),
    ),
    "time constants, unequal": Limit(
        over={(*RULE, "tau_causal"): "20 ms", (*RULE, "tau_anticausal"): "5 ms"},
        legal=both("20 ms"),
        words=("E304", "plasticity[0].tau_anticausal", "feedback", CALIX, "tau_anticausal: 20 ms"),
    ),
    "window": Limit(
        over={(*RULE, "window"): "triangular"},
        words=("E304", "alignment", "exponential", CALIX, "window: exponential"),
    ),
    "pairing": Limit(
        over={(*RULE, "pairing"): "all"},
        legal={(*RULE, "pairing"): "nearest"},
        words=("E304", "plasticity[0].pairing", "feedback", "last one only", CALIX, "pairing: nearest"),
    ),
    "spread": Limit(
        over={(*RULE, "amplitude_spread"): {"std": 0.1, "seed": 2}},
        words=("E304", "feedback", "property of the chip", CALIX, "leave amplitude_spread out"),
    ),
    "update_every": Limit(
        over={(*RULE, "update_every"): "20 ms"},
        legal={(*RULE, "update_every"): "40 ms"},
        words=("E314", "alignment", "feedback", "libnux", "write update_every: 37.44 ms"),
    ),
    "learning rate, small": Limit(
        over={(*RULE, "learning_rate"): 1e-12}, words=("E315", "feedback", "libnux", "the nearest rate is 7.62939e-08")
    ),
    "learning rate, large": Limit(
        over={(*RULE, "learning_rate"): 900},
        legal={(*RULE, "learning_rate"): 1.28},
        words=("E315", "feedback", "libnux", "the nearest rate is 1.28"),
    ),
    "not every synapse": Limit(
        over={("projections", number, "connectivity"): "one_to_one" for number in (0, 1)},
        words=("E312", "feedback", "every source to every target", "grenade", "connectivity: dense"),
    ),
    "rate of noise": Limit(
        over={("stimuli", 1, "rate"): "31251 Hz"},
        legal={("stimuli", 1, "rate"): "31250 Hz"},
        words=("E310", "noise onto visible", "125 MHz", BACKGROUND, "at most 31250 Hz"),
    ),
    "membranes": Limit(
        over={("probes",): [{"kind": "membrane", "population": "visible", "every": "1 ms"}]},
        words=("E306", "membrane probe of visible", "rule alignment", "grenade", "leave out"),
    ),
    "runtime": Limit(
        over={("experiment", "duration"): "34360 s"},
        legal={("experiment", "duration"): "34358 s"},
        words=("E304", "34359.738 s", "34.359738 s", "haldls/vx/timer.h", "write duration: 34358 s"),
    ),
    "range of learning weights": Limit(
        over={("projections", 1, "weight_max"): 1.576},
        legal={("projections", 1, "weight_max"): 1.575},
        words=("E304", "projections[1].weight_max", "feedback", "code 63", "haldls", CALIX, "write weight_max: 1.575"),
    ),
    "weights": Limit(
        over={("projections", 0, "weight"): "1.6 mV"},
        legal={("projections", 0, "weight"): "1.575 mV"},
        words=("E313", "forward", "at most 1.575", "code 63", "haldls", CALIX),
        options=("--strict",),
    ),
}


def write(changes: dict[tuple[str | int, ...], object]) -> str:
    """Write the recipe with other values and return its name."""
    document = yaml.safe_load(BASE)
    document["populations"] = {name: {**item} for name, item in document["populations"].items()}
    for item in document["populations"].values():
        item["neuron"] = {**item["neuron"]}
    for path, value in changes.items():
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    text = yaml.safe_dump(document, sort_keys=False)
    Path("r.yaml").write_text(text, encoding="utf-8")
    return "r.yaml"


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_over_a_limit(terminal, limit: Limit) -> None:
    assert terminal("check", write(limit.over), *CHIP, *limit.options) == 2
    missing = [word for word in limit.words if word not in terminal.err]
    assert not missing, terminal.err
    assert "hint:" in terminal.err


@pytest.mark.parametrize("limit", [each for each in LIMITS.values() if each.legal is not None])
def test_at_a_limit(terminal, limit: Limit) -> None:
    assert limit.legal is not None
    assert terminal("check", write(limit.legal), *CHIP, *limit.options) == 0, terminal.err

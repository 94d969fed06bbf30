"""Rules in steps and gains: rates per pair and per update, windows, and amplitudes that spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.passes.draft import Draft
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.program import LoweredSal, LoweredWakeSleep
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron, Neuron, SamplingNeuron
from sal_hw.spec.plasticity import AmplitudeSpread, Rule, SalRule, WakeSleepRule
from sal_hw.spec.values import Constant
from sal_hw.target.description import TargetDescription

TARGET = TargetDescription(family="made-up", summary="", capabilities=(), limits={})
SAMPLING = SamplingNeuron(tau_ref_ms=10.0)
LIF = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-70.0,
    v_threshold_mv=-50.0,
)
SAL = SalRule(
    name="alignment",
    forward="forward",
    backward="backward",
    learning_rate=0.02,
    update_every_ms=1000.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=8.0,
)
WAKE_SLEEP = WakeSleepRule(
    name="boltzmann",
    projection="recurrent",
    learning_rate=0.1,
    bias_learning_rate=0.2,
    update_every_ms=1000.0,
    tau_ms=10.0,
    bias_limit=3.0,
)


def lowered(*rules: Rule, neuron: Neuron = SAMPLING, seed: int = 1) -> Draft:
    """Lower rules of a network of two and three neurons at 0.5 ms."""
    ends = (("forward", "two", "three"), ("backward", "three", "two"), ("recurrent", "three", "three"))
    spec = NetworkSpec(
        timestep_ms=0.5,
        populations=tuple(Population(name=name, size=size, neuron=neuron) for name, size in (("two", 2), ("three", 3))),
        projections=tuple(
            Projection(name=name, source=source, target=target, weight=Constant(value=1.0))
            for name, source, target in ends
        ),
        plasticity=rules,
    )
    draft = Draft(spec=spec, target=TARGET, seed=seed, folder=None)
    return lower_plasticity(realize_weights(realize_neurons(draft)))


def sal(**changes: Any) -> LoweredSal:
    (rule,) = lowered(replace(SAL, **changes)).rules
    return rule


@pytest.mark.parametrize(
    ("changes", "gain"),
    [
        # 20 of 2000 steps are one refractory time: pairs are counted per refractory time of the backward target
        ({}, 0.02 * 20 / 2000),
        ({"rate_per": "pair"}, 0.02),
        ({"rate_per": "pair", "polarity": "inverted"}, -0.02),
        ({"rate_per": "pair", "enabled": False}, 0.0),
    ],
)
def test_gains(changes: dict[str, Any], gain: float) -> None:
    assert sal(**changes).gain == pytest.approx(gain, rel=1e-15)


def test_windows_are_in_steps() -> None:
    rule = sal(window="triangular", pairing="all")
    assert (rule.update_steps, rule.causal.tau_steps, rule.anticausal.tau_steps) == (2000, 20.0, 16.0)
    assert {(window.shape, window.pairing) for window in (rule.causal, rule.anticausal)} == {("triangular", "all")}


def test_which_projections_learn() -> None:
    assert sal().learned == ("backward",)
    both = sal(learn="both")
    assert both.learned == ("forward", "backward")
    assert {name: amplitude.shape for name, amplitude in both.amplitudes.items()} == {
        "forward": (2, 3),
        "backward": (3, 2),
    }
    # a recurrent projection learns once, though it is its own partner
    assert sal(forward="recurrent", backward="recurrent", learn="both").learned == ("recurrent",)


def test_wake_sleep_by_hand() -> None:
    (rule,) = lowered(WAKE_SLEEP).rules
    assert isinstance(rule, LoweredWakeSleep)
    assert (rule.gain, rule.bias_gain, rule.bias_limit) == (0.1, 0.2, 3.0)
    assert (rule.population, rule.moment_scale, rule.window.tau_steps) == ("three", 20 / 2000, 20.0)
    (off,) = lowered(replace(WAKE_SLEEP, enabled=False)).rules
    assert isinstance(off, LoweredWakeSleep)
    assert (off.gain, off.bias_gain) == (0.0, 0.0)


def test_a_disabled_rule_is_told() -> None:
    draft = lowered(replace(SAL, enabled=False))
    assert draft.trace[-1].notes == ("alignment is disabled: gain 0",)
    assert draft.learned == {"backward"}


def test_amplitudes_exist_where_synapses_do() -> None:
    amplitude = sal(forward="recurrent", backward="recurrent").backward_amplitude
    np.testing.assert_array_equal(amplitude, 1.0 - np.eye(3))
    assert not amplitude.flags.writeable


def test_a_spread_is_truncated_and_seeded() -> None:
    spread = AmplitudeSpread(std=0.5, truncate=1.0, seed=4)
    one = sal(amplitude_spread=spread).backward_amplitude
    assert np.abs(one - 1.0).max() <= 0.5
    np.testing.assert_array_equal(one, sal(amplitude_spread=spread).backward_amplitude)
    # draws run over post first, and those outside are drawn again
    draws = np.random.default_rng(4).normal(0.0, 0.5, (2, 3))
    kept = np.abs(draws) <= 0.5
    np.testing.assert_array_equal((one - 1.0).T[kept], (1.0 + draws[kept]) - 1.0)


def test_a_spread_without_a_seed_follows_run_rule_and_projection() -> None:
    rule = replace(SAL, learn="both", amplitude_spread=AmplitudeSpread(std=0.5))
    found = [
        lowered(replace(rule, name=name), seed=seed).rules[0].backward_amplitude
        for seed, name in ((1, "alignment"), (2, "alignment"), (1, "other"))
    ]
    assert len({amplitude.tobytes() for amplitude in found}) == 3


def test_tables_that_are_skipped_come_first() -> None:
    first = AmplitudeSpread(std=0.01, truncate=10.0, seed=4)
    draws = np.random.default_rng(4).normal(0.0, 0.01, (3, 2, 3))
    later = sal(amplitude_spread=replace(first, skip_tables=2)).backward_amplitude
    np.testing.assert_array_equal(later, (1.0 + draws[2]).T)


def test_lif_neurons_measure_exponential_windows_only() -> None:
    assert lowered(SAL, neuron=LIF).rules[0].causal.shape == "exponential"
    with pytest.raises(InputError) as caught:
        lowered(SAL, replace(SAL, name="other", window="triangular"), neuron=LIF)
    assert (caught.value.code, caught.value.field) == ("E304", "plasticity[1].window")

"""Which projections learn natively, which through the host, and with which amplitudes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw_pynn.description import DESCRIPTIONS, SIMULATORS, TIMING, Simulator
from sal_hw_pynn.mechanisms import Mechanism, PairStdp, plan_mechanisms
from sal_hw_pynn.refused_stdp import refuse_misread_stdp
from sal_hw_pynn.target import brian2_target, nest_target

RECIPE = Path(__file__).parents[3] / "recipes" / "two_populations.yaml"
TARGETS = {"brian2": brian2_target, "nest": nest_target}


def compiled(simulator: Simulator, *overrides: str) -> CompiledProgram:
    recipe = api.load_recipe(RECIPE, overrides=("parameters.size=4", *overrides))
    return api.compile_recipe(recipe, target=TARGETS[simulator])


def mechanism(simulator: Simulator, *overrides: str, projection: str = "feedback") -> Mechanism:
    program = compiled(simulator, *overrides)
    planned = plan_mechanisms(simulator, program.rules, program.synapses, program.neurons, program.timestep_ms)
    return next(item for item in planned if item.projection == projection)


def stdp_of(simulator: Simulator, *overrides: str) -> PairStdp:
    found = mechanism(simulator, *overrides).stdp
    assert found is not None
    return found


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_the_recipe_for_all_targets_learns_natively(simulator: Simulator) -> None:
    assert mechanism(simulator).way == "native"
    assert mechanism(simulator, projection="forward").way == "static"
    assert mechanism(simulator, "parameters.plastic=false").way == "static"


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_the_program_says_how_it_learns(simulator: Simulator) -> None:
    native = compiled(simulator).trace[-1]
    assert native.name == "choose_learning"
    assert any("feedback: native" in note and "w = m - 4.5 mV" in note for note in native.notes)
    assert native.counts == {"native projections": 1.0, "host projections": 0.0}
    host = compiled(simulator, "plasticity[0].pairing=nearest").trace[-1]
    assert any("feedback: host loop" in note and "nearest neighbours" in note for note in host.notes)
    assert host.counts == {"native projections": 0.0, "host projections": 1.0}
    assert "native" in DESCRIPTIONS[simulator].summary
    assert "host loop" in DESCRIPTIONS[simulator].summary


@pytest.mark.parametrize(
    ("overrides", "word"),
    [
        (("plasticity[0].pairing=nearest",), "nearest neighbours"),
        (("plasticity[0].amplitude_spread.std=0.1",), "differ in amplitude"),
        (("projections[1].weight_max=null",), "no range"),
        (("populations.visible.neuron.tau_syn_inh=6 ms",), "different time constants"),
    ],
)
def test_what_stdp_cannot_do_is_done_by_the_host(overrides: tuple[str, ...], word: str) -> None:
    for simulator in SIMULATORS:
        found = mechanism(simulator, *overrides)
        assert found.way == "host"
        assert word in found.reason


def test_amplitudes_are_negative_and_scaled_by_the_upper_bound() -> None:
    for simulator in SIMULATORS:
        stdp = stdp_of(simulator)
        # the range is -1.5 .. 1.5 mV: m lies in 3 .. 6 of 0 .. 9 mV
        assert (stdp.offset_mv, stdp.weight_max_mv) == (4.5, 9.0)
        assert stdp.amplitude_plus < 0.0
        assert stdp.amplitude_plus * stdp.amplitude_minus == pytest.approx((0.03 / 9.0) ** 2, rel=1e-12)
        inverted = stdp_of(simulator, "parameters.polarity=inverted")
        assert inverted.amplitude_plus == -stdp.amplitude_plus
        assert inverted.amplitude_minus == -stdp.amplitude_minus


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_pair_counts_by_the_lag_of_its_spikes(simulator: Simulator) -> None:
    """The delay of one step shifts a pair on the synapse; the amplitude takes that back at every lag."""
    stdp = stdp_of(simulator, "plasticity[0].tau_causal=5 ms", "plasticity[0].tau_anticausal=20 ms")
    lags = np.arange(2, 50)
    for amplitude, tau, shift in (
        (stdp.amplitude_plus, 5.0, TIMING[simulator].shift_steps),
        (stdp.amplitude_minus, 20.0, -TIMING[simulator].shift_steps),
    ):
        counted = -amplitude * stdp.weight_max_mv * np.exp(-(lags + shift) / tau)
        np.testing.assert_allclose(counted, 0.03 * np.exp(-lags / tau), rtol=1e-12)


def test_two_windows_of_one_population_are_not_for_nest() -> None:
    program = compiled("nest")
    rule, feedback = program.rules[0], program.synapse_block("feedback")
    assert rule.kind == "sal"
    other = type(rule)(
        **{name: getattr(rule, name) for name in rule.__dataclass_fields__}
        | {"name": "second", "backward": "second", "anticausal": type(rule.anticausal)(
            shape="exponential", tau_steps=20.0, pairing="all")}
    )  # fmt: skip
    second = type(feedback)(
        **{name: getattr(feedback, name) for name in feedback.__dataclass_fields__} | {"projection": "second"}
    )
    rules, synapses = (rule, other), (*program.synapses, second)
    ways = {
        simulator: [item.way for item in plan_mechanisms(simulator, rules, synapses, program.neurons, 1.0)]
        for simulator in SIMULATORS
    }
    assert ways == {"brian2": ["static", "native", "native"], "nest": ["static", "native", "host"]}


def test_a_step_that_no_simulator_was_tried_with_is_refused() -> None:
    steps = [f"populations.{name}.neuron.tau_ref=20 ms" for name in ("visible", "hidden")]
    with pytest.raises(InputError) as caught:
        compiled("nest", "timestep=20 ms", *steps)
    assert (caught.value.code, caught.value.field) == ("E304", "timestep")


@pytest.mark.parametrize("capability", ["sampling", "wake_sleep", "delays", "record_states"])
def test_what_is_not_offered_is_not_claimed(capability: str) -> None:
    assert all(capability not in description.capabilities for description in DESCRIPTIONS.values())


def test_delays_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        compiled("nest", "projections[0].delay=2 ms")
    assert caught.value.code == "E302"


def test_first_weights_within_the_bounds_are_accepted_and_others_refused() -> None:
    stdp = stdp_of("nest")
    refuse_misread_stdp("nest", "excitatory", stdp, np.array([0.0, 4.5, 9.0]))
    with pytest.raises(InputError) as caught:
        refuse_misread_stdp("nest", "inhibitory", stdp, np.array([-0.1, 9.1]))
    assert [problem.field for problem in caught.value.problems] == ["receptor", "weight"]

"""What the compiler makes of a network for SpiNNaker 1, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import AmplitudeSpread, SalRule
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise
from sal_hw.spec.values import Constant, Normal, Table
from sal_hw.storage.codec import decode, encode
from sal_hw.target.description import Range
from sal_hw_spinnaker.passes.scale_words import ring_buffer_shift, words_of
from sal_hw_spinnaker.program import window_table
from sal_hw_spinnaker.spinnaker1.target import spinnaker1_target

NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=0.0,
    v_reset_mv=0.0,
    v_threshold_mv=1.0,
)
RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="feedback",
    learning_rate=0.02,
    rate_per="pair",
    update_every_ms=1000.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=20.0,
    pairing="all",
)


def mv(value):
    return Constant(value=value, unit="mV")


def network(size=4, *, sizes=None, neuron=NEURON, step=1.0, weight=None, feedback=None, rules=None, **rule):
    """Return two populations that are connected both ways; the feedback learns."""
    down = {"weight": Normal(std=0.3, unit="mV", seed=4), "weight_min": -1.0, "weight_max": 1.0} | (feedback or {})
    visible, hidden = sizes or (size, size)
    return NetworkSpec(
        timestep_ms=step,
        populations=(
            Population(name="visible", size=visible, neuron=neuron),
            Population(name="hidden", size=hidden, neuron=neuron),
        ),
        projections=(
            Projection(name="forward", source="visible", target="hidden", weight=weight or mv(0.5)),
            Projection(name="feedback", source="hidden", target="visible", **down),
        ),
        plasticity=(replace(RULE, **rule),) if rules is None else rules,
        stimuli=(ConstantDrive(name="drive", target="visible", amplitude=mv(0.6)),),
    )


def compiled(spec, **options):
    program = compile_network(spec, target=spinnaker1_target, seed=1, **options)
    return program, program.part


def stored(program, projection):
    """Return what the words of a projection's parts add up to, mV."""
    digital, total = program.part, 0.0
    for part in digital.parts_of(projection):
        sign = 1.0 if part.receptor == "excitatory" else -1.0
        total = total + sign * digital.scale_of(part.target, part.receptor).lsb_mv * part.words
    return total


def refused(spec, target=spinnaker1_target, **options):
    with pytest.raises(InputError) as caught:
        compile_network(spec, target=target, seed=1, **options)
    return caught.value.problems


# --- words and scales -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("largest", "expected", "shift"),
    [(0.0, 0.0, 0), (0.3337, 0.0, 0), (1.0, 0.0, 1), (4.0, 0.0, 3), (3.0, 7.9, 3), (5.0, 9.26, 4), (1e5, 0.0, 17)],
)
def test_the_shift_is_a_power_of_two_above_weight_and_expected_sum(largest, expected, shift):
    assert ring_buffer_shift(expected, largest) == shift


def test_the_shift_follows_the_fan_in():
    # four learning inputs of up to 5 mV at 30 Hz: mean 0.6 mV, standard deviation 5 sqrt(0.12) = 1.73 mV, so 9.26 mV at
    # 5 standard deviations: shift 4, as a virtual board chose for w_max 5. Of up to 4 mV they give 7.4 mV, shift 3
    for largest, shift in ((4.0, 3), (5.0, 4)):
        inhibitory = {"receptor": "inhibitory", "weight": mv(-1.0), "weight_min": -largest, "weight_max": 0.0}
        _, digital = compiled(network(sizes=(1, 4), feedback=inhibitory, learning_rate=1.0))
        scale = digital.scale_of("visible", "inhibitory")
        assert scale.shift == shift
        assert scale.words_per_mv == 2.0 ** (15 - shift)
        assert scale.expected_mv == pytest.approx(largest * (0.12 + 5.0 * np.sqrt(0.12)), rel=1e-12)


@given(
    weights=st.lists(st.floats(0.0, 1e4), min_size=1, max_size=30),
    expected=st.floats(0.0, 2e4),
)
def test_every_weight_has_a_word_within_half_a_word(weights, expected):
    values = np.array(weights)
    shift = ring_buffer_shift(expected, float(values.max()))
    assert 2.0**shift > max(expected, values.max())
    assert shift == 0 or 2.0 ** (shift - 1) <= max(expected, values.max())
    words = words_of(values, 2.0 ** (15 - shift))
    assert words.max() <= 2**15
    np.testing.assert_allclose(words * 2.0 ** (shift - 15), values, rtol=0.0, atol=0.5 * 2.0 ** (shift - 15))


@settings(max_examples=25)
@given(
    weights=st.lists(st.floats(-1.0, 1.0), min_size=12, max_size=12),
    polarity=st.sampled_from(["aligning", "inverted"]),
)
def test_fixed_and_learning_synapses_add_up_to_the_weights(weights, polarity):
    wanted = np.array(weights).reshape(4, 3)
    table = Table(values=wanted, unit="mV")
    spec = network(sizes=(3, 4), feedback={"weight": table}, polarity=polarity, learning_rate=0.1)
    program, digital = compiled(spec)
    lsb = sum(digital.scale_of("visible", receptor).lsb_mv for receptor in ("excitatory", "inhibitory"))
    np.testing.assert_allclose(stored(program, "feedback"), wanted, rtol=0.0, atol=0.5 * lsb)


def test_a_static_projection_is_split_by_sign():
    weights = np.array([[0.5, -0.25], [0.0, 1.0]])
    program, digital = compiled(network(2, weight=Table(values=weights, unit="mV")))
    parts = {part.receptor: part for part in digital.parts_of("forward")}
    assert set(parts) == {"excitatory", "inhibitory"}
    assert parts["excitatory"].exists.tolist() == [[True, False], [False, True]]
    assert parts["inhibitory"].exists.tolist() == [[False, True], [False, False]]
    np.testing.assert_array_equal(stored(program, "forward"), weights)
    assert all(part.words.dtype == np.uint16 for part in digital.synapses)


def test_a_static_projection_of_one_sign_has_one_part():
    _, digital = compiled(network(2, weight=mv(-0.5)))
    assert [part.receptor for part in digital.parts_of("forward")] == ["inhibitory"]


# --- learning ---------------------------------------------------------------------------------------------------------


def test_learning_is_fixed_excitation_minus_plastic_inhibition():
    _, digital = compiled(network())
    fixed, plastic = digital.parts_of("feedback")
    assert (fixed.receptor, fixed.plastic) == ("excitatory", False)
    assert (plastic.receptor, plastic.plastic) == ("inhibitory", True)
    assert fixed.delay_steps == plastic.delay_steps == 1
    (stdp,) = digital.plasticity
    assert (stdp.synapses, stdp.fixed, stdp.fixed_mv, stdp.weight_max_mv) == (plastic.name, fixed.name, 1.0, 2.0)
    assert stdp.amplitude_plus_mv > 0.0
    assert stdp.amplitude_minus_mv > 0.0
    assert stdp.drift_mv_per_s > 0.0, "rounding m down moves w = c - m up"


def test_an_inverted_rule_swaps_the_signs_and_keeps_the_amplitudes_positive():
    _, digital = compiled(network(polarity="inverted", feedback={"weight_min": -0.5}))
    fixed, plastic = digital.parts_of("feedback")
    assert (fixed.receptor, plastic.receptor) == ("inhibitory", "excitatory")
    (stdp,) = digital.plasticity
    assert (stdp.fixed_mv, stdp.weight_max_mv) == (0.5, 1.5)
    assert min(stdp.amplitude_plus_mv, stdp.amplitude_minus_mv) > 0.0
    assert stdp.drift_mv_per_s < 0.0


@pytest.mark.parametrize("step", [1.0, 0.1])
def test_accidental_pairs_count_on_both_sides_as_in_the_specification(step):
    _, digital = compiled(network(step=step, learning_rate=0.1))
    (stdp,) = digital.plasticity
    assert (stdp.tau_plus_ms, stdp.tau_minus_ms) == (10.0, 20.0)
    for amplitude, tau, first in ((stdp.amplitude_plus_mv, 10.0, 1), (stdp.amplitude_minus_mv, 20.0, 0)):
        machine = amplitude * window_table(tau / step)[first:].sum() / 2048
        # one spike of the partner per step: the sum of exp(-k step / tau) over lags of one step and more
        assert machine == pytest.approx(0.1 / np.expm1(step / tau), rel=1e-9)


def test_the_learning_step_and_the_drift_are_reported():
    program, digital = compiled(network())
    (stdp,) = digital.plasticity
    lsb = digital.scale_of("visible", "inhibitory").lsb_mv
    assert stdp.step_lsb == pytest.approx(min(stdp.amplitude_plus_mv, stdp.amplitude_minus_mv) / lsb)
    # 30 pre spikes a second, each with a post spike within 7.62 (10 + 20) ms at 30 Hz but for exp(-6.86) of the cases
    assert stdp.drift_mv_per_s == pytest.approx(0.5 * lsb * 30.0 * (1.0 - np.exp(-6.86)), rel=1e-3)
    notes = next(item for item in program.trace if item.name == "lower_stdp").notes
    assert f"{stdp.step_lsb:.4g} words" in notes[0]


def test_a_disabled_rule_has_amplitudes_of_zero_and_the_same_words():
    program, digital = compiled(network(enabled=False))
    assert [(item.amplitude_plus_mv, item.amplitude_minus_mv) for item in digital.plasticity] == [(0.0, 0.0)]
    learning, other = compiled(network())
    assert [item.shift for item in digital.scales] == [item.shift for item in other.scales]
    np.testing.assert_array_equal(stored(program, "feedback"), stored(learning, "feedback"))


def test_no_input_is_added_for_learning():
    _, digital = compiled(network())
    assert (digital.flush, digital.inputs) == ((), ())


# --- cores ------------------------------------------------------------------------------------------------------------


def test_learning_synapses_and_long_delays_allow_fewer_neurons_per_core():
    _, digital = compiled(network(300, feedback={"weight": mv(0.05), "weight_min": -0.1, "weight_max": 0.1}))
    # 300 sources at 30 Hz are 9000 events per neuron; 1.4 million per core are 155 neurons, so 128
    assert digital.neurons_of("visible").neurons_per_core == 128
    assert digital.neurons_of("visible").cores == 3
    assert digital.neurons_of("hidden").neurons_per_core == 256
    assert {part.name: part.row_synapses for part in digital.synapses}["feedback.learning"] == 128
    delayed = network(300, feedback={"weight": mv(0.05), "weight_min": -0.1, "weight_max": 0.1, "delay_ms": 64.0})
    _, digital = compiled(delayed)
    # 64 steps take 128 slots; 2**14 entries for two receptors leave 64 neurons
    assert digital.neurons_of("visible").delay_slots == 128
    assert digital.neurons_of("visible").neurons_per_core == 64
    assert {part.delay_steps for part in digital.parts_of("feedback")} == {64}


def test_short_steps_run_slower_than_real_time():
    assert compiled(network())[1].time_scale_factor == 1.0
    assert compiled(network(step=0.1, learning_rate=0.1))[1].time_scale_factor == pytest.approx(10.0)


def test_the_membrane_resistance_is_one_megaohm():
    _, digital = compiled(network())
    neurons = digital.neurons_of("visible")
    assert neurons.capacitance_nf == NEURON.tau_mem_ms  # tau / C = 10 ms / 10 nF = 1 MOhm
    assert neurons.offset_na.tolist() == [0.6] * 4
    assert neurons.refractory_steps == 1, "of the two steps of tau_ref, that of the spike is the first"


def test_a_program_survives_writing_and_is_reproducible():
    program, _ = compiled(network())
    document, arrays = encode(program)
    assert decode(CompiledProgram, document, arrays).hash == program.hash
    assert compiled(network())[0].hash == program.hash
    assert compiled(network(learning_rate=0.03))[0].hash != program.hash


def test_noise_sets_the_scale_by_its_own_rate():
    spec = network(2)
    noise = PoissonNoise(name="noise", target="hidden", rate_hz=4000.0, weight=mv(-0.5))
    _, digital = compiled(replace(spec, stimuli=(*spec.stimuli, noise)))
    (words,) = digital.inputs
    assert (words.stimulus, words.population, words.receptor, words.delay_steps) == ("noise", "hidden", "inhibitory", 1)
    scale = digital.scale_of("hidden", "inhibitory")
    # 4 events a step: 2 mV, plus 5 standard deviations of 0.5 sqrt(4) mV
    assert scale.expected_mv == pytest.approx(2.0 + 5.0)
    assert scale.shift == 3
    np.testing.assert_array_equal(words.words, 0.5 * 2**12)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_learning_weights_need_a_range_around_zero():
    problems = refused(network(feedback={"weight_min": None, "weight_max": None}))
    assert [(item.code, item.field) for item in problems] == [
        ("E331", "projections[1].weight_min"),
        ("E331", "projections[1].weight_max"),
    ]
    (problem,) = refused(network(feedback={"weight": mv(-0.5), "weight_min": -1.0, "weight_max": -0.1}))
    assert (problem.code, problem.value) == ("E331", "-0.1")


def test_mixed_signs_need_equal_time_constants():
    uneven = replace(NEURON, tau_syn_inh_ms=8.0)
    (problem,) = refused(network(neuron=uneven))
    assert (problem.code, problem.field) == ("E332", "populations.visible.neuron.tau_syn_inh")
    # without a fixed part nothing has to cancel
    inhibitory = {"receptor": "inhibitory", "weight": mv(-0.5), "weight_min": -1.0, "weight_max": 0.0}
    _, digital = compiled(network(neuron=uneven, feedback=inhibitory))
    assert [part.name for part in digital.parts_of("feedback")] == ["feedback.learning"]


def test_two_rules_on_one_projection_are_refused():
    problems = refused(network(rules=(RULE, replace(RULE, name="again"))))
    assert "E333" in {item.code for item in problems}


def _with_second_source(**second):
    spec = network(size=3)
    other = Population(name="other", size=3, neuron=NEURON)
    up = Projection(name="up", source="visible", target="other", weight=mv(0.3))
    down = replace(spec.projections[1], name="down", source="other", **second.pop("projection", {}))
    rule = replace(RULE, name="second", forward="up", backward="down", **second)
    return replace(
        spec,
        populations=(*spec.populations, other),
        projections=(*spec.projections, up, down),
        plasticity=(*spec.plasticity, rule),
    )


def test_two_rules_onto_one_population_must_be_alike():
    _, digital = compiled(_with_second_source())
    assert len(digital.plasticity) == 2
    for different in ({"learning_rate": 0.03}, {"tau_causal_ms": 12.0}, {"projection": {"weight_max": 0.9}}):
        (problem,) = refused(_with_second_source(**different))
        assert (problem.code, problem.field) == ("E335", "plasticity[1]")


def test_too_small_a_learning_step_is_refused():
    _, digital = compiled(network())
    lsb = digital.scale_of("visible", "inhibitory").lsb_mv
    (problem,) = refused(network(learning_rate=7.0 * lsb))
    assert (problem.code, problem.field) == ("E336", "plasticity[0].learning_rate")
    assert "8 words" in problem.allowed
    # the smaller amplitude belongs to the anti-causal window, which has one pair more per step
    compiled(network(learning_rate=9.0 * lsb))


def test_rows_that_are_too_long_are_refused():
    limits = spinnaker1_target.description.limits | {"plastic_row_synapses": Range(low=0, high=100, source="a test")}
    target = replace(spinnaker1_target, description=replace(spinnaker1_target.description, limits=limits))
    (problem,) = refused(network(150, feedback={"weight": mv(0.05), "weight_min": -0.1, "weight_max": 0.1}), target)
    assert (problem.code, problem.field, problem.value) == ("E334", "projections[1]", "128 synapses")


def test_windows_that_do_not_fit_the_memory_are_refused():
    # two tables of 15 bytes per ms of time constant at steps of 1 ms: 4000 ms take 61 kB each
    problems = refused(network(tau_causal_ms=4000.0, tau_anticausal_ms=4000.0))
    assert [(item.code, item.field) for item in problems] == [("E334", "populations.visible")]


def test_memory_is_made_room_for_by_fewer_neurons_per_core():
    # two tables of 15.25 * 1500 bytes leave 19.8 kB; histories of 100 bytes and buffers of 2 receptors, 64 slots and
    # 2 bytes take 356 bytes a neuron, so that 55 fit
    slow = network(128, tau_causal_ms=1500.0, tau_anticausal_ms=1500.0, feedback={"weight": mv(0.3), "delay_ms": 63.0})
    _, digital = compiled(slow)
    assert digital.neurons_of("visible").neurons_per_core == 32
    assert digital.neurons_of("visible").memory_bytes <= 65536


def test_more_learning_events_than_a_core_works_off_are_refused():
    events = Range(low=0, high=100.0, unit="1/s", source="a test")
    limits = spinnaker1_target.description.limits | {"plastic_events_per_core": events}
    target = replace(spinnaker1_target, description=replace(spinnaker1_target.description, limits=limits))
    # four sources at 30 Hz are 120 events per second and neuron
    (problem,) = refused(network(), target)
    assert (problem.code, problem.field, problem.value) == (
        "E334",
        "populations.visible",
        "1.2 times the work of a core",
    )


def test_more_cores_than_a_board_has_are_refused():
    limits = spinnaker1_target.description.limits | {"cores": Range(low=1, high=1, source="a test")}
    target = replace(spinnaker1_target, description=replace(spinnaker1_target.description, limits=limits))
    (problem,) = refused(network(), target)
    assert (problem.code, problem.value) == ("E334", "2 cores")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pairing": "nearest"}, "plasticity[0].pairing"),
        ({"amplitude_spread": AmplitudeSpread(std=0.1)}, "plasticity[0].amplitude_spread"),
        ({"step": 20.0, "neuron": replace(NEURON, tau_ref_ms=20.0)}, "timestep"),
        ({"feedback": {"delay_ms": 8192.0}}, "projections[1].delay"),
    ],
)
def test_what_the_machine_s_stdp_and_steps_cannot_do_is_refused(change, field):
    assert ("E304", field) in {(item.code, item.field) for item in refused(network(**change))}

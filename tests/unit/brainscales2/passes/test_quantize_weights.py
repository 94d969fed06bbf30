"""Codes, worked by hand: the largest weight of a population is code 63, and what does not fit is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.stimulus import PoissonNoise, SpikeList
from sal_hw.spec.values import Normal, Table

#: steady drive of a code at bias 30 and at bias 800, in LSB: 45 / 64 LSB at bias 500
LEAST, MOST = 30 * 45 / 64 / 500, 800 * 45 / 64 / 500


def signed_codes(program, projection, shape=(2, 2)):
    """Return codes with the sign of their rows, shape (pre, post); no synapse has two."""
    codes, used = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for tile in program.part.tiles_of(projection):
        codes[:, tile.post] += (1 if tile.polarity == "excitatory" else -1) * tile.codes.astype(np.int64)
        used[:, tile.post] += tile.codes > 0
    assert used.max() <= 1
    return codes


def test_the_largest_weight_is_the_largest_code(chip):
    # 6.3 mV are 18.9 LSB of drive: 0.3 LSB, or 0.1 mV, per code
    program = chip.compiled(chip.network(forward={"weight": chip.weights([6.3, 1.23], [-2.44, -6.3])}))
    np.testing.assert_array_equal(signed_codes(program, "forward"), [[63, 12], [-24, -63]])
    np.testing.assert_allclose(program.part.neurons.drive_exc_lsb, 0.3)
    np.testing.assert_allclose(program.part.neurons.drive_inh_lsb, 0.3)
    scaling = program.scaling_of("forward")
    np.testing.assert_allclose(scaling.lsb, [0.1, 0.1])
    assert scaling.requested_max == pytest.approx(6.3)
    assert scaling.representable_max == pytest.approx(6.3)
    assert scaling.worst_error == pytest.approx(0.04)
    assert (scaling.clipped, scaling.zeroed, scaling.total) == (0, 0, 4)


def test_weights_below_half_a_code_are_counted_and_absent_ones_are_not(chip):
    program = chip.compiled(chip.network(forward={"weight": chip.weights([6.3, 0.04], [-0.03, 0.0])}))
    np.testing.assert_array_equal(signed_codes(program, "forward"), [[63, 0], [0, 0]])
    scaling = program.scaling_of("forward")
    assert (scaling.clipped, scaling.zeroed, scaling.total) == (0, 2, 3)
    assert scaling.worst_error == pytest.approx(0.04)
    record = next(item for item in program.trace if item.name == "quantize_weights")
    assert record.counts == {"clipped": 0.0, "rounded to zero": 2.0}
    assert "2 rounded to zero of 3" in " ".join(record.notes)


def test_all_that_a_neuron_receives_has_one_scale(chip):
    noise = PoissonNoise(name="noise", target="hidden", rate_hz=10.0, weight=chip.constant(12.6))
    program = chip.compiled(chip.network(stimuli=(noise,)))
    np.testing.assert_allclose(program.part.neurons.drive_exc_lsb, [0.3, 0.3, 0.6, 0.6])
    # 6.3 mV are 31.5 codes of 0.2 mV
    assert set(np.abs(signed_codes(program, "forward").ravel())) <= {31, 32}
    assert set(signed_codes(program, "feedback").ravel()) == {63}
    (tile,) = program.part.tiles_of("noise")
    np.testing.assert_array_equal(tile.codes, 63 * np.eye(2))


def test_given_spikes_have_one_synapse_each(chip):
    spikes = SpikeList(
        name="given", target="visible", spikes=Table(values=np.array([[1.0, 1]])), weight=chip.weights(-3.0, 1.5)
    )
    program = chip.compiled(chip.network(stimuli=(spikes,)))
    found = {tile.polarity: tile for tile in program.part.tiles_of("given")}
    np.testing.assert_array_equal(found["excitatory"].codes, [[0, 0], [0, 15]])
    np.testing.assert_array_equal(found["inhibitory"].codes, [[30, 0], [0, 0]])


def test_beyond_the_strongest_input_weights_are_cut_and_counted(chip):
    program = chip.compiled(chip.network(forward={"weight": chip.weights([30.0, 10.0], [-24.0, 1.0])}))
    np.testing.assert_allclose(program.part.neurons.drive_exc_lsb[2:], MOST)
    scaling = program.scaling_of("forward")
    # 1.125 LSB per code are 0.375 mV, 23.625 mV in all
    np.testing.assert_allclose(scaling.lsb, 0.375)
    assert scaling.representable_max == pytest.approx(23.625)
    assert scaling.requested_max == pytest.approx(30.0)
    np.testing.assert_array_equal(signed_codes(program, "forward"), [[63, 27], [-63, 3]])
    # 24 mV are 64 codes, one more than there is
    assert (scaling.clipped, scaling.total) == (2, 4)
    assert scaling.worst_error == pytest.approx(6.375)


def test_below_the_weakest_input_small_weights_vanish_and_are_counted(chip):
    program = chip.compiled(chip.network(forward={"weight": chip.weights([0.005, 0.02], [0.02, 0.03])}))
    np.testing.assert_allclose(program.part.neurons.drive_exc_lsb[2:], LEAST)
    # 0.0421875 LSB per code are 0.0140625 mV
    np.testing.assert_array_equal(signed_codes(program, "forward"), [[0, 1], [1, 2]])
    assert program.scaling_of("forward").zeroed == 1


def test_strict_refuses_what_would_be_cut(chip):
    spec = chip.network(forward={"weight": chip.weights([30.0, 10.0], [-2.0, 1.0])})
    with pytest.raises(InputError) as caught:
        chip.compiled(spec, strict=True)
    (problem,) = caught.value.problems
    assert (problem.code, problem.field, problem.value) == ("E313", "projections[0].weight", "30")
    assert problem.allowed.startswith("at most 23.625 in model units, which is code 63 on brainscales2 (haldls")
    assert "1 of 4 weights of forward would be clipped" in problem.allowed
    assert "--strict" in (problem.hint or "")
    chip.compiled(chip.network(), strict=True)


# --- learning projections ---------------------------------------------------------------------------------------------


def learning(chip, **feedback):
    feedback = {"weight": chip.weights([1.0, -2.0], [0.42, 0.08])} | feedback
    return chip.network(feedback=feedback, plasticity=(chip.rule,))


def test_the_end_of_the_range_of_a_learning_projection_is_the_largest_code(chip):
    program = chip.compiled(learning(chip, weight_min=-12.6, weight_max=6.3))
    np.testing.assert_allclose(program.scaling_of("feedback").lsb, 0.2)
    np.testing.assert_array_equal(signed_codes(program, "feedback"), [[5, -10], [2, 0]])


def test_a_learning_projection_has_a_row_of_each_sign_for_every_source(chip):
    program = chip.compiled(learning(chip, weight_min=-6.3, weight_max=6.3))
    tiles = program.part.tiles_of("feedback")
    assert sorted(tile.polarity for tile in tiles) == ["excitatory", "inhibitory"]
    assert all(tile.exists.all() for tile in tiles)
    assert program.scaling_of("feedback").total == 4


def test_without_a_limit_the_partner_s_weights_must_fit(chip):
    # the feedback weights become those of the forward synapses, 6.3 mV
    np.testing.assert_allclose(chip.compiled(learning(chip)).scaling_of("feedback").lsb, 0.1)


def test_a_limit_on_one_side_says_nothing_about_the_other(chip):
    spec = chip.network(
        forward={"weight": chip.weights([-6.3, 1.0], [-3.0, 2.0])},
        feedback={"weight": chip.weights([1.0, -5.0], [0.5, 0.1]), "weight_max": 2.0},
        plasticity=(chip.rule,),
    )
    program = chip.compiled(spec)
    assert program.scaling_of("feedback").clipped == 0
    np.testing.assert_allclose(program.scaling_of("feedback").lsb, 0.1)


def test_where_both_learn_each_must_hold_the_other(chip):
    rule = replace(chip.rule, learn="both")
    program = chip.compiled(chip.network(feedback={"weight": chip.constant(12.6)}, plasticity=(rule,)))
    np.testing.assert_allclose(program.scaling_of("forward").lsb, 0.2)
    np.testing.assert_allclose(program.scaling_of("feedback").lsb, 0.2)


def test_drawn_weights_beyond_the_range_are_refused(chip):
    drawn = Normal(std=1.0, unit="mV", seed=3)
    feedback = {"weight": drawn, "weight_min": -1.26, "weight_max": 1.26}
    with pytest.raises(InputError) as caught:
        chip.compiled(chip.network(20, 20, feedback=feedback, plasticity=(chip.rule,)))
    assert (caught.value.code, caught.value.field) == ("E214", "projections[1].weight")
    assert "of 400 weights of feedback are outside" in caught.value.problems[0].allowed


# --- what a snapshot knows --------------------------------------------------------------------------------------------


def test_known_strengths_of_synapses_are_taken_out_of_codes(chip):
    spec = chip.network(forward={"weight": chip.weights([5.04, 6.3], [-1.0, 0.4])})
    program = chip.compiled(spec, chip.known(gain_ratio=0.8))
    # 50.4 / 0.8 = 63, 63 / 0.8 = 78.75, 10 / 0.8 = 12.5 (to the even one), 4 / 0.8 = 5
    np.testing.assert_array_equal(np.abs(signed_codes(program, "forward"))[[0, 0, 1], [0, 1, 1]], [63, 63, 5])
    assert signed_codes(program, "forward")[1, 0] in {-12, -13}
    scaling = program.scaling_of("forward")
    assert scaling.clipped == 1
    # a synapse of 0.8 times the strength must store 7.875 mV for 6.3 mV, and gives 5.04 mV at its largest code
    assert scaling.requested_max == pytest.approx(7.875)
    assert scaling.representable_max == pytest.approx(6.3)
    assert scaling.worst_error == pytest.approx(1.26)


def test_codes_of_learning_synapses_are_left_alone(chip):
    spec = learning(chip, weight_min=-6.3, weight_max=6.3)
    known = chip.compiled(spec, chip.known(gain_ratio=0.8))
    np.testing.assert_array_equal(signed_codes(known, "feedback"), signed_codes(chip.compiled(spec), "feedback"))


def test_known_strengths_of_neurons_are_taken_out_of_their_biases(chip):
    program = chip.compiled(chip.network(), chip.known(gain_exc_ratio=0.75, gain_inh_ratio=1.5))
    np.testing.assert_allclose(program.part.neurons.drive_exc_lsb, 0.4)
    np.testing.assert_allclose(program.part.neurons.drive_inh_lsb, 0.2)
    np.testing.assert_array_equal(signed_codes(program, "forward"), 63)


def test_no_bias_leaves_its_range_to_make_up_for_a_weak_neuron(chip):
    spec = chip.network(forward={"weight": chip.constant(23.0)}, feedback={"weight": chip.constant(0.01)})
    program = chip.compiled(spec, chip.known(gain_exc_ratio=0.9, gain_inh_ratio=1.1))
    neurons, record = program.part.neurons, next(item for item in program.trace if item.name == "quantize_weights")
    # 23 mV need 1.095 LSB per code, over 0.9 more than the 1.125 LSB that there are
    np.testing.assert_allclose(neurons.drive_exc_lsb, [LEAST / 0.9, LEAST / 0.9, MOST, MOST])
    np.testing.assert_allclose(neurons.drive_inh_lsb, [LEAST, LEAST, 69.0 / 63 / 1.1, 69.0 / 63 / 1.1])
    assert record.notes[-1].startswith("warning: 4 synaptic inputs stay too weak or too strong")


# --- any weights ------------------------------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weights=st.lists(st.floats(-40.0, 40.0), min_size=12, max_size=12),
    gain=st.floats(0.5, 1.5),
    learns=st.booleans(),
)
def test_codes_are_the_nearest_and_the_report_is_true(chip, weights, gain, learns):
    wanted = np.array(weights).reshape(3, 4)
    assume(wanted.any())
    rules: tuple[SalRule, ...] = (replace(chip.rule, forward="feedback", backward="forward"),) if learns else ()
    spec = chip.network(3, 4, forward={"weight": chip.weights(*wanted.tolist())}, plasticity=rules)
    program = chip.compiled(spec, chip.known(gain_ratio=gain))
    codes, scaling = signed_codes(program, "forward", (3, 4)), program.scaling_of("forward")
    # known strengths are float32, as a snapshot stores them
    strength = 1.0 if learns else float(np.float32(gain))
    exact = np.abs(wanted) / (scaling.lsb * strength)
    fits = exact < 63.5 - 1e-6
    assert np.abs(codes).max() <= 63
    assert (np.abs(np.abs(codes) - exact)[fits] <= 0.5 + 1e-6).all()
    assert (np.sign(codes) * np.sign(wanted) >= 0).all()
    np.testing.assert_array_equal(np.abs(codes)[exact > 63.5 + 1e-6], 63)
    assert scaling.total == (wanted != 0.0).sum()
    assert scaling.zeroed == ((codes == 0) & (wanted != 0.0)).sum()
    assert (exact > 63.5 + 1e-6).sum() <= scaling.clipped <= (~fits).sum()
    error = np.abs(np.abs(codes) * scaling.lsb * strength - np.abs(wanted))
    assert scaling.worst_error == pytest.approx(error.max(initial=0.0), abs=1e-9)

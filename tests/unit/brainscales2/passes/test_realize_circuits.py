"""Settings of circuits, worked by hand: 15 mV from rest to threshold are 80 .. 125 LSB, and a model ms is a us."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.stimulus import ConstantDrive
from sal_hw.spec.values import Constant, Table
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING


def test_potentials_are_scaled_to_the_distance_from_rest_to_threshold(chip):
    drive = ConstantDrive(name="drive", target="hidden", amplitude=chip.weights(4.0, -2.0))
    program = chip.compiled(chip.network(stimuli=(drive,)))
    neurons = program.part.neurons
    np.testing.assert_allclose(neurons.v_threshold_lsb, 125.0)
    np.testing.assert_allclose(neurons.v_reset_lsb, 80.0 - 3.0 * 5.0)
    np.testing.assert_allclose(neurons.v_leak_lsb, [80.0, 80.0, 80.0 + 3.0 * 4.0, 80.0 - 3.0 * 2.0])
    assert program.part.lsb_per_mv == {"visible": pytest.approx(3.0), "hidden": pytest.approx(3.0)}
    assert program.part.v_rest_lsb == {"visible": 80.0, "hidden": 80.0}


def test_each_population_has_a_scale_of_its_own(chip):
    steep = replace(chip.neuron, v_threshold_mv=-56.0)
    spec = chip.network()
    spec = replace(spec, populations=(spec.populations[0], replace(spec.populations[1], neuron=steep)))
    program = chip.compiled(spec)
    assert program.part.lsb_per_mv == {"visible": pytest.approx(3.0), "hidden": pytest.approx(5.0)}
    np.testing.assert_allclose(program.part.neurons.v_reset_lsb, [65.0, 65.0, 55.0, 55.0])


def test_times_are_a_thousandth(chip):
    neurons = chip.compiled(chip.network()).part.neurons
    for name, wanted in (("tau_mem", 10.0), ("tau_syn_exc", 5.0), ("tau_syn_inh", 4.0), ("refractory", 2.0)):
        np.testing.assert_allclose(getattr(neurons, f"{name}_us"), wanted, err_msg=name)
    np.testing.assert_allclose(neurons.state_us, 2.0)


def test_known_offsets_are_subtracted_and_ratios_divided_out(chip):
    sites = np.arange(512) / 8.0
    known = chip.known(
        v_leak_offset_lsb=sites,
        v_reset_offset_lsb=-1.5,
        v_threshold_offset_lsb=2.5,
        tau_mem_ratio=1.25,
        tau_syn_exc_ratio=0.8,
        tau_syn_inh_ratio=0.5,
        refractory_ratio=2.0,
    )
    program = chip.compiled(chip.network(), known)
    neurons = program.part.neurons
    np.testing.assert_allclose(neurons.v_leak_lsb, 80.0 - sites[neurons.site])
    np.testing.assert_allclose(neurons.v_reset_lsb, 65.0 + 1.5)
    np.testing.assert_allclose(neurons.v_threshold_lsb, 125.0 - 2.5)
    np.testing.assert_allclose(neurons.tau_mem_us, 8.0)
    np.testing.assert_allclose(neurons.tau_syn_exc_us, 6.25)
    np.testing.assert_allclose(neurons.tau_syn_inh_us, 8.0)
    np.testing.assert_allclose(neurons.refractory_us, 1.0)
    np.testing.assert_allclose(neurons.state_us, 2.0)  # what the model calls a state, not what the circuit is set to
    assert program.snapshot_hash == known.hash


def test_what_could_not_be_measured_counts_as_nominal(chip):
    neurons = chip.compiled(chip.network(), chip.known(v_leak_offset_lsb=None, tau_mem_ratio=None)).part.neurons
    np.testing.assert_allclose(neurons.v_leak_lsb, 80.0)
    np.testing.assert_allclose(neurons.tau_mem_us, 10.0)


@pytest.mark.parametrize(
    ("field", "value", "worst", "span"),
    [
        ("tau_mem_ms", 70.0, "tau_mem = 70 ms", "0.5 ms .. 60 ms"),
        ("tau_syn_exc_ms", 0.2, "tau_syn_exc = 0.2 ms", "0.3 ms .. 30 ms"),
        ("tau_ref_ms", 40.0, "tau_ref = 40 ms", "0.04 ms .. 32 ms"),
        # 50 LSB are 30 below rest, which is 10 mV
        ("v_reset_mv", -76.0, "v_reset = -76 mV", "-75 mV .. -38.3333 mV"),
    ],
)
def test_settings_beyond_the_calibration_are_refused_in_model_units(chip, field, value, worst, span):
    with pytest.raises(InputError) as caught:
        chip.compiled(chip.network(neuron=replace(chip.neuron, **{field: value})))
    assert [problem.field for problem in caught.value.problems] == [
        "populations.visible.neuron",
        "populations.hidden.neuron",
    ]
    for problem in caught.value.problems:
        assert (problem.code, problem.value) == ("E304", worst)
        assert problem.allowed.startswith(f"{span} on brainscales2 (model units; ")
        assert "calix" in problem.allowed
        assert problem.allowed.endswith("2 of 2 neurons are outside")
        assert problem.hint


def test_a_drive_out_of_reach_names_how_many_neurons_it_is(chip):
    # 160 LSB are 80 above rest: 26.67 mV
    drive = ConstantDrive(name="drive", target="visible", amplitude=chip.weights(26.0, 27.0))
    with pytest.raises(InputError) as caught:
        chip.compiled(chip.network(stimuli=(drive,)))
    (problem,) = caught.value.problems
    assert problem.value == "v_rest plus the constant drive = -38 mV"
    assert "1 of 2 neurons are outside" in problem.allowed


def test_a_threshold_at_rest_has_no_scale(chip):
    with pytest.raises(InputError) as caught:
        chip.compiled(chip.network(neuron=replace(chip.neuron, v_threshold_mv=-65.0)))
    assert (caught.value.code, caught.value.field) == ("E304", "populations.visible.neuron.v_threshold")
    assert "above v_rest, -65 mV" in caught.value.problems[0].allowed


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rest=st.floats(-80.0, 80.0),
    distance=st.floats(0.1, 100.0),
    reset=st.floats(-0.6, 0.9),
    drive=st.floats(-0.6, 1.7),
)
def test_the_scale_gives_the_model_s_potentials_back(chip, rest, distance, reset, drive):
    neuron = replace(chip.neuron, v_rest_mv=rest, v_reset_mv=rest + reset * distance, v_threshold_mv=rest + distance)
    spec = chip.network(
        neuron=neuron,
        stimuli=(ConstantDrive(name="drive", target="visible", amplitude=chip.constant(drive * distance)),),
    )
    made = chip.compiled(spec).part
    scale, zero = made.lsb_per_mv["visible"], made.v_rest_lsb["visible"]
    found = (np.array([made.neurons.v_leak_lsb[0], made.neurons.v_reset_lsb[0]]) - zero) / scale
    np.testing.assert_allclose(found, [drive * distance, reset * distance], rtol=0.0, atol=1e-9 * distance)


# --- sampling neurons -------------------------------------------------------------------------------------------------


def sampling_network(bias=(0.0, 1.0, -2.0), tau_ref_ms=10.0, weight=1.0):
    neuron = SamplingNeuron(tau_ref_ms=tau_ref_ms, bias=Table(values=np.array(bias)))
    return NetworkSpec(
        timestep_ms=0.1,
        populations=(Population(name="visible", size=len(bias), neuron=neuron),),
        projections=(Projection(name="recurrent", source="visible", target="visible", weight=Constant(value=weight)),),
    )


@pytest.mark.parametrize("tau_ref_ms", [5.0, 10.0, 20.0])
def test_a_bias_is_a_leak_potential_and_all_times_follow_the_refractory_time(chip, tau_ref_ms):
    program = chip.compiled(sampling_network(tau_ref_ms=tau_ref_ms))
    made = program.part
    wanted = SAMPLING.half_lsb + SAMPLING.slope_lsb * np.array([0.0, 1.0, -2.0])
    np.testing.assert_allclose(made.neurons.v_leak_lsb, wanted)
    np.testing.assert_allclose(made.neurons.v_threshold_lsb, SAMPLING.threshold_lsb)
    np.testing.assert_allclose(made.neurons.v_reset_lsb, SAMPLING.reset_lsb)
    np.testing.assert_allclose(made.neurons.tau_mem_us, 0.2 * tau_ref_ms)
    for name in ("tau_syn_exc_us", "tau_syn_inh_us", "refractory_us", "state_us"):
        np.testing.assert_allclose(getattr(made.neurons, name), tau_ref_ms, err_msg=name)
    assert (made.lsb_per_mv, made.v_rest_lsb) == ({"visible": SAMPLING.slope_lsb}, {"visible": SAMPLING.half_lsb})


def test_each_sign_of_noise_has_thirty_events_per_refractory_time(chip):
    made = chip.compiled(sampling_network(tau_ref_ms=10.0)).part
    assert [source.name for source in made.background] == ["noise_exc.visible", "noise_inh.visible"]
    # 30 per 10 ms are 3 kHz, and the chip is a thousand times faster; three neurons share four trains
    assert [(source.rate_hz, source.size) for source in made.background] == [(pytest.approx(3e6), 4)] * 2
    for name, polarity in (("noise_exc.visible", "excitatory"), ("noise_inh.visible", "inhibitory")):
        (tile,) = made.tiles_of(name)
        assert tile.polarity == polarity
        np.testing.assert_array_equal(tile.codes, 8 * np.eye(3))
    np.testing.assert_allclose(made.neurons.drive_exc_lsb, 0.5)


def test_a_known_activation_function_sets_bias_and_weights_of_its_circuit(chip):
    slope, middle = np.full(512, 14.0), np.zeros(512)
    slope[:3], middle[:3] = [10.0, 20.0, 16.0], [0.0, -4.0, 2.0]
    known = chip.known(v_leak_offset_lsb=1.0, tau_mem_ratio=1.0)
    tables = [
        replace(known.table("v_leak_offset_lsb"), name=name, measured=values)
        for name, values in (("activation_slope_lsb", slope), ("activation_offset_lsb", middle))
    ]
    known = replace(known, tables=(*known.tables, *tables))
    program = chip.compiled(sampling_network(weight=0.5), known)
    made = program.part
    half = SAMPLING.half_lsb
    # the offset of the potential itself, 1 LSB, is taken out on top
    np.testing.assert_allclose(made.neurons.v_leak_lsb, [half - 1.0, half - 4.0 + 20.0 - 1.0, half + 2.0 - 32.0 - 1.0])
    # half a log-odd is 5, 10 and 8 LSB of drive, and a code is 0.5 LSB
    (tile,) = made.tiles_of("recurrent")
    np.testing.assert_array_equal(tile.codes[~np.eye(3, dtype=bool)].reshape(3, 2), [[20, 16], [10, 16], [10, 20]])
    np.testing.assert_allclose(program.scaling_of("recurrent").lsb, [0.05, 0.025, 0.5 / 16.0])

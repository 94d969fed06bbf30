"""What the compiler makes of a network for SpiNNaker2, and what it refuses."""

from __future__ import annotations

import math
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
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, Normal, Table
from sal_hw.storage.codec import decode, encode
from sal_hw_spinnaker.passes.integer_weights import current_gain
from sal_hw_spinnaker.spinnaker2.target import spinnaker2_target, spinnaker2_with

NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-1.0,
    v_reset_mv=-2.0,
    v_threshold_mv=0.0,
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


def network(
    size=4, *, neuron=NEURON, other=None, step=1.0, weight=None, delay=0.0, feedback=None, rules=None, probes=(), **rule
):
    """Return two populations that are connected both ways; the feedback learns."""
    down = {"weight": Normal(std=0.3, unit="mV", seed=4), "weight_min": -1.0, "weight_max": 1.0} | (feedback or {})
    return NetworkSpec(
        timestep_ms=step,
        populations=(
            Population(name="visible", size=size, neuron=neuron),
            Population(name="hidden", size=size, neuron=other or neuron),
        ),
        projections=(
            Projection(name="forward", source="visible", target="hidden", weight=weight or mv(0.5), delay_ms=delay),
            Projection(name="feedback", source="hidden", target="visible", **down),
        ),
        plasticity=(replace(RULE, **rule),) if rules is None else rules,
        stimuli=(ConstantDrive(name="drive", target="visible", amplitude=mv(0.6)),),
        probes=probes,
    )


def compiled(spec, target=spinnaker2_target, **options):
    program = compile_network(spec, target=target, seed=1, **options)
    return program, program.part


def refused(spec, target=spinnaker2_target, **options):
    with pytest.raises(InputError) as caught:
        compile_network(spec, target=target, seed=1, **options)
    return caught.value.problems


# --- whole numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay", "limit", "field"), [(0.0, 127, 1), (1.0, 127, 1), (2.0, 15, 2), (8.0, 15, 8)])
def test_delays_take_bits_of_the_weights_onto_their_target(delay, limit, field):
    _, ticks = compiled(network(delay=delay))
    assert ticks.synapses_of("forward").delay_ticks == field
    # only what arrives at the population with delayed synapses has the small range
    assert {sign: ticks.scale_of("hidden", sign).limit for sign in ("excitatory", "inhibitory")} == {
        "excitatory": limit,
        "inhibitory": limit,
    }
    assert ticks.scale_of("visible", "excitatory").limit == 127
    model = "lif_curr_exp" if limit == 15 else "lif_curr_exp_no_delay"
    assert ticks.neurons_of("hidden").model == model
    assert ticks.neurons_of("visible").model == "lif_curr_exp_no_delay"


@pytest.mark.parametrize("delay", [0.0, 3.0])
def test_both_directions_of_a_reciprocal_pair_share_one_scale(delay):
    _, ticks = compiled(network(delay=delay))
    scales = {item.per_mv for item in ticks.scales}
    assert len(scales) == 1
    # the learning range ends at 1 mV, the static weights at 0.5 mV, which the smaller range of numbers may limit
    assert scales == {min(127 / 1.0, (15 if delay else 127) / 0.5)}


def test_populations_that_nothing_aligns_have_scales_of_their_own():
    _, ticks = compiled(network(rules=()))
    assert ticks.scale_of("hidden", "excitatory").per_mv == pytest.approx(127 / 0.5)
    largest = np.abs(compiled(network(rules=()))[0].synapse_block("feedback").weights).max()
    assert ticks.scale_of("visible", "excitatory").per_mv == pytest.approx(127 / largest)


@settings(max_examples=25)
@given(
    weights=st.lists(st.floats(-1.0, 1.0), min_size=16, max_size=16),
    tau_inh=st.sampled_from([5.0, 2.0, 9.0]),
    delay=st.sampled_from([0.0, 4.0]),
)
def test_every_weight_is_stored_within_half_a_number(weights, tau_inh, delay):
    wanted = np.array(weights).reshape(4, 4)
    neuron = replace(NEURON, tau_syn_inh_ms=tau_inh)
    spec = network(neuron=neuron, feedback={"weight": Table(values=wanted, unit="mV"), "delay_ms": delay})
    program, ticks = compiled(spec)
    item = ticks.synapses_of("feedback")
    lsb = {sign: ticks.scale_of("visible", sign).lsb_mv for sign in ("excitatory", "inhibitory")}
    stored = np.where(item.weights < 0, item.weights * lsb["inhibitory"], item.weights * lsb["excitatory"])
    error = np.where(wanted < 0.0, lsb["inhibitory"], lsb["excitatory"])
    assert (np.abs(stored - program.synapse_block("feedback").weights) <= 0.5 * error + 1e-12).all()
    assert np.abs(item.weights).max() <= (15 if delay else 127)


def test_signs_count_by_their_own_time_constants():
    _, ticks = compiled(network(neuron=replace(NEURON, tau_syn_inh_ms=2.0)))
    ratio = ticks.scale_of("hidden", "inhibitory").per_mv / ticks.scale_of("hidden", "excitatory").per_mv
    # charge of a weight: w / (1 - decay) ticks on the machine, w tau in the specification
    machine = (1.0 - math.exp(-1.0 / 2.0)) * 2.0 / ((1.0 - math.exp(-1.0 / 5.0)) * 5.0)
    assert ratio == pytest.approx(machine)


def test_a_stimulus_that_is_stored_far_off_is_told_of():
    spec = network(feedback={"delay_ms": 2.0})
    noise = PoissonNoise(name="noise", target="visible", rate_hz=100.0, weight=mv(0.1))
    program, ticks = compiled(replace(spec, stimuli=(*spec.stimuli, noise)))
    # a number is 1/15 mV, and 0.1 mV is one and a half of them
    assert set(ticks.inputs[0].weights.tolist()) == {2}
    (note,) = [note for item in program.trace for note in item.notes if "noise is stored" in note]
    assert note.startswith("warning: noise is stored 33 % off")


def test_weights_that_vanish_are_counted():
    program, _ = compiled(network(weight=mv(0.001)))
    record = next(item for item in program.trace if item.name == "integer_weights")
    assert record.counts["rounded to zero"] >= 16


# --- parameters by tick -----------------------------------------------------------------------------------------------


def test_parameters_have_no_unit_and_count_from_rest():
    _, ticks = compiled(network())
    item = ticks.neurons_of("visible")
    alpha, beta = math.exp(-0.1), math.exp(-0.2)
    assert (item.alpha_decay, item.exc_decay, item.inh_decay) == (alpha, beta, beta)
    # of the two ticks of tau_ref, that of the spike is the first
    assert item.refractory_ticks == 1
    # 127 numbers are 1 mV of a current with the charge 5 ms mV; v <- alpha v + i + offset
    per_mv = 127 / (5.0 * (1.0 - beta)) / (1.0 - alpha)
    assert item.potential_per_mv == pytest.approx(per_mv)
    assert item.threshold == pytest.approx(1.0 * per_mv)
    assert item.v_reset == pytest.approx(-1.0 * per_mv)
    # a drive of 0.6 mV holds the potential at 0.6 mV
    np.testing.assert_allclose(item.i_offset / (1.0 - alpha), 0.6 * per_mv)


@given(tau=st.floats(0.5, 100.0), step=st.floats(0.05, 10.0))
def test_the_gain_of_a_current_keeps_its_charge(tau, step):
    charge = current_gain(tau, step) * step / (1.0 - math.exp(-step / tau))
    assert charge == pytest.approx(tau, rel=1e-9)


def test_short_steps_are_longer_ticks_in_real_time():
    program, ticks = compiled(network(step=0.5, update_every_ms=1000.0))
    assert program.part.time_scale_factor == 2.0
    assert ticks.chunk_ticks == 2000
    assert ticks.neurons_of("visible").refractory_ticks == 3


def test_a_program_survives_writing_and_is_reproducible():
    program, _ = compiled(network())
    document, arrays = encode(program)
    assert decode(CompiledProgram, document, arrays).hash == program.hash
    assert compiled(network())[0].hash == program.hash
    assert compiled(network(learning_rate=0.03))[0].hash != program.hash
    assert compiled(network(), spinnaker2_with(rounding="stochastic"))[0].hash != program.hash


def test_a_control_has_the_same_numbers():
    _, learning = compiled(network())
    for control in (network(enabled=False), network(polarity="inverted")):
        _, ticks = compiled(control)
        assert [item.per_mv for item in ticks.scales] == [item.per_mv for item in learning.scales]
        np.testing.assert_array_equal(ticks.synapses_of("feedback").weights, learning.synapses_of("feedback").weights)


# --- processing elements ----------------------------------------------------------------------------------------------


def test_memory_is_an_estimate_of_synapses_state_and_records():
    program, ticks = compiled(network())
    item = ticks.neurons_of("visible")
    # 4 neurons: 64 B of state and 4 synapses of 2 B each, and a word of spikes for each of 1000 ticks
    assert item.estimated_memory_bytes == 4 * 64 + 4 * 4 * 2 + 4 * 1000
    assert (item.neurons_per_core, item.cores) == (4, 1)
    notes = next(record for record in program.trace if record.name == "place_on_elements").notes
    assert all("an estimated" in note for note in notes)


def test_recorded_potentials_take_memory():
    probe = MembraneProbe(population="visible", every_ms=5.0)
    _, ticks = compiled(network(60, feedback={"weight": mv(0.5)}, update_every_ms=2000.0, probes=(probe,)))
    # 60 potentials of 4 B in 2000 ticks are 480 kB, so 8 neurons share an element: 64 kB, and 8 kB of spikes
    assert (ticks.neurons_of("visible").neurons_per_core, ticks.neurons_of("visible").cores) == (8, 8)
    assert ticks.neurons_of("hidden").neurons_per_core == 60


def test_sources_of_noise_take_elements_by_their_spikes():
    spec = network()
    noise = PoissonNoise(name="noise", target="visible", rate_hz=4000.0, weight=mv(0.1))
    _, ticks = compiled(replace(spec, stimuli=(*spec.stimuli, noise)))
    (item,) = ticks.inputs
    # 4000 expected spikes in a chunk of 1000 ticks, and 5 standard deviations: 4317 numbers of 4 B
    assert item.sources_per_core == 96 * 1024 // (4 * math.ceil(4000 + 5 * math.sqrt(4000)))
    # more than 18 events in one of 4000 ticks have a probability of 4e-8, more than 16 one of 1e-6
    assert 4 * 16 / item.sources_per_core <= item.cores <= 4 * 19 / item.sources_per_core + 1


def test_a_list_of_spikes_may_be_empty_or_crowded():
    spec = network()
    crowd = Table(values=np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]))
    for rows, cores in ((crowd, 1), (Table(values=np.zeros((0, 2))), 1)):
        stimulus = SpikeList(name="given", target="visible", spikes=rows, weight=mv(0.1))
        _, ticks = compiled(replace(spec, stimuli=(*spec.stimuli, stimulus)))
        assert ticks.inputs[0].cores == cores


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_long_delays_are_refused():
    (problem,) = refused(network(delay=9.0))
    assert (problem.code, problem.field, problem.value) == ("E304", "projections[0].delay", "9 ms")
    assert "8 ms" in problem.allowed


def test_time_steps_are_limited():
    (problem,) = refused(network(step=20.0, neuron=replace(NEURON, tau_ref_ms=20.0)))
    assert (problem.code, problem.field) == ("E304", "timestep")


def test_a_reciprocal_pair_needs_equal_ratios_of_time_constants():
    (problem,) = refused(network(other=replace(NEURON, tau_syn_inh_ms=3.0)))
    assert (problem.code, problem.field) == ("E304", "populations.hidden.neuron.tau_syn_inh")
    assert compiled(network(other=replace(NEURON, tau_syn_inh_ms=3.0), rules=()))


def test_learning_weights_need_a_range():
    problems = refused(network(feedback={"weight_min": None, "weight_max": None}))
    assert [(item.code, item.field) for item in problems] == [
        ("E337", "projections[1].weight_min"),
        ("E337", "projections[1].weight_max"),
    ]


def test_chunks_last_twenty_time_constants():
    (problem,) = refused(network(update_every_ms=399.0))
    assert (problem.code, problem.field, problem.value) == ("E338", "plasticity[0].update_every", "399 ms")
    assert "400 ms" in problem.allowed
    assert compiled(network(update_every_ms=400.0))[1].chunk_ticks == 400
    # membranes count as windows do
    (problem,) = refused(network(neuron=replace(NEURON, tau_mem_ms=60.0)))
    assert "1200 ms" in problem.allowed


def test_nearest_rounding_needs_a_shadow():
    (problem,) = refused(network(), spinnaker2_with(shadow=False, rounding="nearest"))
    assert (problem.code, problem.field) == ("E339", "plasticity")
    assert compiled(network(), spinnaker2_with(shadow=False, rounding="stochastic"))[1].shadow is False
    # without a rule nothing is rounded twice
    assert compiled(network(rules=()), spinnaker2_with(shadow=False, rounding="nearest"))


def test_records_that_do_not_fit_are_refused():
    (problem,) = refused(network(update_every_ms=30_000.0))[:1]
    assert (problem.code, problem.field) == ("E334", "populations.visible")
    assert "estimated" in problem.allowed


def test_more_elements_than_a_chip_has_are_refused():
    spec = network(250, feedback={"weight": mv(0.05), "weight_min": -0.1, "weight_max": 0.1})
    noise = PoissonNoise(name="noise", target="visible", rate_hz=20_000.0, weight=mv(0.1))
    problems = refused(replace(spec, stimuli=(*spec.stimuli, noise)))
    assert [(item.code, item.field) for item in problems] == [("E334", "populations")]
    assert "148" in problems[0].allowed


def test_sampling_neurons_are_refused():
    from sal_hw.spec.neurons import SamplingNeuron

    sampling = Population(name="other", size=2, neuron=SamplingNeuron(tau_ref_ms=10.0))
    spec = network(rules=())
    problems = refused(replace(spec, populations=(*spec.populations, sampling)))
    assert ("E302", "populations.other.neuron.model") in [(item.code, item.field) for item in problems]

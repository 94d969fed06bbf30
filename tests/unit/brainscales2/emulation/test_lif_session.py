"""LIF programs as sessions run them: what reaches the engine, what learning does, and what is read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend
from sal_hw.passes.compile import compile_network
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import AmplitudeSpread, SalRule
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, Normal, Table
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.model import ChipModel, draw_chip, nominal_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_brainscales2.program import ChipProgram

#: 45 LSB from rest to threshold are 15 mV: 3 LSB per mV
NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-65.0,
    v_threshold_mv=-50.0,
)
RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="feedback",
    learning_rate=0.01,
    rate_per="pair",
    update_every_ms=1000.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=10.0,
)
TARGETS = ("ideal", "brainscales2")


def mv(*values):
    return Table(values=np.array(values, dtype=np.float64), unit="mV")


def one_population(size=2, drive=10.0, **parts):
    drives = (ConstantDrive(name="drive", target="cells", amplitude=mv(*np.broadcast_to(drive, size))),)
    stimuli = (*drives, *parts.pop("stimuli", ()))
    return NetworkSpec(
        timestep_ms=0.1,
        populations=(Population(name="cells", size=size, neuron=NEURON),),
        stimuli=stimuli,
        **parts,
    )


def two_populations(size=4, *, weight=None, start=1.0, **rule):
    """Return two populations that are connected both ways and kept busy by noise."""
    populations = tuple(Population(name=name, size=size, neuron=NEURON) for name in ("visible", "hidden"))
    weight = weight or Normal(std=1.0, unit="mV", seed=3)
    projections = (
        Projection(name="forward", source="visible", target="hidden", weight=weight),
        Projection(
            name="feedback", source="hidden", target="visible", weight=Constant(value=start, unit="mV"),
            weight_min=-6.3, weight_max=6.3,
        ),
    )  # fmt: skip
    stimuli = [
        ConstantDrive(name=f"drive_{name}", target=name, amplitude=Constant(value=14.0, unit="mV"))
        for name in ("visible", "hidden")
    ]
    stimuli += [
        PoissonNoise(name=f"{sign}_{name}", target=name, rate_hz=200.0, weight=Constant(value=value, unit="mV"))
        for name in ("visible", "hidden")
        for sign, value in (("exc", 5.0), ("inh", -5.0))
    ]
    return NetworkSpec(
        timestep_ms=0.1,
        populations=populations,
        projections=projections,
        plasticity=(replace(RULE, **rule),),
        stimuli=tuple(stimuli),
        probes=tuple(SpikeProbe(population=name) for name in ("visible", "hidden")),
    )


def opened(spec, target, *, seed=1, chip=None, known=None, **options):
    program = compile_network(spec, target=target, snapshot=known, seed=2)
    return program, load_backend("emulator:brainscales2").open(program, OpenRequest(seed=seed, chip=chip, **options))


class Recorder:
    """Keeps spikes by neuron of each population, in steps."""

    def __init__(self):
        self.spikes = {}

    def __call__(self, time_ms, neuron, population):
        for time, n in zip(time_ms, neuron, strict=True):
            self.spikes.setdefault((population, int(n)), []).append(round(float(time) / 0.1))


def changed(**values):
    """Return a nominal chip in which some tables have one other number everywhere."""
    nominal = nominal_chip()
    tables = [
        replace(item, measured=np.full_like(item.measured, values.get(item.name, 0.0))) if item.name in values else item
        for item in nominal.tables
    ]
    return replace(nominal, tables=tuple(tables))


# --- from program and chip to the engine ------------------------------------------------------------------------------


def test_what_the_compiler_knows_of_a_chip_is_gone_from_its_circuits():
    spec = two_populations(20)
    chip = draw_chip(7, spreads=load_spreads().with_overrides({"potential_trial": 0.0, "gain_exc": 0.02}))
    model, program = ChipModel.from_snapshot(chip), compile_network(spec, target="brainscales2")
    nominal, blind = load_chip(program, ChipModel.from_snapshot(None), (1,)), load_chip(program, model, (1,))
    known = load_chip(compile_network(spec, target="brainscales2", snapshot=chip), model, (1,))
    for name in ("v_leak", "v_reset", "v_threshold", "tau_mem", "tau_exc", "tau_inh", "refractory"):
        wanted, found = getattr(nominal.model.neurons, name), getattr(known.model.neurons, name)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=name)
        assert not np.allclose(getattr(blind.model.neurons, name), wanted, rtol=1e-3), name
    # 3 LSB per mV, and the noise's 5 mV are the largest code: a stored weight is half a code off, at most 1.4 times
    # the nominal strength
    wanted, code = 3.0 * program.synapse_block("forward").weights, 15.0 / 63
    assert np.abs(loaded_weights(known, "forward") - wanted).max() < 0.7 * code
    assert np.abs(loaded_weights(blind, "forward") - wanted).max() > 3.0 * code


def loaded_weights(loaded, projection, size=20):
    """Return the signed weights of a projection in the engine, shape (pre, post)."""
    found = np.zeros((size, size))
    for place in loaded.tiles[projection]:
        found[place.pre, place.post] += place.sign * loaded.model.tiles[place.index].weights
    return found


def test_weights_reach_the_engine_in_lsb():
    spec = two_populations(3, weight=mv([6.3, 1.2, -2.4], [0.0, -6.3, 3.3], [0.6, 0.9, 4.2]))
    program = compile_network(spec, target="brainscales2")
    found = loaded_weights(load_chip(program, ChipModel.from_snapshot(None), (1,)), "forward", 3)
    # 0.1 mV per code and 3 LSB per mV
    np.testing.assert_allclose(found, 3.0 * program.synapse_block("forward").weights, atol=1e-5)


def test_potentials_differ_from_run_to_run_but_not_within_one():
    chip = changed(potential_trial_lsb=2.0)
    program = compile_network(one_population(200, drive=0.0), target="brainscales2")
    model = ChipModel.from_snapshot(chip)
    first, again, chain, other = (load_chip(program, model, key).model for key in ((1,), (1,), (1, 0, 2), (2,)))
    for name in ("v_leak", "v_reset", "v_threshold"):
        values = getattr(first.neurons, name)
        np.testing.assert_array_equal(values, getattr(again.neurons, name))
        np.testing.assert_array_equal(values, getattr(chain.neurons, name))
        assert not np.array_equal(values, getattr(other.neurons, name))
        # 200 draws: the standard deviation is known to 5 %
        assert values.std() == pytest.approx(2.0, rel=0.2)


def test_broken_circuits_never_spike_and_are_reported():
    chip = draw_chip(7, spreads=load_spreads().with_overrides({"share_of_dead_neurons": 0.5}))
    spec = two_populations(20)
    program, session = opened(spec, "brainscales2", chip=chip)
    counts = np.concatenate([session.learn(5).spike_counts[name] for name in ("visible",)])
    usable = chip.table("usable").measured[program.part_of(ChipProgram).neurons.site[:20]] > 0
    assert (counts[usable] > 0).all()
    assert not counts[~usable].any()
    assert 0 < usable.sum() < 20
    silent = next(item for item in session.findings() if item.kind == "neurons_silent")
    assert (silent.severity, silent.count) == ("degraded", (chip.table("usable").measured[:40] == 0).sum())
    assert f"{(~usable).sum()} of 20 in visible" in silent.advice


def test_readings_out_of_the_converter_s_range_are_told_of_with_their_projection():
    for every_ms, told in ((500.0, []), (100_000.0, ["degraded"])):
        _, session = opened(two_populations(4, update_every_ms=every_ms), "brainscales2")
        session.learn(2)
        found = [item for item in session.findings() if item.kind == "sensors_saturated"]
        assert [item.severity for item in found] == told
        assert all("sensors of feedback" in item.advice for item in found)


# --- spikes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_a_driven_neuron_is_a_clock(target):
    # 20 mV above rest with the threshold at 15: 10 ms ln(20 / 5) = 13.863 ms from reset to threshold, found in steps,
    # and 2 ms refractory
    spec = one_population(2, drive=[20.0, 14.0])
    _, session = opened(spec, target)
    seen = session.observe(10_000.0)
    period_ms = np.ceil(10.0 * np.log(4.0) / 0.1) * 0.1 + 2.0
    assert seen.spike_counts["cells"][0] == pytest.approx(
        10_000.0 / period_ms, abs=1.5 * 10_000.0 / period_ms * 0.1 / period_ms + 1
    )
    assert seen.spike_counts["cells"][1] == 0


@pytest.mark.parametrize("target", TARGETS)
def test_given_spikes_arrive_at_their_neuron_in_their_step(target):
    # 12.6 mV are the largest code or an exact number; a PSP rises from the step after
    rows = Table(values=np.array([[20.0, 1]]))
    given = SpikeList(name="given", target="cells", spikes=rows, weight=Constant(value=12.6, unit="mV"))
    probe = MembraneProbe(population="cells", every_ms=0.1)
    _, session = opened(one_population(2, drive=0.0, stimuli=(given,), probes=(probe,)), target)
    seen = session.observe(60.0)
    time, values = seen.membrane_ms["cells"], seen.membrane_mv["cells"]
    assert values.shape == (600, 2)
    np.testing.assert_allclose(time, 0.1 * np.arange(1, 601))
    np.testing.assert_allclose(values[:, 0], -65.0, atol=1e-9)
    since = np.maximum(time - 20.1, 0.0)
    # tau_syn / (tau_mem - tau_syn) (exp(-t / tau_mem) - exp(-t / tau_syn)) of the steady drive
    shape = 12.6 * (np.exp(-since / 10.0) - np.exp(-since / 5.0))
    # a CADC reads whole LSB, a third of a mV
    np.testing.assert_allclose(values[:, 1], -65.0 + shape, atol=1e-9 if target == "ideal" else 0.5 / 3.0 + 1e-9)


def test_a_nominal_chip_spikes_as_the_ideal_network_where_codes_are_exact():
    rng = np.random.default_rng(4)
    rows = np.column_stack([np.sort(rng.uniform(0.0, 2000.0, 400)).round(1), rng.integers(0, 5, 400)])
    given = SpikeList(name="given", target="cells", spikes=Table(values=rows), weight=Constant(value=12.6, unit="mV"))
    spec = one_population(5, drive=[8.0, 9.0, 10.0, 11.0, 12.0], stimuli=(given,))
    recurrent = Projection(name="recurrent", source="cells", target="cells", weight=Constant(value=-4.2, unit="mV"))
    counts = []
    for target in TARGETS:
        _, session = opened(replace(spec, projections=(recurrent,)), target)
        counts.append(session.observe(2000.0).spike_counts["cells"])
    assert counts[0].min() >= 5
    # the same arithmetic in other units: a spike may move by a step where a potential just reaches the threshold
    np.testing.assert_allclose(counts[0], counts[1], atol=1)


# --- reading membranes ------------------------------------------------------------------------------------------------


def membrane(chip, seed=1, size=64, **observe):
    probe = MembraneProbe(population="cells", every_ms=1.0)
    _, session = opened(one_population(size, drive=5.0, probes=(probe,)), "brainscales2", seed=seed, chip=chip)
    session.observe(200.0)
    seen = session.observe(200.0, **observe)
    return session, seen.membrane_mv["cells"][-50:]


def test_readings_are_in_whole_lsb_of_the_converter():
    _, values = membrane(None)
    # rest and 5 mV: 80 + 15 LSB
    np.testing.assert_allclose(values, -60.0, atol=1e-9)
    _, values = membrane(changed(cadc_offset_lsb=4.4, cadc_gain_ratio=1.02))
    # 95 * 1.02 + 4.4 = 101.3, read as 101
    np.testing.assert_allclose(values, -65.0 + (101 - 80) / 3.0, atol=1e-9)


def test_readings_end_where_the_converter_does():
    _, values = membrane(changed(cadc_offset_lsb=200.0))
    np.testing.assert_allclose(values, -65.0 + (255 - 80) / 3.0, atol=1e-9)


def test_readings_have_the_noise_of_the_converter_anew_each_time():
    session, values = membrane(changed(cadc_noise_lsb=2.0))
    # 3200 readings: 1.3 %; rounding adds a twelfth
    assert (3.0 * values).std() == pytest.approx(np.sqrt(4.0 + 1.0 / 12.0), rel=0.06)
    assert (3.0 * values).mean() == pytest.approx(3.0 * -60.0, abs=5 * 2.0 / np.sqrt(3200))
    again = session.observe(200.0).membrane_mv["cells"][-50:]
    assert not np.array_equal(values, again)
    assert abs(np.corrcoef(values.ravel(), again.ravel())[0, 1]) < 5.0 / np.sqrt(3200)


# --- learning ---------------------------------------------------------------------------------------------------------


def pair_sums(pre, post, window, tau_causal, tau_anticausal, pairing):
    """Return causal and anti-causal sums of two spike trains; of events in steps first <= step < last."""
    first, last = window

    def one_side(events, partners, tau):
        total = 0.0
        for step in events:
            if first <= step < last:
                earlier = [other for other in partners if other < step]
                used = earlier[-1:] if pairing == "nearest" else earlier[-16:]
                total += sum(np.exp(-(step - other) / tau) for other in used)
        return total

    return one_side(post, pre, tau_causal), one_side(pre, post, tau_anticausal)


@pytest.mark.parametrize("pairing", ["nearest", "all"])
@pytest.mark.parametrize("learn", ["backward", "both"])
def test_ideal_weights_learn_from_exact_pair_sums(pairing, learn):
    recorder = Recorder()
    spread = AmplitudeSpread(std=0.2)
    spec = two_populations(3, pairing=pairing, learn=learn, amplitude_spread=spread, tau_anticausal_ms=8.0)
    program, session = opened(spec, "ideal", recorder=recorder)
    before = {name: session.weights(name) for name in ("forward", "feedback")}
    session.learn(3)
    (rule,) = program.rules
    amplitudes = {"feedback": rule.backward_amplitude, "forward": rule.forward_amplitude}
    ends = {"forward": ("visible", "hidden"), "feedback": ("hidden", "visible")}
    for name, (source, target) in ends.items():
        change = session.weights(name) - before[name]
        if amplitudes[name] is None:
            assert not change.any()
            continue
        for i, j in np.ndindex(3, 3):
            pre, post = recorder.spikes[source, i], recorder.spikes[target, j]
            causal, anticausal = pair_sums(pre, post, (0, 30_000), 100.0, 80.0, pairing)
            assert min(causal, anticausal) > 1.0
            # sensors are single precision, with an exponential good to 1e-6 or so, and add up tens of pairs
            expected = 0.01 * amplitudes[name][i, j] * (anticausal - causal)
            assert change[i, j] == pytest.approx(expected, abs=0.01 * 1e-4 * (causal + anticausal))


def test_learned_ideal_weights_act_on_the_network():
    # what is learned in one run is what another one starts from
    spec = two_populations(4, learning_rate=0.2)
    _, session = opened(spec, "ideal")
    session.learn(5)
    learned = replace(spec.projections[1], weight=Table(values=session.weights("feedback"), unit="mV"))
    _, fresh = opened(replace(spec, projections=(spec.projections[0], learned)), "ideal")
    _, unlearned = opened(spec, "ideal")
    seen, wanted, other = (each.observe(20_000.0).spike_counts["visible"] for each in (session, fresh, unlearned))
    np.testing.assert_array_equal(seen, wanted)
    assert not np.array_equal(seen, other)


def test_chip_weights_change_by_what_the_sensors_have_collected():
    recorder = Recorder()
    spec = two_populations(3, learning_rate=0.05, start=3.0)
    # of one sign, since of a weight with a row of each sign both rows change
    feedback = replace(spec.projections[1], receptor="excitatory", weight_min=None)
    spec = replace(spec, projections=(spec.projections[0], feedback))
    program, session = opened(spec, "brainscales2", recorder=recorder)
    (placed,) = program.part_of(ChipProgram).kernels
    per_row = {row for tile in program.part_of(ChipProgram).tiles_of("feedback") for row in tile.rows.tolist()}
    order = {row: place for place, row in enumerate(sorted(per_row))}
    codes = [np.rint(session.weights("feedback") / 0.1)]
    for _ in range(10):
        session.learn(1)
        codes.append(np.rint(session.weights("feedback") / 0.1))
    deviations = []
    (excitatory,) = program.part_of(ChipProgram).tiles_of("feedback")
    for update in range(1, 10):
        for i, j in np.ndindex(3, 3):
            # row after row from the start of an update, 5.84 us or 58.4 steps each, reads what came since its last time
            begin = 10 * (placed.start_us + order[int(excitatory.rows[i])] * placed.row_time_us)
            window = (np.ceil(begin + (update - 1) * 10_000), np.ceil(begin + update * 10_000))
            pre, post = recorder.spikes["hidden", i], recorder.spikes["visible", j]
            causal, anticausal = pair_sums(pre, post, window, 100.0, 100.0, "nearest")
            change = codes[update + 1][i, j] - codes[update][i, j]
            assert 2 < codes[update + 1][i, j] < 61, "a code at the end of its range hides changes"
            # 0.05 mV per pair are half a code; a reading is rounded to half an LSB, the change to the next code
            deviations.append(change - 0.5 * (anticausal - causal))
    deviations = np.array(deviations)
    assert np.abs(deviations).max() < 1.0 + 0.5 * (0.5 + 0.5) + 0.01
    # on average nothing is lost: roundings of 1/3 code scatter the mean of 81 changes by 0.04 or so
    assert abs(deviations.mean()) < 0.16


def test_both_rows_of_a_signed_weight_together_learn_at_the_rate_of_the_rule():
    recorder = Recorder()
    # anti-causal sensors of a chip that forget in 2 ms see less than its causal ones of 10 ms: excitatory codes fall
    # from 60 and inhibitory ones rise from 0, so that neither is held back by the end of its range
    spec = two_populations(4, learning_rate=0.02, start=6.0)
    program, session = opened(spec, "brainscales2", chip=changed(tau_anticausal_ratio=0.2), recorder=recorder)
    (placed,) = program.part_of(ChipProgram).kernels
    updates = 5
    session.learn(updates)
    change = session.weights("feedback") / 0.1 - 60.0
    order = sorted(row for tile in program.part_of(ChipProgram).tiles_of("feedback") for row in tile.rows.tolist())
    expected = np.zeros((4, 4))
    for tile in program.part_of(ChipProgram).tiles_of("feedback"):
        for i, j in np.ndindex(4, 4):
            last = 10 * (placed.start_us + order.index(int(tile.rows[i])) * placed.row_time_us)
            pre, post = recorder.spikes["hidden", i], recorder.spikes["visible", j]
            window = (0, np.ceil(last + (updates - 1) * 10_000))
            causal, anticausal = pair_sums(pre, post, window, 100.0, 20.0, "nearest")
            # 0.02 mV per pair are 0.2 codes, 0.1 of them in each row
            expected[i, j] += 0.1 * (anticausal - causal)
    assert (expected > -100.0).all(), "an excitatory code that falls to 0 hides changes"
    assert expected.mean() < -5.0
    # rounding by chance scatters the change of a row by 0.5 codes at most, sqrt(2 * 5) times as much in 5 updates of
    # two rows: 1.6 codes for a weight, a quarter of it for the mean of 16; readings add 0.1 * 0.4 codes only
    assert np.abs(change - expected).max() < 4 * 1.6
    assert change.mean() == pytest.approx(expected.mean(), abs=4 * 0.4)


def test_a_disabled_rule_reads_sensors_and_leaves_codes():
    for target in TARGETS:
        _, session = opened(two_populations(3, enabled=False), target)
        before = session.weights("feedback")
        session.learn(5)
        np.testing.assert_array_equal(session.weights("feedback"), before)


def test_there_are_no_moments_here():
    _, session = opened(two_populations(), "ideal")
    with pytest.raises(TypeError, match="not a wake-sleep rule"):
        session.measure_moments("alignment", 100.0)
    with pytest.raises(TypeError, match="not a wake-sleep rule"):
        session.set_moments("alignment", None)


def test_counters_tell_missed_updates_and_weights_at_the_rail():
    _, session = opened(
        two_populations(3, learning_rate=2.0), "brainscales2", chip=changed(balance_ratio=1.0, tau_causal_ratio=3.0)
    )
    session.learn(20)
    counters = session.counters()
    assert counters["updates_missed"] == 0
    # causal sensors that are three times too slow push excitatory weights down and inhibitory ones up
    assert counters["weights_at_rail"] >= 8
    found = {item.kind: item for item in session.findings()}
    assert found["weights_at_rail"].count == counters["weights_at_rail"]
    assert found["weights_at_rail"].severity == "degraded"
    np.testing.assert_allclose(session.weights("feedback").min(), -6.3, atol=1e-9)

"""Kernels, schedules and constants of learning rules on a chip, worked by hand.

6.3 mV are 63 codes in the networks here, so that a code is 0.1 mV; a pair at zero lag reads 1 LSB. A row takes 900
cycles of 250 MHz and 360 more for the one random number per synapse that rounding needs, 5.04 us; with the three bytes
of constants that every kernel has, 1.2 us from the processor's memory or 8.25 us from external memory more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.kernel.evaluate import evaluate
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.plasticity import AmplitudeSpread
from sal_hw.spec.probes import CorrelationProbe, WeightProbe
from sal_hw.spec.values import Constant
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING
from sal_hw_brainscales2.program import ChipProgram

LIMITS = {"weight_min": -6.3, "weight_max": 6.3}


def learning(chip, visible=2, hidden=2, feedback=None, **rule):
    return chip.network(visible, hidden, feedback=LIMITS | (feedback or {}), plasticity=(replace(chip.rule, **rule),))


def only_kernel(program):
    (placed,) = program.part.kernels
    return placed


def mean_change(kernel, causal, anticausal, **constants):
    """Return the change of code 30 for what the sensors have collected, averaged over all random numbers."""
    given = {"baseline_causal": 190, "baseline_anticausal": 190, "balance": 64, "residual": 0} | constants
    draws = np.arange(256)
    new = evaluate(
        kernel,
        causal=np.full(256, 190 - causal),
        anticausal=np.full(256, 190 - anticausal),
        weight=np.full(256, 30),
        constants={name: np.full(256, given[name]) for name in kernel.constants},
        random=draws[None],
    )
    return float(np.mean(new.astype(np.float64) - 30.0))


def refused(chip, spec, known=None):
    with pytest.raises(InputError) as caught:
        chip.compiled(spec, known)
    return caught.value.problems


# --- gains ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learning_rate", "weight_max", "codes_per_pair"),
    [
        (0.01, 6.3, 0.05),  # 0.01 mV of 0.1 mV per code, half of it in each of the two rows of a signed weight
        (0.05, 6.3, 0.25),
        (0.01, 12.6, 0.025),
    ],
)
def test_the_gain_is_the_rate_over_the_weight_of_a_code_the_reading_of_a_pair_and_the_rows_of_a_weight(
    chip, learning_rate, weight_max, codes_per_pair
):
    feedback = {"weight_min": -weight_max, "weight_max": weight_max}
    placed = only_kernel(chip.compiled(learning(chip, feedback=feedback, learning_rate=learning_rate)))
    assert placed.amplitude_lsb == 1.0
    # gains are multiples of 2**-18 with 15 significant bits, and a change loses less than 1 / 256 code towards zero
    assert mean_change(placed.excitatory, 0, 20) == pytest.approx(20 * codes_per_pair, abs=2 / 256)
    assert mean_change(placed.excitatory, 20, 0) == pytest.approx(-20 * codes_per_pair, abs=2 / 256)
    # an inhibitory weight is stored as its magnitude; both together change the weight by the rate
    assert mean_change(placed.inhibitory, 0, 20) == pytest.approx(-20 * codes_per_pair, abs=2 / 256)
    both = mean_change(placed.excitatory, 0, 20) - mean_change(placed.inhibitory, 0, 20)
    assert both * weight_max / 63 == pytest.approx(20 * learning_rate, abs=4 / 256 * weight_max / 63)


def test_a_rate_per_update_counts_pairs_per_refractory_time(chip):
    # 2 ms of 1000 ms: a pair is 1 / 500 of an update
    placed = only_kernel(chip.compiled(learning(chip, rate_per="update", learning_rate=25.0)))
    assert mean_change(placed.excitatory, 0, 10) == pytest.approx(10 * 25.0 / 500 / 0.1 / 2, abs=2 / 256)


def test_the_inverted_rule_has_the_other_sign_and_a_disabled_one_no_gain(chip):
    inverted = only_kernel(chip.compiled(learning(chip, polarity="inverted")))
    assert mean_change(inverted.excitatory, 0, 20) == pytest.approx(-1.0, abs=2 / 256)
    off = only_kernel(chip.compiled(learning(chip, enabled=False)))
    assert mean_change(off.excitatory, 0, 150) == 0.0
    timing = (inverted.period_us, inverted.row_time_us, inverted.memory)
    assert (off.period_us, off.row_time_us, off.memory) == timing


def test_both_projections_of_a_rule_have_a_kernel_in_their_own_codes(chip):
    spec = chip.network(
        forward={"weight": chip.constant(3.0), "weight_min": -12.6, "weight_max": 12.6},
        feedback=LIMITS,
        plasticity=(replace(chip.rule, learn="both", learning_rate=0.1),),
    )
    kernels = {placed.projection: placed for placed in chip.compiled(spec).part.kernels}
    assert set(kernels) == {"forward", "feedback"}
    # 0.1 mV are one code of the one and half a code of the other, and two rows share it
    assert mean_change(kernels["feedback"].excitatory, 0, 10) == pytest.approx(5.0, abs=2 / 256)
    assert mean_change(kernels["forward"].excitatory, 0, 10) == pytest.approx(2.5, abs=2 / 256)


def test_each_projection_of_a_rule_has_the_rows_of_its_own_receptor(chip):
    spec = chip.network(
        forward={"receptor": "excitatory", "weight_max": 6.3},
        feedback=LIMITS,
        plasticity=(replace(chip.rule, learn="both", learning_rate=0.1),),
    )
    kernels = {placed.projection: placed for placed in chip.compiled(spec).part.kernels}
    assert kernels["forward"].inhibitory is None
    assert mean_change(kernels["forward"].excitatory, 0, 10) == pytest.approx(10.0, abs=2 / 256)
    assert mean_change(kernels["feedback"].excitatory, 0, 10) == pytest.approx(5.0, abs=2 / 256)


def test_a_receptor_of_one_sign_has_one_kernel_and_one_row_per_source(chip):
    feedback = {"receptor": "inhibitory", "weight": chip.constant(-1.0), "weight_min": -6.3, "weight_max": None}
    placed = only_kernel(chip.compiled(learning(chip, feedback=feedback)))
    assert placed.excitatory is None
    # 0.01 mV per pair are 0.1 codes, all of them in the one row
    assert mean_change(placed.inhibitory, 0, 20) == pytest.approx(-2.0, abs=2 / 256)


@pytest.mark.parametrize(("learning_rate", "words"), [(20.0, "64"), (1e-8, "nearest")])
def test_a_rate_that_the_arithmetic_cannot_represent(chip, learning_rate, words):
    (problem,) = refused(chip, learning(chip, learning_rate=learning_rate))
    assert (problem.code, problem.field) == ("E315", "plasticity[0].learning_rate")
    assert words in problem.allowed
    assert problem.hint


# --- schedule ---------------------------------------------------------------------------------------------------------


def test_the_first_update_ends_with_the_first_period(chip):
    placed = only_kernel(chip.compiled(learning(chip, 3, 4)))
    # 4 sources of both signs are 8 rows; three bytes of constants per synapse and 256 columns fit into 8 KiB
    assert placed.memory == "sram"
    assert placed.row_time_us == pytest.approx((900 + 360) / 250 + 1.2)
    assert placed.period_us == pytest.approx(1000.0)
    assert placed.start_us == pytest.approx(1000.0 - 8 * 6.24)
    assert (placed.tau_causal_us, placed.tau_anticausal_us) == (pytest.approx(10.0), pytest.approx(10.0))
    assert placed.pairing == "nearest"


@pytest.mark.parametrize(
    ("sources", "memory", "row_us"),
    [(5, "sram", 6.24), (6, "external", 13.29)],  # 10 rows of 768 bytes are 7.5 KiB
)
def test_constants_move_to_external_memory_when_the_processor_s_is_full(chip, sources, memory, row_us):
    placed = only_kernel(chip.compiled(learning(chip, 2, sources)))
    assert (placed.memory, placed.row_time_us) == (memory, pytest.approx(row_us))


def test_more_constants_take_more_memory_and_more_time(chip):
    known = chip.known(balance_ratio=1.0)
    # the balance makes four bytes per synapse: 8 rows fit
    for sources, memory, row_us in ((4, "sram", 5.04 + 2 * 0.8), (5, "external", 5.04 + 2 * 5.5)):
        placed = only_kernel(chip.compiled(learning(chip, 2, sources), known))
        assert set(placed.excitatory.constants) == {"baseline_causal", "baseline_anticausal", "balance", "residual"}
        assert (placed.memory, placed.row_time_us) == (memory, pytest.approx(row_us))


def test_the_shortest_period_is_one_and_a_half_times_the_work(chip):
    # 8 rows of 6.24 us are 49.92 us, and 74.88 with the margin: 74.9 in steps of 0.1
    chip.compiled(learning(chip, 3, 4, update_every_ms=74.9))
    (problem,) = refused(chip, learning(chip, 3, 4, update_every_ms=74.8))
    assert (problem.code, problem.field, problem.value) == ("E314", "plasticity[0].update_every", "74.8 ms")
    assert problem.allowed.startswith(
        "at least 74.9 ms of model time on brainscales2 for alignment, which changes feedback: the processor "
        "needs 49.92 us"
    )
    assert "8 rows" in problem.allowed
    assert problem.hint == "write update_every: 74.9 ms, or let fewer rows learn"


@pytest.mark.parametrize(
    ("probes", "store_us", "least_ms"),
    [
        # a row of 256 bytes is two stores of 88 cycles of 4 ns
        ((WeightProbe(projection="feedback", every_updates=7),), 0.704, 83.4),
        ((CorrelationProbe(projection="feedback"),), 1.408, 91.8),
        ((WeightProbe(projection="feedback"), CorrelationProbe(projection="feedback")), 2.112, 100.3),
        ((WeightProbe(projection="forward"),), 0.0, 74.9),
    ],
)
def test_what_probes_have_a_kernel_store_is_part_of_its_time(chip, probes, store_us, least_ms):
    """A period has room for it, and rows are read at the same times without it: a probe changes nothing."""

    def probed(update_every_ms):
        return replace(learning(chip, 3, 4, update_every_ms=update_every_ms), probes=probes)

    placed = only_kernel(chip.compiled(probed(least_ms)))
    assert placed.row_store_us == pytest.approx(store_us)
    assert placed.row_time_us == pytest.approx(6.24)
    assert placed.start_us == pytest.approx(least_ms - 8 * 6.24)
    (problem,) = refused(chip, probed(least_ms - 0.1))
    assert (problem.code, problem.hint) == ("E314", f"write update_every: {least_ms:g} ms, or let fewer rows learn")


def test_no_schedule_is_shorter_than_ten_microseconds(chip):
    feedback = {"receptor": "excitatory", "weight_min": None}
    # one row of 6.24 us would need 9.4 us only
    chip.compiled(learning(chip, 2, 1, feedback=feedback, update_every_ms=10.0))
    (problem,) = refused(chip, learning(chip, 2, 1, feedback=feedback, update_every_ms=9.9))
    assert (problem.code, problem.hint) == ("E314", "write update_every: 10 ms, or let fewer rows learn")


def test_a_processor_has_the_rows_of_its_own_hemisphere_only(chip):
    # 300 targets are on both hemispheres: either processor has the 8 rows of the 4 sources
    spec = chip.network(300, 4, forward={"weight": chip.constant(0.0)}, feedback=LIMITS, plasticity=(chip.rule,))
    program = chip.compiled(spec)
    assert only_kernel(program).start_us == pytest.approx(1000.0 - 8 * 6.24)
    assert {tile.hemisphere for tile in program.part.tiles_of("feedback")} == {0, 1}


def test_a_period_that_is_shorter_than_advised_is_noted(chip):
    def notes(update_every_ms):
        program = chip.compiled(learning(chip, 3, 4, update_every_ms=update_every_ms))
        return next(item.notes[0] for item in program.trace if item.name == "lower_kernels")

    # 25 us per row are advised: 200 us for 8 rows
    assert "warning" not in notes(200.0)
    assert "warning: 24.5 us per row, 25 us are advised" in notes(196.0)


# --- constants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [False, True])
def test_kernels_measure_their_baselines_whatever_a_snapshot_says(chip, known):
    snapshot = chip.known(baseline_causal_lsb=180.0, baseline_anticausal_lsb=185.0) if known else None
    placed = only_kernel(chip.compiled(learning(chip), snapshot))
    assert set(placed.excitatory.constants) == {"baseline_causal", "baseline_anticausal", "residual"}
    assert placed.constants == {}
    assert placed.excitatory.given_constants == ()


def test_a_period_before_the_run_measures_as_many_rows_as_it_has_time_for(chip):
    """1024 reads of 700 cycles are 2867.2 us; four fifths of a period are there for them."""

    def lead(update_every_ms, **rule):
        placed = only_kernel(chip.compiled(learning(chip, 3, 4, update_every_ms=update_every_ms, **rule)))
        assert placed.excitatory.baseline_reads == 1024
        assert placed.lead_us == pytest.approx(placed.lead_calls * update_every_ms)
        return placed.lead_calls, placed.lead_first, placed.lead_rows, placed.lead_parts

    # four rows of each sign, and one call that resets
    assert lead(3584.0) == (9, 0, 1, 1)
    assert lead(3583.0) == (17, 0, 1, 2)
    assert lead(7168.0) == (5, 0, 2, 1)
    # 28 reads fit into 80 us, a power of two of them is 16
    assert lead(100.0) == (8 * 64 + 1, 0, 1, 64)


def test_kernels_measure_one_after_the_other(chip):
    spec = chip.network(
        2, 3, forward=LIMITS, feedback=LIMITS, plasticity=(replace(chip.rule, learn="both", update_every_ms=4000.0),)
    )
    kernels = {placed.projection: placed for placed in chip.compiled(spec).part.kernels}
    # 2 + 2 rows of forward's sources, 3 + 3 of feedback's, and the reset
    assert sorted((placed.lead_first, placed.lead_calls) for placed in kernels.values()) in (
        [(0, 11), (4, 11)],
        [(0, 11), (6, 11)],
    )


def test_calibrated_baselines_need_a_snapshot_that_has_them(chip):
    (problem,) = refused(chip, learning(chip, baselines="calibrated"), chip.known(balance_ratio=1.0))
    assert (problem.code, problem.field) == ("E306", "plasticity[0].baselines")
    assert "--calibration" in (problem.hint or "")


def test_constants_are_those_of_each_synapse(chip):
    rng = np.random.default_rng(5)
    shape = (2, 256, 256)
    causal, anticausal = rng.uniform(150.0, 230.0, shape), rng.uniform(150.0, 230.0, shape)
    ratio = rng.uniform(0.5, 2.0, shape)
    known = chip.known(baseline_causal_lsb=causal, baseline_anticausal_lsb=anticausal, balance_ratio=ratio)
    program = chip.compiled(learning(chip, 3, 4, baselines="calibrated"), known)
    placed = only_kernel(program)
    # one call before the run, which resets the sensors
    assert (placed.lead_calls, placed.lead_rows, placed.excitatory.baseline_reads) == (1, 0, 0)
    for number, tile in enumerate(program.part.tiles):
        if tile.owner != "feedback":
            continue
        here = (tile.hemisphere, tile.rows[:, None], tile.columns[None, :])
        whole_causal, whole_anticausal = np.rint(causal[here]), np.rint(anticausal[here])
        np.testing.assert_array_equal(placed.constants[f"baseline_causal.{number}"], whole_causal)
        np.testing.assert_array_equal(placed.constants[f"baseline_anticausal.{number}"], whole_anticausal)
        balance = np.rint(ratio[here] * 64)
        np.testing.assert_array_equal(placed.constants[f"balance.{number}"], balance)
        # what an untouched sensor pair seems to have collected, in 1 / 32 LSB, is taken out to half a step
        phantom = (whole_anticausal - anticausal[here]) - balance / 64 * (whole_causal - causal[here])
        left = phantom + placed.constants[f"residual.{number}"] / 32
        assert np.abs(left).max() <= 0.5 / 32 + 1e-4
        assert np.abs(phantom).max() > 0.3


def test_a_sensor_that_could_not_be_measured_is_taken_for_a_nominal_one(chip):
    known = chip.known(baseline_causal_lsb=None, baseline_anticausal_lsb=None, balance_ratio=None)
    placed = only_kernel(chip.compiled(learning(chip, baselines="calibrated"), known))
    wanted = {"baseline_causal": 190, "baseline_anticausal": 190, "balance": 64, "residual": 0}
    for name, values in placed.constants.items():
        assert (values == wanted[name.split(".")[0]]).all(), name


def test_a_known_balance_makes_equally_frequent_pairs_change_nothing(chip):
    known = chip.known(balance_ratio=1.25)
    placed = only_kernel(chip.compiled(learning(chip, learning_rate=0.05), known))
    (balance,) = {int(value) for name, each in placed.constants.items() if "balance" in name for value in each.flat}
    assert balance == 80
    assert mean_change(placed.excitatory, 40, 50, balance=balance) == pytest.approx(0.0, abs=2 / 256)
    unbalanced = only_kernel(chip.compiled(learning(chip, learning_rate=0.05)))
    # 10 pairs of 0.5 codes, half of it in this row
    assert mean_change(unbalanced.excitatory, 40, 50) == pytest.approx(2.5, abs=2 / 256)


# --- what sensors do not have -----------------------------------------------------------------------------------------


def test_windows_and_time_constants_are_those_of_the_sensors(chip):
    (problem,) = refused(chip, learning(chip, window="triangular"))
    assert (problem.code, problem.field, problem.value) == ("E304", "plasticity[0].window", '"triangular"')
    (problem,) = refused(chip, learning(chip, pairing="all"))
    assert (problem.code, problem.field, problem.value) == ("E304", "plasticity[0].pairing", '"all"')
    assert "calix" in problem.allowed
    assert problem.hint == "write pairing: nearest"


@pytest.mark.parametrize("timestep_ms", [0.1, 0.3, 0.7])
def test_time_constants_up_to_both_ends_are_legal(chip, timestep_ms):
    def rule(causal, anticausal):
        changed = {"tau_causal_ms": causal, "tau_anticausal_ms": anticausal, "update_every_ms": 2100.0}
        neuron = replace(chip.neuron, tau_ref_ms=2.1)
        rules = (replace(chip.rule, **changed),)
        return replace(chip.network(neuron=neuron, feedback=LIMITS, plasticity=rules), timestep_ms=timestep_ms)

    for end in (2.0, 30.0):
        placed = only_kernel(chip.compiled(rule(end, end)))
        assert (placed.tau_causal_us, placed.tau_anticausal_us) == (pytest.approx(end), pytest.approx(end))
    found = refused(chip, rule(1.999, 30.001))
    assert [(problem.field, problem.value, problem.hint) for problem in found] == [
        ("plasticity[0].tau_causal", "1.999 ms", "write tau_causal: 2 ms"),
        ("plasticity[0].tau_anticausal", "30.001 ms", "write tau_anticausal: 30 ms"),
    ]
    assert all("2 ms .. 30 ms" in problem.allowed and "2 .. 30 us on the chip" in problem.allowed for problem in found)


def test_both_branches_of_all_sensors_have_one_time_constant(chip):
    (problem,) = refused(chip, learning(chip, tau_causal_ms=20.0, tau_anticausal_ms=5.0))
    assert (problem.code, problem.field, problem.value) == ("E304", "plasticity[0].tau_anticausal", "5 ms")
    assert "20 ms, as tau_causal of alignment" in problem.allowed
    assert "calix" in problem.allowed
    assert problem.hint == "write tau_anticausal: 20 ms"


def test_two_rules_have_one_time_constant(chip):
    def two(tau_ms):
        slow = {"tau_causal_ms": tau_ms, "tau_anticausal_ms": tau_ms}
        other = replace(chip.rule, name="second", forward="feedback", backward="forward", **slow)
        return chip.network(forward=LIMITS, feedback=LIMITS, plasticity=(chip.rule, other))

    found = refused(chip, two(20.0))
    assert [problem.field for problem in found] == ["plasticity[1].tau_causal", "plasticity[1].tau_anticausal"]
    assert all("10 ms, as tau_causal of alignment" in problem.allowed for problem in found)
    assert len(chip.compiled(two(10.0)).part_of(ChipProgram).kernels) == 2


def test_a_sampling_network_s_window_is_refused_too(chip):
    # sampling neurons take triangular windows elsewhere
    neuron = SamplingNeuron(tau_ref_ms=10.0)
    spec = NetworkSpec(
        timestep_ms=0.1,
        populations=tuple(Population(name=name, size=2, neuron=neuron) for name in ("visible", "hidden")),
        projections=tuple(
            Projection(name=name, source=source, target=target, weight=Constant(value=1.0), weight_min=-2, weight_max=2)
            for name, source, target in (("forward", "visible", "hidden"), ("feedback", "hidden", "visible"))
        ),
        plasticity=(replace(chip.rule, window="triangular"),),
    )
    (problem,) = refused(chip, spec)
    assert (problem.code, problem.field) == ("E304", "plasticity[0].window")
    placed = only_kernel(chip.compiled(replace(spec, plasticity=(chip.rule,))))
    # 0.5 LSB per code: the gain counts in log-odds, and weights of both signs have two rows
    per_code = SAMPLING.drive_lsb / SAMPLING.slope_lsb
    assert mean_change(placed.excitatory, 0, 20) == pytest.approx(20 * 0.01 / per_code / 2, abs=2 / 256)


@pytest.mark.parametrize("learn", ["backward", "both"])
def test_wanted_amplitudes_are_not_dropped_without_a_word(chip, learn):
    spread = AmplitudeSpread(std=0.1)
    (problem,) = refused(chip, learning(chip, amplitude_spread=spread, learn=learn))
    assert (problem.code, problem.field) == ("E304", "plasticity[0].amplitude_spread")
    assert "--chip" in (problem.hint or "")
    chip.compiled(learning(chip, amplitude_spread=AmplitudeSpread(std=0.0), learn=learn))


def test_two_rules_cannot_share_the_sensors_of_a_projection(chip):
    rules = (chip.rule, replace(chip.rule, name="second"))
    (problem,) = refused(chip, chip.network(feedback=LIMITS, plasticity=rules))
    assert (problem.code, problem.field, problem.value) == ("E306", "plasticity[1].backward", '"feedback"')
    assert "alignment does so already" in problem.allowed
    assert problem.hint == "leave out second or alignment"


def test_a_disabled_rule_takes_no_sensors_from_an_enabled_one_but_for_a_probe(chip):
    rules = (replace(chip.rule, enabled=False), replace(chip.rule, name="second"))
    program = chip.compiled(chip.network(feedback=LIMITS, plasticity=rules))
    assert [placed.rule for placed in program.part.kernels] == ["second"]
    probes = (CorrelationProbe(projection="feedback"),)
    (problem,) = refused(chip, chip.network(feedback=LIMITS, plasticity=rules, probes=probes))
    assert problem.code == "E306"


def test_lif_windows_are_refused_without_a_chip_too(chip):
    from sal_hw.passes.compile import compile_network

    with pytest.raises(InputError) as caught:
        compile_network(learning(chip, window="triangular"), target="ideal")
    assert (caught.value.code, caught.value.field) == ("E304", "plasticity[0].window")

"""Activation functions: the fit, the nominal numbers that the compiler uses, and what counts as the truth of a chip."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend
from sal_hw.passes.compile import compile_network
from sal_hw.spec.values import Constant
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation import activation
from sal_hw_brainscales2.emulation.activation import (
    TRUTH_POINTS,
    TRUTH_SPAN,
    add_activations,
    fit_activations,
    logistic,
)
from sal_hw_brainscales2.emulation.model import ChipModel, draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING

RECIPE = Path(__file__).parents[4] / "recipes" / "chip_sampling.yaml"
CIRCUITS = 16
LEAK = SAMPLING.half_lsb + SAMPLING.slope_lsb * np.linspace(-TRUTH_SPAN, TRUTH_SPAN, TRUTH_POINTS)
#: standard errors of the numbers in SAMPLING
SLOPE_ERROR, HALF_ERROR = 0.004, 0.005


@cache
def _circuits(tau_ref_ms=10.0):
    """Return 16 unconnected circuits with bias 0."""
    network = api.load_recipe(RECIPE, overrides=[f"parameters.size={CIRCUITS}"]).network
    (population,) = network.populations
    neuron = replace(population.neuron, tau_ref_ms=tau_ref_ms, bias=Constant(value=0.0))
    return replace(network, populations=(replace(population, neuron=neuron),), projections=())


def _compiled(snapshot=None, tau_ref_ms=10.0):
    return compile_network(_circuits(tau_ref_ms), target="brainscales2", snapshot=snapshot)


def _measured(duration_ms, *, tau_ref_ms=10.0, chip=None, seed=1):
    program = _compiled(tau_ref_ms=tau_ref_ms)
    model = ChipModel.from_snapshot(chip)
    return activation.measure_activations(program, model, LEAK, seed=seed, duration_ms=duration_ms)


def _mean_and_error(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


# --- the fit ----------------------------------------------------------------------------------------------------------


def test_the_fit_finds_logistic_functions_exactly():
    slope, half = np.array([5.0, 14.0, 30.0]), np.array([95.0, 103.5, 110.0])
    activity = np.stack([logistic(LEAK, *pair) for pair in zip(half, slope, strict=True)], axis=1)
    found = fit_activations(LEAK, activity)
    np.testing.assert_allclose(found.slope_lsb, slope, rtol=1e-6)
    np.testing.assert_allclose(found.half_lsb, half, rtol=1e-6)
    assert found.residual.max() < 1e-6


def test_the_residual_is_the_largest_deviation_from_the_fit():
    activity = logistic(LEAK, 103.5, 14.6)[:, None].copy()
    activity[6] += 0.05
    found = fit_activations(LEAK, activity)
    fitted = logistic(LEAK, float(found.half_lsb[0]), float(found.slope_lsb[0]))
    assert found.residual[0] == pytest.approx(np.abs(fitted - activity[:, 0]).max())
    assert 0.03 < found.residual[0] < 0.05


def test_logistic_by_hand():
    np.testing.assert_allclose(logistic(np.array([0.0, np.log(3.0)]), 0.0, 1.0), [0.5, 0.75])


# --- the nominal chip -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duration_ms", [20_000.0, pytest.param(400_000.0, marks=pytest.mark.slow)])
def test_the_compiler_s_nominal_numbers_are_those_of_the_emulated_chip(duration_ms):
    found = _measured(duration_ms)
    for name, values, nominal, error in (
        ("slope", found.slope_lsb, SAMPLING.slope_lsb, SLOPE_ERROR),
        ("half", found.half_lsb, SAMPLING.half_lsb, HALF_ERROR),
    ):
        mean, own_error = _mean_and_error(values)
        # the scatter over the circuits is the statistical error of one; at 20 s the mean is known to 0.1 LSB
        assert own_error < 0.12, name
        assert mean == pytest.approx(nominal, abs=4.0 * np.hypot(own_error, error)), name
    # LIF circuits are not exactly logistic, but nearly
    assert found.residual.max() < 0.05
    assert (np.diff(found.activity.mean(axis=1)) > 0.0).all()


@pytest.mark.slow
@pytest.mark.parametrize("tau_ref_ms", [5.0, 20.0])
def test_they_do_not_depend_on_the_refractory_time(tau_ref_ms):
    found = _measured(10_000.0 * tau_ref_ms, tau_ref_ms=tau_ref_ms)
    # steps of 0.1 ms are coarser for shorter times: half a step more or less of a refractory time of 50 or 200 steps
    assert found.slope_lsb.mean() == pytest.approx(SAMPLING.slope_lsb, rel=0.02)
    assert found.half_lsb.mean() == pytest.approx(SAMPLING.half_lsb, abs=0.02 * SAMPLING.slope_lsb)


def test_the_measurement_is_reproducible_and_its_seed_counts():
    one, again, other = (_measured(2_000.0, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.activity, again.activity)
    assert not np.array_equal(one.activity, other.activity)


def test_circuits_without_sampling_noise_have_no_activation_function():
    program = compile_network(_circuits(), target="ideal")
    with pytest.raises(TypeError, match="sampling neurons on a chip"):
        activation.measure_activations(program, ChipModel.from_snapshot(None), LEAK, seed=1, duration_ms=100.0)
    with pytest.raises(TypeError, match="sampling neurons on a chip"):
        add_activations(program, draw_chip(7))


# --- the truth about a chip -------------------------------------------------------------------------------------------


def _chip(seed=7, **spreads):
    return draw_chip(seed, spreads=load_spreads().with_overrides(spreads))


def _activity(program, chip, duration_ms=100_000.0):
    session = load_backend("emulator:brainscales2").open(program, OpenRequest(seed=5, chip=chip))
    seen = session.observe(duration_ms, warmup_ms=100.0)
    return seen.spike_counts["visible"] * 10.0 / duration_ms


def test_known_activation_functions_put_every_circuit_into_its_middle(monkeypatch):
    monkeypatch.setattr(activation, "TRUTH_DURATION_MS", 20_000.0)
    chip = _chip(potential_trial=0.0)
    blind, offsets_known = _activity(_compiled(), chip), _activity(_compiled(chip), chip)
    found = _activity(_compiled(add_activations(_compiled(chip), chip)), chip)
    nominal = _activity(_compiled(), None).mean()
    # 100 s are 10 000 refractory times: 0.005; the fit's middle is known to 0.25 LSB, 0.004, and the circuits' shapes
    # differ a little. An offset of a leak potential that is taken out twice would leave 2 LSB, 0.034.
    assert np.sqrt(np.mean((found - nominal) ** 2)) < 0.016
    # 10 % more or less of excitation shift the potential by more than a slope
    assert np.sqrt(np.mean((blind - nominal) ** 2)) > 0.2
    assert np.sqrt(np.mean((offsets_known - nominal) ** 2)) > 0.05


def test_the_truth_does_not_hold_what_is_drawn_anew_for_each_run(monkeypatch):
    monkeypatch.setattr(activation, "TRUTH_DURATION_MS", 1_000.0)
    found = []
    for trial in (0.0, 5.0):
        chip = _chip(potential_trial=trial)
        known = add_activations(_compiled(chip), chip)
        assert known.table("potential_trial_lsb") is not None
        found.append(known.table("activation_offset_lsb").measured)
    np.testing.assert_array_equal(*found)


def test_only_the_program_s_own_circuits_are_known(monkeypatch):
    monkeypatch.setattr(activation, "TRUTH_DURATION_MS", 1_000.0)
    chip = _chip(share_of_dead_neurons=0.2)
    program = _compiled(chip)
    known = add_activations(program, chip)
    for name in ("activation_slope_lsb", "activation_offset_lsb"):
        table = known.table(name)
        np.testing.assert_array_equal(np.flatnonzero(table.ok), np.sort(program.part.neurons.site))
        assert "13 leak potentials, 1 s of model time each" in table.source
    assert known.hash != chip.hash
    compile_network(_circuits(), target="brainscales2", snapshot=known)

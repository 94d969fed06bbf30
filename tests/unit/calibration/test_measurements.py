"""Measurements of a few circuits recover what an emulated chip was drawn with; the whole chip is a slow test."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure.activation import measure_activation
from sal_hw_calibration.measure.converters import measure_converters
from sal_hw_calibration.measure.correlation import measure_balance, measure_baselines, measure_windows
from sal_hw_calibration.measure.inhibition import measure_inhibition
from sal_hw_calibration.measure.membranes import measure_membranes
from sal_hw_calibration.measure.psp import fit_psps, fold, psp, repeated_psp
from sal_hw_calibration.measure.synapses import measure_synapses
from sal_hw_calibration.measured import Measured, table_of

#: eight circuits of each hemisphere, those of the bench
SITES = np.concatenate([np.arange(8), 256 + np.arange(8)])

#: largest error in standard errors, of 16 to 256 numbers: beyond 6 a number is wrong and not only uncertain
FURTHEST = 6.0


def _errors(bench: Bench, truth: CalibrationSnapshot, name: str, *, relative: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return errors and standard errors of what was measured, both in the unit of the table or relative."""
    table, true = bench.known[name], truth.table(name)
    assert true is not None
    assert table.sigma is not None
    assert table.ok.any()
    scale = np.abs(true.measured[table.ok]) if relative else 1.0
    return (table.measured - true.measured)[table.ok] / scale, table.sigma[table.ok] / scale


def test_converters(bench: Bench, truth: CalibrationSnapshot) -> None:
    bench.learn(measure_converters(bench).tables)
    for name in ("cadc_offset_lsb", "cadc_gain_ratio", "cadc_noise_lsb"):
        error, sigma = _errors(bench, truth, name, relative=False)
        assert len(error) == len(SITES)
        assert np.abs(error / sigma).max() < FURTHEST


def test_neurons(bench: Bench, truth: CalibrationSnapshot) -> None:
    for measure in (measure_converters, measure_membranes, measure_synapses, measure_inhibition):
        bench.learn(measure(bench).tables)
    limits = {
        "v_leak_offset_lsb": (1.0, False),
        "v_reset_offset_lsb": (1.0, False),
        "v_threshold_offset_lsb": (1.2, False),
        "tau_mem_ratio": (0.05, True),
        "refractory_ratio": (0.02, True),
        # of 8 synapses here instead of 256 on a whole chip
        "tau_syn_exc_ratio": (0.15, True),
        "tau_syn_inh_ratio": (0.1, True),
        "gain_exc_ratio": (0.15, True),
        "gain_inh_ratio": (0.2, True),
        "gain_ratio": (0.25, True),
    }
    for name, (most, relative) in limits.items():
        error, _ = _errors(bench, truth, name, relative=relative)
        assert np.abs(error).max() < most, name
    # half a LSB from setting to setting; estimated from 6 settings of 16 neurons, so to about 8 %
    assert bench.known["potential_trial_lsb"].measured[SITES].mean() == pytest.approx(0.5, abs=0.15)
    assert (bench.known["usable"].measured[SITES] == 1.0).all()


def test_sensors(bench: Bench, truth: CalibrationSnapshot) -> None:
    bench.learn(measure_converters(bench).tables)
    bench.learn(measure_membranes(bench).tables)
    for measure in (measure_baselines, measure_windows, measure_balance):
        bench.learn(measure(bench).tables)
    for branch in ("causal", "anticausal"):
        error, sigma = _errors(bench, truth, f"baseline_{branch}_lsb", relative=False)
        assert len(error) == 2 * 8 * 8
        assert np.abs(error / sigma).max() < FURTHEST
        for quantity, most in (("amplitude", 0.1), ("tau", 0.15)):
            error, _ = _errors(bench, truth, f"{quantity}_{branch}_ratio", relative=True)
            assert np.median(np.abs(error)) < most
    error, _ = _errors(bench, truth, "balance_ratio", relative=True)
    assert np.median(np.abs(error)) < 0.07
    # what was not reached is not ok, and says so
    table = bench.known["balance_ratio"]
    assert table.why is not None
    assert table.reasons[int(table.why[0, 255, 255])] == "not measured"


def test_dead_neurons_and_sensors_are_found() -> None:
    spreads = load_spreads().with_overrides({"share_of_dead_neurons": 0.2, "share_of_dead_sensors": 0.2})
    truth = draw_chip(11, spreads=spreads)
    bench = Bench(instrument=EmulatedInstrument(truth), seed=1, neurons=SITES)
    usable, alive = truth.table("usable"), truth.table("amplitude_causal_ratio")
    assert usable is not None
    assert alive is not None
    for measure in (measure_converters, measure_membranes, measure_baselines, measure_windows, measure_balance):
        bench.learn(measure(bench).tables)
    dead = usable.measured[SITES] == 0.0
    assert dead.any()
    np.testing.assert_array_equal(~bench.known["usable"].ok[SITES], dead)
    for name in ("balance_ratio", "amplitude_causal_ratio"):
        table = bench.known[name]
        assert table.why is not None
        reached = table.why != table.reasons.index("not measured")
        works = alive.measured[reached] > 0.0
        assert not table.ok[reached][~works].any()
        # of the working ones, the weakest can be too uncertain: less than one in a hundred
        assert table.ok[reached][works].mean() > 0.95
    # a dead circuit is not placed, so nothing is known of its column
    assert bench.wanted().tolist() == SITES[~dead].tolist()


def test_activation(truth: CalibrationSnapshot) -> None:
    bench = Bench(instrument=EmulatedInstrument(truth), seed=3, neurons=np.array([0, 1, 256]))
    for measure in (measure_converters, measure_membranes):
        bench.learn(measure(bench).tables)
    first = measure_activation(bench, duration_ms=10_000.0)
    bench.seed = 4
    second = {table.name: table for table in measure_activation(bench, duration_ms=10_000.0).tables}
    for table in first.tables:
        if table.name in ("activation_slope_lsb", "activation_offset_lsb"):
            other = second[table.name]
            # two measurements of 10 s each: 4 % of the slope, and half a LSB from setting to setting
            most = 3.0 if table.name == "activation_slope_lsb" else 4.0
            assert np.abs(table.measured - other.measured)[table.ok].max() < most
            assert table.ok.sum() == 3
    (curve,) = first.curves
    assert curve.y.shape == (len(curve.x), 3)


def test_a_psp_is_the_solution_of_its_equations() -> None:
    # dv/dt = (s - v) / tau_mem, ds/dt = -s / tau_syn, by small Euler steps
    step, v, s, values = 0.001, 0.0, 1.0, []
    for _ in range(30_000):
        values.append(v)
        v, s = v + step * (s - v) / 10.0, s - step * s / 5.0
    times = step * np.arange(30_000)
    np.testing.assert_allclose(psp(times, 5.0, 10.0), values, atol=2e-4)
    assert psp(np.array([-1.0]), 5.0, 10.0)[0] == 0.0


def test_a_fit_recovers_a_psp_without_noise() -> None:
    since = np.tile(np.arange(0.25, 50.0, 0.5), 3)
    value = 80.0 + 40.0 * repeated_psp(since - 0.3, 4.6, 10.0, 50.0)[:, None]
    fit = fit_psps(fold(since, value, period_ms=50.0, bin_ms=0.5), tau_mem_ms=10.0, start=(60.0, 5.0))
    np.testing.assert_allclose(
        [fit.drive_lsb[0], fit.tau_syn_ms[0], fit.latency_ms[0], fit.rest_lsb[0]], [40.0, 4.6, 0.3, 80.0], rtol=1e-4
    )


def test_numbers_that_are_no_numbers_never_pass() -> None:
    value = np.array([1.0, np.nan, np.inf, 500.0, 1.0])
    sigma = np.array([0.1, 0.1, 0.1, 0.1, np.nan])
    table = table_of("tau_mem_ratio", Measured(value=value, sigma=sigma), np.arange(5), (6,), source="a test")
    assert table.ok.tolist() == [True, False, False, False, False, False]
    assert table.why is not None
    told = [table.reasons[why] for why in table.why]
    assert told == ["ok", "the fit failed", "the fit failed", "the number is absurd", "the fit failed", "not measured"]
    assert np.isfinite(table.measured).all()

"""The chain on ages: against published numbers, a plain calculation on all pairs of ages, and simulated spikes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sal_hw_emulator.engines.sampling import SamplingModel, SamplingState, simulate
from sal_hw_studies.engines.ages import (
    PairModel,
    alpha_psp,
    drift_plane,
    mean_deviation,
    nullcline,
    rectangular_psp,
    spike_timing,
    stationary_ages,
    window_values,
)


def _pair(weight_21: float, weight_12: float, *, tau: int, biases: tuple[float, float] = (0.0, 0.0)) -> PairModel:
    return PairModel(
        weight_21=weight_21,
        weight_12=weight_12,
        bias_1=biases[0],
        bias_2=biases[1],
        tau_ref_steps=tau,
        psp=rectangular_psp(tau),
    )


def _sal(tau: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    causal = window_values("exponential", -1.0, tau, longest)
    return causal, -causal


# --- published numbers ------------------------------------------------------------------------------------------------


# arXiv 2503.02642, figure 2c, as measured with the code that goes with it; four digits are known of the probabilities
@pytest.mark.parametrize(
    ("weights", "drift", "at_1", "at_minus_1"),
    [
        ((0.8, 0.4), -0.028886, 0.009157, 0.006441),
        ((0.6, 0.6), 0.0, 0.007638, 0.007638),
        ((-0.8, -0.4), 0.025385, 0.004020, 0.005741),
        ((-0.6, -0.6), 0.0, 0.004824, 0.004824),
    ],
)
def test_spike_timing_of_figure_2c(weights: tuple[float, float], drift: float, at_1: float, at_minus_1: float) -> None:
    timing = spike_timing(_pair(*weights, tau=50, biases=(-0.5, -0.5)), 101)
    window = _sal(50, 101)
    assert timing.drift_21(*window) == pytest.approx(drift, rel=1e-4, abs=1e-12)
    assert timing.drift_12(*window) == pytest.approx(-drift, rel=1e-4, abs=1e-12)
    assert timing.later[0] == pytest.approx(at_1, rel=1e-4)
    assert timing.earlier[0] == pytest.approx(at_minus_1, rel=1e-4)


def _plane(tau: int, weights: np.ndarray, psp: np.ndarray, biases: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    causal, anticausal = _sal(tau, 2 * tau - 1)
    return drift_plane(
        weights,
        weights,
        bias_1=biases[0],
        bias_2=biases[1],
        tau_ref_steps=tau,
        psp=psp,
        causal=causal,
        anticausal=anticausal,
    )


def test_drift_of_figure_2e() -> None:
    weights = np.linspace(-2.0, 2.0, 17)
    drift_21, drift_12 = _plane(15, weights, rectangular_psp(15))
    row, column = np.searchsorted(weights, [0.5, 1.0])
    # the figure's numbers are known as 0.03286 and 0.13173, with an error of one in the last digit
    assert drift_21[row, column] == pytest.approx(-0.03286, abs=1.01e-5)
    assert drift_21[row, column] == pytest.approx(-0.032850397, rel=1e-7)
    row, column = np.searchsorted(weights, [1.0, -1.0])
    assert drift_21[row, column] == pytest.approx(0.13173, rel=1e-4)
    assert np.abs(np.diag(drift_21)).max() < 1e-12
    np.testing.assert_allclose(drift_12, -drift_21, atol=1e-14)
    np.testing.assert_allclose(nullcline(weights, drift_21), weights, atol=1e-12)


# arXiv 2503.02642, figure 11; ages beyond 19 steps are not told apart there
@pytest.mark.parametrize(
    ("psp", "deviation"),
    [
        (rectangular_psp(10), 0.0),
        (alpha_psp(10, 10.0 / 3.0, 19), 0.053),
        (alpha_psp(10, 5.0, 19), 0.465),
    ],
)
def test_deviations_of_figure_11(psp: np.ndarray, deviation: float) -> None:
    weights = np.linspace(-1.5, 1.5, 10)
    with_opposite_biases = _plane(10, weights, psp, (1.0, -1.0))[0]
    found = mean_deviation(weights, nullcline(weights, with_opposite_biases))
    assert found == pytest.approx(deviation, rel=0.02, abs=1e-12)
    without_biases = _plane(10, weights, psp)[0]
    assert mean_deviation(weights, nullcline(weights, without_biases)) < 1e-12


# --- a plain calculation ----------------------------------------------------------------------------------------------


def _transitions(model: PairModel) -> np.ndarray:
    """Return the probabilities of all moves between all pairs of ages, from the definition."""
    size, tau = model.psp.size, model.tau_ref_steps
    moves = np.zeros((size, size, size, size))
    for age_1 in range(size):
        for age_2 in range(size):
            next_1, next_2 = min(age_1 + 1, size - 1), min(age_2 + 1, size - 1)
            u_1 = model.bias_1 + model.weight_12 * model.psp[next_2]
            u_2 = model.bias_2 + model.weight_21 * model.psp[next_1]
            p_1 = 1.0 / (1.0 + tau * np.exp(-u_1)) if age_1 >= tau - 1 else 0.0
            p_2 = 1.0 / (1.0 + tau * np.exp(-u_2)) if age_2 >= tau - 1 else 0.0
            for to_1, q_1 in ((0, p_1), (next_1, 1.0 - p_1)):
                for to_2, q_2 in ((0, p_2), (next_2, 1.0 - p_2)):
                    moves[age_1, age_2, to_1, to_2] += q_1 * q_2
    return moves


@pytest.mark.parametrize("psp", [rectangular_psp(4), rectangular_psp(4, 9), alpha_psp(4, 2.0, 11)])
def test_ages_rest_under_all_moves(psp: np.ndarray) -> None:
    model = PairModel(weight_21=1.3, weight_12=-0.7, bias_1=0.4, bias_2=-0.6, tau_ref_steps=4, psp=psp)
    ages = stationary_ages(model)
    assert ages.sum() == pytest.approx(1.0, abs=1e-14)
    after = np.einsum("ab,abcd->cd", ages, _transitions(model))
    np.testing.assert_allclose(after, ages, atol=1e-15)


@pytest.mark.parametrize("psp", [rectangular_psp(4), alpha_psp(4, 2.0, 11)])
def test_time_differences_follow_from_the_moves(psp: np.ndarray) -> None:
    model = PairModel(weight_21=1.3, weight_12=-0.7, bias_1=0.4, bias_2=-0.6, tau_ref_steps=4, psp=psp)
    moves, mass = _transitions(model), np.zeros((psp.size, psp.size))
    mass[0] = stationary_ages(model)[0]
    found = []
    for _ in range(30):
        mass = np.einsum("ab,abcd->cd", mass, moves)
        found.append(mass[:, 0].sum())
        mass[0], mass[:, 0] = 0.0, 0.0
    expected = np.array(found) / (2.0 * sum(found))
    np.testing.assert_allclose(spike_timing(model, 30).later, expected, rtol=1e-12)


def test_older_ages_do_not_matter_to_a_rectangle() -> None:
    short = _pair(0.9, -0.3, tau=12, biases=(0.2, -0.4))
    long = PairModel(
        weight_21=0.9, weight_12=-0.3, bias_1=0.2, bias_2=-0.4, tau_ref_steps=12, psp=rectangular_psp(12, 60)
    )
    np.testing.assert_allclose(spike_timing(long, 40).later, spike_timing(short, 40).later, rtol=1e-12)


def test_uncoupled_neurons_spike_as_renewal_processes() -> None:
    tau, bias = 5, -0.3
    p = 1.0 / (1.0 + tau * np.exp(-bias))
    # an interval is tau steps and then a geometric number of further ones
    mean_interval = tau - 1 + 1.0 / p
    ages = stationary_ages(_pair(0.0, 0.0, tau=tau, biases=(bias, bias)))
    expected = np.append(np.full(tau, 1.0 / mean_interval), 1.0 - tau / mean_interval)
    np.testing.assert_allclose(ages, np.outer(expected, expected), rtol=1e-12)


def test_a_psp_that_ends_too_early_is_refused() -> None:
    with pytest.raises(ValueError, match="up to the age tau_ref, 5"):
        PairModel(weight_21=1.0, weight_12=1.0, bias_1=0.0, bias_2=0.0, tau_ref_steps=5, psp=np.ones(5))


# --- simulated spikes -------------------------------------------------------------------------------------------------


def _differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return by how much spikes of the second neuron follow those of the first, before the first spikes again."""
    following = np.searchsorted(second, first[:-1], side="right")
    known = following < second.size
    times = second[following[known]]
    return times[times <= first[1:][known]] - first[:-1][known][times <= first[1:][known]]


@pytest.mark.parametrize("weights", [(1.2, 0.4), (-0.5, 1.0)])
def test_simulated_pairs_are_distributed_as_calculated(weights: tuple[float, float]) -> None:
    tau, biases = 10, (-0.2, -0.5)
    spikes: list[tuple[np.ndarray, np.ndarray]] = []
    network = SamplingModel(
        weights=np.array([[0.0, weights[0]], [weights[1], 0.0]]),
        biases=np.array(biases),
        tau_ref_steps=tau,
        psp_steps=tau - 1,
        dead_steps=tau - 1,
        state_steps=tau,
    )
    state = SamplingState.fresh(2, 7)
    simulate(network, state, 4_000_000, spike_sink=lambda steps, neurons: spikes.append((steps, neurons)))
    steps, neurons = (np.concatenate(pieces) for pieces in zip(*spikes, strict=True))
    first, second = steps[neurons == 0], steps[neurons == 1]
    timing = spike_timing(_pair(*weights, tau=tau, biases=biases), 40)
    for seen, expected in (
        (_differences(first, second), timing.later),
        (_differences(second, first), timing.earlier),
    ):
        counts = np.bincount(seen[seen <= 40], minlength=41)[1:]
        assert counts.sum() > 100_000
        # waits after different spikes are nearly independent; 1 of 1000 correct programs would fail at this seed
        assert stats.chisquare(counts, 2.0 * expected * counts.sum()).pvalue > 1e-3


# --- nullclines -------------------------------------------------------------------------------------------------------


def test_nullclines_of_a_plane_that_is_known() -> None:
    weights = np.linspace(-1.0, 1.0, 5)
    drifts = np.array([weights**3 - 0.2**3, weights + 3.0, weights - 1.0, weights + 1.0, weights * 0.0 + 1.0])
    # a cubic is its own spline; rows without a zero have none, and zeros at the ends count
    np.testing.assert_allclose(nullcline(weights, drifts), [0.2, np.nan, 1.0, -1.0, np.nan], atol=1e-9)


def test_of_several_zeros_the_nearest_to_the_diagonal_counts() -> None:
    weights = np.linspace(-1.0, 1.0, 5)
    wave = (weights - 0.6) * (weights + 0.6) * weights
    np.testing.assert_allclose(nullcline(weights, np.tile(wave, (5, 1))), [-0.6, -0.6, 0.0, 0.6, 0.6], atol=1e-12)


def test_mean_deviation_by_hand() -> None:
    weights = np.array([0.0, 1.0, 2.0, 3.0])
    assert mean_deviation(weights, weights) == 0.0
    # |w - 3 w| / |w + 3 w| = 1/2 where w > 0, and 0 at w = 0; one stretch counts a quarter, one a half, one is unknown
    assert mean_deviation(weights, np.array([0.0, 3.0, 6.0, np.nan])) == pytest.approx((0.25 + 0.5) / 2.0)
    assert np.isnan(mean_deviation(weights, np.full(4, np.nan)))


def test_windows_by_hand() -> None:
    np.testing.assert_allclose(window_values("triangular", 2.0, 4.0, 5), [1.5, 1.0, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(window_values("exponential", -1.0, 2.0, 2), [-np.exp(-0.5), -np.exp(-1.0)])


def test_psps_by_hand() -> None:
    assert rectangular_psp(3, 5).tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    long = alpha_psp(10, 5.0, 400)
    assert long.argmax() == 5
    # the sum over steps is the integral, tau_ref, up to the Euler-Maclaurin correction (10/25)/12
    assert long.sum() == pytest.approx(10.0, rel=0.004)

"""The measures of alignment and sampling against hand values, brute force and Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sal_hw.experiment.boltzmann import mirrored
from sal_hw.experiment.metrics import (
    alignment_angle,
    asymmetry_variance,
    kullback_leibler,
    sampling_floor,
    smoothed_frequencies,
    weight_correlation,
)


@pytest.mark.parametrize(
    ("one", "other", "degrees"),
    [
        ([1.0, 0.0], [0.0, 2.0], 90.0),
        ([1.0, 0.0], [3.0, 3.0], 45.0),
        ([1.0, 0.0], [1.0, math.sqrt(3.0)], 60.0),
        ([2.0, -1.0], [6.0, -3.0], 0.0),
        ([2.0, -1.0], [-0.2, 0.1], 180.0),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]], math.degrees(math.acos(29.0 / 30.0))),
    ],
)
def test_angle_has_the_values_of_geometry(one: object, other: object, degrees: float) -> None:
    # a few roundings of double precision, in degrees
    assert alignment_angle(one, other) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("radians", [1e-3, 1e-6, 1e-9])
def test_angle_keeps_its_digits_near_0_and_180_degrees(radians: float) -> None:
    tilted = np.array([math.cos(radians), math.sin(radians)])
    # acos of the cosine would be wrong by 1e-16 / radians here
    assert alignment_angle([1.0, 0.0], tilted) == pytest.approx(math.degrees(radians), abs=1e-12)
    assert alignment_angle([1.0, 0.0], -tilted) == pytest.approx(180.0 - math.degrees(radians), abs=1e-12)


def test_angle_does_not_depend_on_scale() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 30))
    expected = alignment_angle(one, other)
    assert 60.0 < expected < 120.0
    assert alignment_angle(1e-8 * one, 1e6 * other) == pytest.approx(expected, abs=1e-12)
    assert alignment_angle(other, one) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("one", "other"), [([0.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [0.0, 0.0])])
def test_angle_of_zero_weights_is_undefined(one: list[float], other: list[float]) -> None:
    assert math.isnan(alignment_angle(one, other))


def test_correlation_by_hand() -> None:
    # deviations (-1, 0, 1) and (-4/3, 5/3, -1/3): 1 / sqrt(2 * 14/3)
    assert weight_correlation([1, 2, 3], [1, 4, 2]) == pytest.approx(1.0 / math.sqrt(28.0 / 3.0), abs=1e-14)
    assert weight_correlation([1, 2, 3], [-2, -4, -6]) == pytest.approx(-1.0, abs=1e-14)


def test_correlation_without_spread_is_undefined() -> None:
    assert math.isnan(weight_correlation([1, 1, 1], [1, 4, 2]))
    assert math.isnan(weight_correlation([1, 4, 2], [5, 5, 5]))


def test_asymmetry_is_the_population_variance_of_the_upper_differences() -> None:
    matrix = [[9.0, 1.0, 2.0], [0.0, 9.0, 3.0], [0.0, 0.0, 9.0]]
    assert asymmetry_variance(matrix) == pytest.approx(2.0 / 3.0, abs=1e-15)


def test_asymmetry_of_symmetric_weights_is_zero_whatever_the_diagonal() -> None:
    matrix = mirrored(np.random.default_rng(5).normal(size=(6, 6)))
    assert asymmetry_variance(matrix + np.diag(np.arange(6.0))) == 0.0


def test_asymmetry_of_one_neuron_is_undefined() -> None:
    assert math.isnan(asymmetry_variance([[0.3]]))


def test_dkl_by_hand() -> None:
    target, counts = [0.5, 0.25, 0.25], [1, 1, 2]
    expected = 0.5 * math.log(2.0) + 0.25 * math.log(1.0) + 0.25 * math.log(0.5)
    assert kullback_leibler(target, counts) == pytest.approx(expected, abs=1e-15)


def test_dkl_is_zero_only_for_the_same_distribution() -> None:
    target = np.array([0.1, 0.2, 0.3, 0.4])
    assert kullback_leibler(target, 1000 * target) == pytest.approx(0.0, abs=1e-15)
    assert kullback_leibler(target, [101, 199, 300, 400]) > 1e-6


def test_dkl_ignores_states_that_the_target_never_takes() -> None:
    assert kullback_leibler([0.5, 0.5, 0.0], [1, 1, 2]) == pytest.approx(math.log(2.0), abs=1e-15)


def test_unseen_states_count_as_half_an_observation() -> None:
    np.testing.assert_allclose(smoothed_frequencies([0, 3, 0, 4]), np.array([0.5, 3, 0.5, 4]) / 8.0, rtol=1e-15)
    expected = 0.5 * math.log(0.5 / (0.5 / 10.5)) + 0.5 * math.log(0.5 / (10.0 / 10.5))
    assert kullback_leibler([0.5, 0.5], [0, 10]) == pytest.approx(expected, abs=1e-15)


def test_seen_states_keep_their_frequencies() -> None:
    np.testing.assert_array_equal(smoothed_frequencies([1, 3, 4]), [0.125, 0.375, 0.5])


def test_sampling_floor_is_what_a_perfect_sampler_shows() -> None:
    rng = np.random.default_rng(11)
    target = rng.dirichlet(np.full(16, 5.0))
    samples, repeats = 20_000, 4_000
    found = np.array([kullback_leibler(target, counts) for counts in rng.multinomial(samples, target, size=repeats)])
    standard_error = found.std(ddof=1) / math.sqrt(repeats)
    # the next term of the expectation is of relative order 1 / (samples min p), far below the standard error
    assert found.mean() == pytest.approx(sampling_floor(16, samples), abs=4.0 * standard_error)
    assert standard_error < 0.01 * sampling_floor(16, samples)

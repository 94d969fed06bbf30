"""Search: every algorithm on parameters that rise, fall, are noisy, saturate, or belong to dead instances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_calibration.search import ALGORITHMS, NO_TARGET, OUT_OF_REACH, TOO_FAR, BinarySearch, Knob, LinearSearch

INSTANCES = 20


def _line(slope: float, offsets: np.ndarray, noise: float, seed: int):
    rng = np.random.default_rng(seed)

    def measure(codes: np.ndarray) -> np.ndarray:
        assert codes.dtype == np.int64
        return slope * codes + offsets + noise * rng.standard_normal(len(codes))

    return measure


@pytest.mark.parametrize("name", ALGORITHMS)
@given(rises=st.booleans(), seed=st.integers(0, 1000), slope=st.floats(0.2, 3.0))
@settings(max_examples=40)
def test_without_noise_the_nearest_code_is_found(name: str, rises: bool, seed: int, slope: float) -> None:
    signed = slope if rises else -slope
    offsets = np.random.default_rng(seed).uniform(-20.0, 20.0, INSTANCES)
    knob = Knob(low=-200, high=200, rises=rises)
    found = ALGORITHMS[name](knob, _line(signed, offsets, 0.0, 0), 5.0, instances=INSTANCES, tolerance=slope)
    best = np.rint((5.0 - offsets) / signed)
    assert found.ok.all()
    # of two codes that are equally near either may be taken
    assert np.abs(found.codes - best).max() <= 1
    assert np.abs(found.deviation).max() <= 0.5 * slope * (1.0 + 1e-9) + (slope if name == "binary" else 0.0)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_with_noise_the_error_stays_within_a_few_standard_deviations(name: str) -> None:
    offsets = np.random.default_rng(5).uniform(-20.0, 20.0, 400)
    measure = _line(1.0, offsets, 0.5, 6)
    found = ALGORITHMS[name](Knob(low=-64, high=64), measure, 0.0, instances=400, tolerance=3.0)
    true = found.codes + offsets
    # a decision is wrong only where the observation is within some sigmas of the target: 0.5 of noise, 0.5 of rounding
    assert np.sqrt(np.mean(true**2)) < {"binary": 1.0, "noisy-binary": 0.7, "linear": 1.0}[name]


def test_repeats_make_a_noisy_search_better() -> None:
    offsets = np.random.default_rng(8).uniform(-20.0, 20.0, 2000)
    errors = {}
    for name in ("binary", "noisy-binary"):
        found = ALGORITHMS[name](
            Knob(low=-64, high=64), _line(1.0, offsets, 2.0, 9), 0.0, instances=2000, tolerance=10.0
        )
        errors[name] = float(np.sqrt(np.mean((found.codes + offsets) ** 2)))
    assert errors["noisy-binary"] < 0.8 * errors["binary"]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_cannot_be_reached_or_seen_is_masked_with_its_reason(name: str) -> None:
    offsets = np.array([0.0, 500.0, np.nan, 0.0])
    measure = _line(1.0, offsets, 0.0, 0)

    def saturated(codes: np.ndarray) -> np.ndarray:
        values = measure(codes)
        values[3] = min(values[3], 3.0)
        return values

    found = ALGORITHMS[name](Knob(low=-64, high=64), saturated, 10.0, instances=4, tolerance=0.6)
    assert found.ok.tolist() == [True, False, False, False]
    assert found.reasons[found.why[1]] == OUT_OF_REACH
    assert found.codes[1] == -64
    assert found.reasons[found.why[2]] == "it could not be measured"
    assert found.why[3] > 1
    assert found.reasons[found.why[3]] in (OUT_OF_REACH, TOO_FAR)
    assert np.isnan(found.deviation[2])


def test_evaluations_are_counted_and_logarithmic() -> None:
    calls = []

    def measure(codes: np.ndarray) -> np.ndarray:
        calls.append(codes)
        return codes.astype(np.float64)

    found = BinarySearch()(Knob(low=0, high=1022), measure, 311.0, instances=3, tolerance=0.5)
    # ten halvings of 1023 codes, the last code, and the one that was found once more
    assert found.evaluations == len(calls) <= 12
    assert found.codes.tolist() == [311] * 3


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_is_told_is_observed_after_the_search(name: str) -> None:
    """A search that believed its luckiest observation would tell a deviation of half the noise or less."""
    offsets, noise = np.random.default_rng(8).uniform(-20.0, 20.0, 4000), 2.0
    found = ALGORITHMS[name](Knob(low=0, high=100), _line(1.0, offsets, noise, 9), 50.0, instances=4000, tolerance=2.0)
    true = found.codes + offsets - 50.0
    # the error of the one observation that counts, or of the mean of four; 4000 instances give a spread to 1.1 %
    error = noise / np.sqrt(4.0 if name == "noisy-binary" else 1.0)
    assert np.std(found.deviation - true) == pytest.approx(error, rel=0.05)
    assert np.mean(found.deviation**2) == pytest.approx(np.mean(true**2) + error**2, rel=0.1)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_dead_instance_passes_no_more_often_than_one_reading_does(name: str) -> None:
    """Whatever the code, noise of 5 around 30: within 1 of 35 are 9.68 % of readings, 4.66 % of means of four."""
    rng = np.random.default_rng(4)
    found = ALGORITHMS[name](
        Knob(low=0, high=100),
        lambda codes: 30.0 + 5.0 * rng.standard_normal(len(codes)),
        35.0,
        instances=4000,
        tolerance=1.0,
    )
    single = {"binary": 0.0968, "linear": 0.0968, "noisy-binary": 0.0466}[name]
    assert found.ok.mean() < single + 4.0 * np.sqrt(single / 4000)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_has_no_target_is_never_ok(name: str) -> None:
    target = np.array([np.nan, 50.0, np.inf])
    found = ALGORITHMS[name](Knob(low=0, high=100), lambda codes: codes * 1.0, target, instances=3, tolerance=0.6)
    assert found.ok.tolist() == [False, True, False]
    assert found.reasons[found.why[0]] == found.reasons[found.why[2]] == NO_TARGET


@pytest.mark.parametrize("tolerance", [np.nan, 0.0, -1.0])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_tolerance_that_means_nothing_is_refused(name: str, tolerance: float) -> None:
    with pytest.raises(ValueError, match="lets nothing pass"):
        ALGORITHMS[name](Knob(low=0, high=9), lambda codes: codes * 1.0, 5.0, instances=1, tolerance=tolerance)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_observations_that_fail_now_and_then_do_not_mislead(name: str) -> None:
    rng = np.random.default_rng(1)

    def measure(codes: np.ndarray) -> np.ndarray:
        return np.where(rng.random(len(codes)) < 0.02, np.nan, codes * 1.0)

    found = ALGORITHMS[name](Knob(low=0, high=100), measure, 50.0, instances=2000, tolerance=1.0)
    # an instance is lost only if both of an observation and its repetition fail: 0.04 % of about ten each
    assert found.ok.mean() > 0.99
    assert np.abs(found.codes[found.ok] - 50).max() <= 1


@pytest.mark.parametrize("name", ALGORITHMS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_equal_observations_give_equal_results(name: str, seed: int) -> None:
    offsets = np.random.default_rng(seed).uniform(-20.0, 20.0, INSTANCES)
    one, other = (
        ALGORITHMS[name](Knob(low=-64, high=64), _line(1.0, offsets, 1.0, seed), 0.0, instances=20, tolerance=2.0)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.deviation, other.deviation)


def test_a_linear_search_starts_where_it_is_told() -> None:
    first = []

    def measure(codes: np.ndarray) -> np.ndarray:
        first.append(int(codes[0]))
        return codes * 2.0

    LinearSearch(start=7, first_step=4)(Knob(low=0, high=100), measure, 50.0, instances=1, tolerance=1.0)
    assert first[:2] == [7, 11]


def test_a_knob_without_codes_is_refused() -> None:
    with pytest.raises(ValueError, match="no codes"):
        Knob(low=2, high=1)

"""Search: every algorithm on parameters that rise, fall, are noisy, saturate, or belong to dead instances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_calibration.search import ALGORITHMS, OUT_OF_REACH, BinarySearch, Knob, LinearSearch

INSTANCES = 20


def _line(slope: float, offsets: np.ndarray, noise: float, seed: int):
    rng = np.random.default_rng(seed)

    def measure(codes: np.ndarray) -> np.ndarray:
        assert codes.dtype == np.int64
        return slope * codes + offsets + noise * rng.standard_normal(len(codes))

    return measure


@pytest.mark.parametrize("name", ALGORITHMS)
@given(rises=st.booleans(), seed=st.integers(0, 1000), slope=st.floats(0.2, 3.0))
@settings(max_examples=40, deadline=None)
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
    assert np.isnan(found.deviation[2])


def test_evaluations_are_counted_and_logarithmic() -> None:
    calls = []

    def measure(codes: np.ndarray) -> np.ndarray:
        calls.append(codes)
        return codes.astype(np.float64)

    found = BinarySearch()(Knob(low=0, high=1022), measure, 311.0, instances=3, tolerance=0.5)
    assert found.evaluations == len(calls) <= 11
    assert found.codes.tolist() == [311] * 3


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

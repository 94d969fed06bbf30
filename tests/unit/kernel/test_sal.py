"""SAL as an integer program: worked by hand, without bias, mirrored between polarities, and honest about its gains."""

import numpy as np
import pytest

from sal_hw.kernel.arithmetic import multiply
from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.sal import BALANCE_STEPS, WAKE_STEPS, KernelError, learning_kernel

DRAWS = np.arange(256)
BASELINES = {"baseline_causal": 200, "baseline_anticausal": 190, "baseline_difference": 10}
VARIANTS = [
    (width, rounding, balanced)
    for width in (8, 16)
    for rounding in ("symmetric", "stochastic")
    for balanced in (False, True)
]


def kernel_of(width, rounding, balanced, gain, polarity="excitatory", **sleep):
    return learning_kernel(polarity=polarity, width=width, rounding=rounding, balanced=balanced, sal_gain=gain, **sleep)


def update(kernel, causal, anticausal, weight=32, random=0, **constants):
    """Return new weights for what the sensors collected above their baselines; ``random`` is each draw."""
    given = {**BASELINES, "balance": BALANCE_STEPS, "wake": 0, **constants}
    names = {name: given[name] for name in kernel.constants}
    arrays = np.broadcast_arrays(
        given["baseline_causal"] - np.asarray(causal),
        given["baseline_anticausal"] - np.asarray(anticausal),
        weight,
        random,
        *names.values(),
    )
    raw_causal, raw_anticausal, weights, draws, *rest = arrays
    return evaluate(
        kernel,
        causal=raw_causal,
        anticausal=raw_anticausal,
        weight=weights,
        constants=dict(zip(names, rest, strict=True)),
        random=draws[np.newaxis],
    ).astype(np.int64)


def mean_change(kernel, causal, anticausal, **constants):
    """Return the exact expectation over all random numbers, shape of the readings, for weights that do not clip."""
    sensors = [np.asarray(each)[..., np.newaxis] for each in (causal, anticausal)]
    constants = {name: np.asarray(value)[..., np.newaxis] for name, value in constants.items()}
    changes = update(kernel, *sensors, random=DRAWS, **constants) - 32
    assert np.abs(changes).max() < 31
    return changes.mean(axis=-1)


def sensors_with(difference):
    """Return what both sensors collected, for wanted differences that one reading alone could not show."""
    return 60 - difference // 2, 60 + difference - difference // 2


def away_from_zero(numerator, denominator):
    """Round a fraction to the nearest whole number, halves away from zero."""
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * denominator))


@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize(
    ("gain", "causal", "anticausal", "change"),
    [
        (0.5, 20, 40, 10),  # 0.5 * 20
        (0.125, 20, 40, 3),  # 2.5, away from zero
        (0.125, 40, 20, -3),
        (0.125, 20, 31, 1),  # 1.375
        (0.0625, 20, 27, 0),  # 0.4375
        (0.0625, 20, 28, 1),  # 0.5
        (1.0, 20, 43, 23),
        (-0.5, 20, 40, -10),  # the inverted rule
        (0.0, 0, 100, 0),
        (1.0, 0, 100, 31),  # 32 + 100 is clipped to 63
        (1.0, 100, 0, -32),
    ],
)
def test_worked_by_hand(width, gain, causal, anticausal, change):
    assert update(kernel_of(width, "symmetric", False, gain), causal, anticausal) == 32 + change
    expected = np.clip(32 - change, 0, 63)  # the magnitude of an inhibitory weight takes the opposite change
    if change < 31:
        assert update(kernel_of(width, "symmetric", False, gain, "inhibitory"), causal, anticausal) == expected


@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize(
    ("balance", "change"),
    [(96, 5), (64, 10), (32, 15), (100, 4), (1, 20)],
    # 0.5 (40 - rho 20): 5, 10, 15, 4.375 and 19.84
)
def test_balance_worked_by_hand(width, balance, change):
    assert update(kernel_of(width, "symmetric", True, 0.5), 20, 40, balance=balance) == 32 + change


@pytest.mark.parametrize(("draw", "change"), [(0, 2), (127, 2), (128, 3), (255, 3)])
@pytest.mark.parametrize("width", [8, 16])
def test_stochastic_rounding_worked_by_hand(width, draw, change):
    # 2.5 is rounded up by the upper half of the random numbers
    assert update(kernel_of(width, "stochastic", False, 0.125), 20, 40, random=draw) == 32 + change


def test_baselines_are_taken_off():
    kernel = kernel_of(16, "symmetric", False, 1.0)
    for baselines in ((200, 190), (150, 210), (255, 120)):
        given = dict(zip(("baseline_causal", "baseline_anticausal"), baselines, strict=True))
        assert update(kernel, 30, 42, **given) == 32 + 12
    short = kernel_of(8, "symmetric", False, 1.0)
    assert list(short.constants) == ["baseline_difference"]
    same = {"baseline_causal": 150, "baseline_anticausal": 210, "baseline_difference": -60}
    assert update(short, 30, 42, **same) == 32 + 12


@pytest.mark.parametrize("width", [8, 16])
def test_symmetric_rounding_is_exact_for_every_gain_of_eight_bits(width):
    difference = np.arange(-63, 64)
    for steps in range(1, 129):
        expected = np.clip(32 + away_from_zero(difference * steps, 128), 0, 63)
        changed = update(kernel_of(width, "symmetric", False, steps / 128), 60, 60 + difference)
        np.testing.assert_array_equal(changed, expected)


def test_symmetric_rounding_with_balance_is_exact_for_every_gain_of_eight_bits():
    difference = np.arange(-63, 64)
    for steps in range(1, 128):
        expected = np.clip(32 + away_from_zero(difference * steps, 128), 0, 63)
        changed = update(kernel_of(8, "symmetric", True, steps / 128), 60, 60 + difference)
        np.testing.assert_array_equal(changed, expected)


@pytest.mark.parametrize(("width", "rounding", "balanced"), VARIANTS)
def test_opposite_differences_make_opposite_changes(width, rounding, balanced):
    difference = np.arange(1, 56)
    kernel = kernel_of(width, rounding, balanced, 0.5)
    up = mean_change(kernel, 60, 60 + difference)
    down = mean_change(kernel, 60, 60 - difference)
    np.testing.assert_array_equal(up, -down)


def test_without_care_all_weights_drift_down_but_not_here():
    difference = np.arange(-48, 49)
    naive = multiply(difference, np.full_like(difference, 16), "frac8")
    # 1 .. 7 eighths are cut off upwards as often as downwards; six whole periods either side, and 0
    assert np.mean(naive - difference / 8) == pytest.approx(-0.4375 * 96 / 97, abs=1e-12)
    for width, rounding, balanced in VARIANTS:
        assert mean_change(kernel_of(width, rounding, balanced, 0.125), 60, 60 + difference).mean() == 0.0


@pytest.mark.parametrize("halvings", range(7))
@pytest.mark.parametrize("balanced", [False, True])
def test_stochastic_rounding_of_eight_bits_has_no_bias_at_all(balanced, halvings):
    gain = 0.5**halvings
    most = min(63 if balanced else 127, int(29 / gain))
    difference = np.arange(-most, most + 1)
    kernel = kernel_of(8, "stochastic", balanced, gain)
    expectation = mean_change(kernel, *sensors_with(difference))
    np.testing.assert_array_equal(expectation, difference * gain)


@pytest.mark.parametrize("gain", [0.001, 0.0437, 0.11, -0.0437])
def test_stochastic_rounding_of_sixteen_bits_loses_less_than_a_256th(gain):
    difference = np.arange(-150, 151)
    expectation = mean_change(kernel_of(16, "stochastic", False, gain), *sensors_with(difference))
    lost = np.abs(difference * gain) - np.abs(expectation)
    # the product is rounded towards zero in steps of 1 / 256; the gain is off by at most 2**-19, here 150 times
    assert lost.min() > -150 / 2**19
    assert lost.max() < 1 / 256 + 150 / 2**19
    np.testing.assert_array_equal(expectation, -expectation[::-1])


@pytest.mark.parametrize("gain", [0.05, 0.3])
def test_balance_is_right_for_random_sensors(gain):
    rng = np.random.default_rng(5)
    causal, anticausal = rng.integers(0, 100, (2, 2000))
    balance = rng.integers(40, 100, 2000)
    wanted = gain * (anticausal - balance / BALANCE_STEPS * causal)
    kept = np.abs(wanted) < 29
    sensors = (causal[kept], anticausal[kept])
    long = mean_change(kernel_of(16, "stochastic", True, gain), *sensors, balance=balance[kept])
    # 1 / 256 of a weight from rounding, 1 / 64 of a sensor LSB from the product, both before the gain's own error
    assert np.abs(long - wanted[kept]).max() <= 1 / 256 + gain / 64 + 200 / 2**16 * gain


def test_the_short_product_is_off_by_less_than_half_a_reading_without_a_direction():
    causal, balance = np.meshgrid(np.arange(0, 60), np.arange(1, 128), indexing="ij")
    # A follows C, so that the difference stays small
    anticausal = np.round(causal * balance / BALANCE_STEPS).astype(np.int64)
    expectation = mean_change(kernel_of(8, "stochastic", True, 1.0), causal, anticausal, balance=balance)
    error = expectation - (anticausal - balance / BALANCE_STEPS * causal)
    assert np.abs(error).max() < 0.5
    # rho and 2 - rho make opposite errors
    np.testing.assert_allclose(error, -error[:, ::-1], atol=1e-12)


@pytest.mark.parametrize(("width", "rounding", "balanced"), VARIANTS)
def test_polarities_are_mirror_images(width, rounding, balanced):
    rng = np.random.default_rng(11)
    weight, draws = rng.integers(0, 64, 5000), rng.integers(0, 256, 5000)
    sensors = rng.integers(0, 120, (2, 5000))
    up = update(kernel_of(width, rounding, balanced, 0.25), *sensors, weight, draws)
    down = update(kernel_of(width, rounding, balanced, 0.25, "inhibitory"), *sensors, 63 - weight, draws)
    np.testing.assert_array_equal(down, 63 - up)


@pytest.mark.parametrize(("width", "rounding", "balanced"), VARIANTS)
@pytest.mark.parametrize("polarity", ["excitatory", "inhibitory"])
def test_gain_zero_keeps_every_weight(width, rounding, balanced, polarity):
    kernel = kernel_of(width, rounding, balanced, 0.0, polarity)
    weight, draws = np.meshgrid(np.arange(64), DRAWS)
    np.testing.assert_array_equal(update(kernel, 150, 3, weight, draws), weight)


@pytest.mark.parametrize(("gain", "difference"), [(0.9999, 20), (1.0, 20), (2.0, 10), (8.0, 3), (64.0, 1), (-8.0, -3)])
def test_large_gains(gain, difference):
    kernel = kernel_of(16, "symmetric", False, gain)
    expected = min(63, round(4 + gain * difference))
    assert update(kernel, 100, 100 + difference, weight=4) == expected
    # what saturates on the way is still more than all weights
    assert update(kernel, 0, 180 if gain > 0 else -60, weight=0) == 63


def test_sleep_and_wake_worked_by_hand():
    sleep = {"sleep_gain": 0.125, "wake": True}
    kernel = kernel_of(16, "symmetric", False, 0.5, **sleep)
    # 0.5 (40 - 20) - 0.125 (40 + 20) + 9 = 11.5
    assert update(kernel, 20, 40, wake=9 * WAKE_STEPS) == 32 + 12
    assert update(kernel_of(16, "symmetric", False, 0.5, "inhibitory", **sleep), 20, 40, wake=9 * WAKE_STEPS) == 20
    # the sleep term is not balanced: 0.5 (40 - 30) - 7.5 - 3 = -5.5
    balanced = kernel_of(16, "symmetric", True, 0.5, **sleep)
    assert update(balanced, 20, 40, wake=-3 * WAKE_STEPS, balance=96) == 32 - 6
    assert list(balanced.constants) == ["baseline_causal", "baseline_anticausal", "balance", "wake"]


def test_sleep_balances_wake_on_average():
    kernel = kernel_of(16, "stochastic", False, 0.0, sleep_gain=0.25, wake=True)
    expectation = mean_change(kernel, [20, 30, 40], [20, 10, 40], wake=10 * WAKE_STEPS)
    np.testing.assert_array_equal(expectation, [0.0, 0.0, -10.0])
    assert mean_change(kernel_of(16, "stochastic", False, 0.0, wake=True), 20, 20, wake=1) == 1 / WAKE_STEPS


def test_a_wake_term_of_any_size_only_clips():
    kernel = kernel_of(16, "stochastic", False, 0.125, wake=True)
    wake = np.array([-32768, -5000, 5000, 32767])
    assert update(kernel, 20, 20, wake=wake).tolist() == [0, 0, 63, 63]


def test_constants_and_draws():
    assert kernel_of(16, "stochastic", True, 0.1).constants == {
        "baseline_causal": "mod8",
        "baseline_anticausal": "mod8",
        "balance": "mod8",
    }
    assert kernel_of(8, "symmetric", False, 0.1).constants == {"baseline_difference": "frac8"}
    assert kernel_of(8, "symmetric", True, 0.1).constant_ranges["balance"] == (1, 127)
    assert kernel_of(16, "symmetric", True, 0.1).constant_ranges["balance"] == (0, 255)
    assert [kernel_of(16, rounding, False, 0.1).random_draws for rounding in ("symmetric", "stochastic")] == [0, 1]
    assert kernel_of(16, "stochastic", True, 0.0).random_draws == 1


@pytest.mark.parametrize("sleep", [{"sleep_gain": 0.1}, {"wake": True}])
def test_sleep_needs_sixteen_bits(sleep):
    with pytest.raises(KernelError, match="16 bits"):
        kernel_of(8, "symmetric", False, 0.5, **sleep)

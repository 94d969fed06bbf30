"""The vector unit's arithmetic, by hand and against Python's unbounded integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sal_hw.kernel import arithmetic
from sal_hw.kernel.ir import LIMITS

BYTES = np.arange(-128, 128)
FRACTIONS = {"frac8": 128, "frac16": 32768}


def numbers(kind):
    return st.integers(*LIMITS[kind])


def one(value):
    return np.array([value], dtype=np.int64)


def saturated(value, kind):
    lowest, highest = LIMITS[kind]
    return min(max(value, lowest), highest)


@pytest.mark.parametrize(
    ("a", "b", "product"),
    # the first two are examples of libnux's test of the chip's instructions
    [(-12, 42, -4), (-4, 42, -2), (12, 42, 3), (1, 1, 0), (-1, 1, -1), (-128, -128, 127), (-128, 127, -127)],
)
def test_fractional_products_of_bytes(a, b, product):
    assert arithmetic.multiply(one(a), one(b), "frac8").tolist() == [product]


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [(-32768, -32768, 32767), (-1, 1, -1), (1, 32767, 0), (16384, 16384, 8192), (-32768, 32767, -32767)],
)
def test_fractional_products_of_words(a, b, product):
    assert arithmetic.multiply(one(a), one(b), "frac16").tolist() == [product]


def test_signed_sums_saturate_and_unsigned_ones_wrap():
    assert arithmetic.add(one(100), one(100), "frac8").tolist() == [127]
    assert arithmetic.subtract(one(-100), one(100), "frac8").tolist() == [-128]
    assert arithmetic.add(one(32767), one(1), "frac16").tolist() == [32767]
    assert arithmetic.subtract(one(-32768), one(1), "frac16").tolist() == [-32768]
    assert arithmetic.add(one(200), one(100), "mod8").tolist() == [44]
    assert arithmetic.subtract(one(0), one(1), "mod8").tolist() == [255]


def test_conversions():
    assert arithmetic.convert_contiguous(np.array([0, 128, 255])).tolist() == [-128, 0, 127]
    assert arithmetic.reinterpret(np.array([0, 63, 127, 128, 255])).tolist() == [0, 63, 127, -128, -1]
    assert arithmetic.widen_low(np.array([0, 255])).tolist() == [0, 255]
    assert arithmetic.widen_high(np.array([-128, -1, 127])).tolist() == [-32768, -256, 32512]
    assert arithmetic.narrow(np.array([-32768, -1, 255, 256, 32767])).tolist() == [-128, -1, 0, 1, 127]
    assert arithmetic.clip_weight(np.array([-5, 0, 40, 63, 64, 127])).tolist() == [0, 0, 40, 63, 63, 63]


def test_narrow_undoes_widen_high():
    np.testing.assert_array_equal(arithmetic.narrow(arithmetic.widen_high(BYTES)), BYTES)


def test_if_negative_chooses_element_by_element():
    chosen = arithmetic.if_negative(np.array([-1, 0, 1]), np.array([10, 20, 30]), np.array([1, 2, 3]))
    assert chosen.tolist() == [10, 2, 3]


def test_shifts_to_the_left_keep_the_sign_bit_and_drop_the_overflow():
    assert arithmetic.shift_left(np.array([1, -1, 64, -65]), 1, "frac8").tolist() == [2, -2, 0, -2]
    assert arithmetic.shift_left(np.array([1, 200]), 1, "mod8").tolist() == [2, 144]


@pytest.mark.parametrize("kind", ["frac8", "frac16"])
@given(data=st.data())
def test_signed_operations_follow_pythons_integers(kind, data):
    a, b = data.draw(numbers(kind)), data.draw(numbers(kind))
    assert arithmetic.add(one(a), one(b), kind).tolist() == [saturated(a + b, kind)]
    assert arithmetic.subtract(one(a), one(b), kind).tolist() == [saturated(a - b, kind)]
    assert arithmetic.multiply(one(a), one(b), kind).tolist() == [saturated(a * b // FRACTIONS[kind], kind)]


@given(value=numbers("frac16"), bits=st.integers(1, 15))
def test_shifts_are_divisions_and_multiplications(value, bits):
    assert arithmetic.shift_right(one(value), bits).tolist() == [value // 2**bits]
    if saturated(value * 2**bits, "frac16") == value * 2**bits:
        assert arithmetic.shift_left(one(value), bits, "frac16").tolist() == [value * 2**bits]


@pytest.mark.parametrize(("factor", "drift"), [(16, -0.4375), (4, -0.484375), (64, -0.25)])
def test_products_drift_down(factor, drift):
    # with d = 128 / factor, each of 0 / d .. (d - 1) / d is cut off equally often: on average (d - 1) / 2d
    products = arithmetic.multiply(BYTES, np.full_like(BYTES, factor), "frac8")
    assert np.mean(products - BYTES * factor / 128) == drift

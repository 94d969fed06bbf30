"""Which gains kernels apply, and the nearest ones to those that they cannot."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sal_hw.kernel.gains import KernelError, representable_gain
from sal_hw.kernel.sal import learning_kernel


def kernel_of(width, rounding, balanced, gain, polarity="excitatory", **sleep):
    return learning_kernel(polarity=polarity, width=width, rounding=rounding, balanced=balanced, sal_gain=gain, **sleep)


@pytest.mark.parametrize(
    ("width", "rounding", "balanced", "gain", "nearest"),
    [
        (8, "stochastic", False, 0.1, 0.125),
        (8, "stochastic", False, -0.3, -0.25),
        (8, "stochastic", False, 2.0, 1.0),
        (8, "stochastic", True, 0.001, 2**-6),
        (8, "symmetric", False, 1.2, 1.0),
        (8, "symmetric", True, 1.0, 127 / 128),
        (8, "symmetric", False, -0.001, -1 / 128),
        (16, "symmetric", False, 65.0, 64.0),
        (16, "stochastic", True, 1e-7, 2**-18),
    ],
)
def test_gains_that_do_not_exist_are_refused_with_the_nearest(width, rounding, balanced, gain, nearest):
    with pytest.raises(KernelError, match="the nearest is") as caught:
        kernel_of(width, rounding, balanced, gain)
    assert caught.value.nearest == nearest
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
    options = {"width": width, "rounding": rounding, "balanced": balanced}
    assert representable_gain(nearest, **options) == nearest
    with pytest.raises(KernelError):
        representable_gain(gain, **options)


@pytest.mark.parametrize("gain", [float("nan"), float("inf")])
def test_a_gain_is_finite(gain):
    with pytest.raises(ValueError, match="finite"):
        kernel_of(16, "symmetric", False, gain)


@given(gain=st.floats(2**-17, 64.0), negative=st.booleans())
def test_long_gains_are_near_and_representing_them_again_changes_nothing(gain, negative):
    signed = -gain if negative else gain
    applied = representable_gain(signed, width=16, rounding="symmetric", balanced=True)
    assert abs(applied - signed) <= max(2.0**-19, gain * 2.0**-15)
    assert representable_gain(applied, width=16, rounding="symmetric", balanced=True) == applied
    kernel_of(16, "symmetric", True, signed)


@given(gain=st.floats(1 / 256, 1.0, exclude_min=True))
def test_short_gains_are_near(gain):
    applied = representable_gain(gain, width=8, rounding="symmetric", balanced=False)
    assert abs(applied - gain) <= 1 / 256
    assert (applied * 128).is_integer()

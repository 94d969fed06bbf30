"""Which gains the integer programs of learning rules can apply."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from typing_extensions import assert_never

Width: TypeAlias = Literal[8, 16]
Rounding: TypeAlias = Literal["symmetric", "stochastic"]

#: a reading that differs by 1 then moves a weight through its whole range
MAX_GAIN = 64.0

#: a gain that is computed to be the largest may exceed it by so much
_ROUNDING = 1e-6

#: binary places of a sensor's LSB in 16-bit kernels: 255 times a ratio below 4 fits
SENSOR_BITS = 5

#: binary places of a weight in 16-bit kernels: the weight stands in the high byte
WEIGHT_BITS = 8


class KernelError(ValueError):
    """The kernel that is wanted does not exist.

    Attributes
    ----------
    reason
        Why.
    nearest
        The nearest gain that can be represented.
    """

    def __init__(self, reason: str, nearest: float) -> None:
        super().__init__(reason, nearest)
        self.reason = reason
        self.nearest = nearest

    def __str__(self) -> str:
        return f"{self.reason}; the nearest is {self.nearest:g}"


def representable_gain(gain: float, *, width: Width, rounding: Rounding, balanced: bool) -> float:
    """Return the gain that a kernel applies instead of `gain`, in weight LSB per sensor LSB.

    With 16 bits, a gain has 15 significant bits and is a multiple of 2**-18, up to 64. With 8 bits it is k / 128, k up
    to 128 (127 if balanced), or, with stochastic rounding, exactly 2**-n, n up to 6.

    Raises
    ------
    KernelError
        If there is no such gain: it is too large or too small, or not a power of two.
    """
    if not math.isfinite(gain):
        raise ValueError(f"a gain is a finite number, not {gain}")
    if gain == 0.0:
        return 0.0
    return math.copysign(_applied(gain, width, rounding, balanced), gain)


def _applied(gain: float, width: Width, rounding: Rounding, balanced: bool) -> float:
    """Return the size of the gain that a kernel applies."""
    match width:
        case 16:
            number, doublings = factor(gain)
            return math.ldexp(number, doublings - 15 - WEIGHT_BITS + SENSOR_BITS)
        case 8:
            return _applied_8(gain, rounding, balanced)
        case _:
            assert_never(width)


def _applied_8(gain: float, rounding: Rounding, balanced: bool) -> float:
    match rounding:
        case "stochastic":
            return math.ldexp(1.0, -halvings(gain))
        case "symmetric":
            return steps(gain, balanced) / 128
        case _:
            assert_never(rounding)


def factor(gain: float) -> tuple[int, int]:
    """Return the number and the doublings of a 16-bit kernel.

    A magnitude in sensor LSB, doubled so often and fractionally multiplied by the number, is one in weight LSB; the
    binary places of both are taken into account.
    """
    if abs(gain) > MAX_GAIN * (1.0 + _ROUNDING):
        raise KernelError(f"a gain of {gain:g} is more than {MAX_GAIN:g}", math.copysign(MAX_GAIN, gain))
    scaled, doublings = math.ldexp(abs(gain), 15 + WEIGHT_BITS - SENSOR_BITS), 0
    while round(scaled) > 32767:
        scaled, doublings = scaled / 2, doublings + 1
    if gain != 0.0 and round(scaled) == 0:
        smallest = math.ldexp(1.0, SENSOR_BITS - WEIGHT_BITS - 15)
        raise KernelError(f"a gain of {gain:g} is less than half a step", math.copysign(smallest, gain))
    return round(scaled), doublings


def halvings(gain: float) -> int:
    """Return n of a gain 2**-n."""
    fraction, exponent = math.frexp(abs(gain))
    if fraction == 0.5 and -5 <= exponent <= 1:
        return 1 - exponent
    nearest = math.ldexp(1.0, min(0, max(-6, round(math.log2(abs(gain))))))
    reason = f"8 bits with stochastic rounding shift, so a gain is 2**-n, n from 0 to 6, not {gain:g}"
    raise KernelError(reason, math.copysign(nearest, gain))


def steps(gain: float, balanced: bool) -> int:
    """Return k of a gain k / 128."""
    most = 127 if balanced else 128
    nearest_steps = round(abs(gain) * 128)
    if nearest_steps > most or (nearest_steps == 0 and gain != 0.0):
        nearest = min(most, max(1, nearest_steps)) / 128
        raise KernelError(f"8 bits hold gains of 1 / 128 to {most} / 128, not {gain:g}", math.copysign(nearest, gain))
    return nearest_steps

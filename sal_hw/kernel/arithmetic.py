"""Integer arithmetic of the BrainScaleS-2 plasticity processing unit's vector unit, element by element.

All functions take and return whole numbers in 64 bits and do in them what the unit does in 8 or 16: additions of the
signed types saturate, products are fractional and rounded down, shifts to the right round down. That rounding has a
direction: a small negative number becomes -1, a small positive one 0. Whoever writes a rule has to take care of it.
The semantics are those of libnux's scalar reference, which its authors check against the instructions of the chip.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.ir import LIMITS, MAX_WEIGHT, Kind, wraps

Integers: TypeAlias = NDArray[np.int64]

#: binary places of a fractional number of each signed type
FRACTION_BITS: dict[Kind, int] = {"frac8": 7, "frac16": 15}


def saturate(values: Integers, kind: Kind) -> Integers:
    """Return the nearest number that the type can hold."""
    return np.clip(values, *LIMITS[kind])


def wrap(values: Integers, kind: Kind) -> Integers:
    """Return the number of the type that has the same lowest bits."""
    lowest, highest = LIMITS[kind]
    return (values - lowest) % (highest - lowest + 1) + lowest


def add(a: Integers, b: Integers, kind: Kind) -> Integers:
    """Return a + b; signed types saturate, ``mod8`` wraps."""
    return wrap(a + b, kind) if wraps(kind) else saturate(a + b, kind)


def subtract(a: Integers, b: Integers, kind: Kind) -> Integers:
    """Return a - b; signed types saturate, ``mod8`` wraps."""
    return wrap(a - b, kind) if wraps(kind) else saturate(a - b, kind)


def multiply(a: Integers, b: Integers, kind: Kind) -> Integers:
    """Return floor(a b / 128) or floor(a b / 32768); the square of the lowest number saturates."""
    return saturate((a * b) >> FRACTION_BITS[kind], kind)


def shift_right(values: Integers, bits: int) -> Integers:
    """Return floor(values / 2**bits)."""
    return values >> bits


def shift_left(values: Integers, bits: int, kind: Kind) -> Integers:
    """Return values * 2**bits; bits that do not fit are dropped, and signed types keep their sign bit."""
    if wraps(kind):
        return wrap(values << bits, kind)
    below_sign = LIMITS[kind][1]
    shifted: Integers = np.where(values < 0, LIMITS[kind][0], 0) + ((values << bits) & below_sign)
    return shifted


def convert_contiguous(values: Integers) -> Integers:
    """Return ``mod8`` numbers as ``frac8``: 0 becomes -128, 255 becomes 127."""
    return values - 128


def reinterpret(values: Integers) -> Integers:
    """Return ``mod8`` numbers as the ``frac8`` numbers with the same bits: 128 to 255 become negative."""
    return wrap(values, "frac8")


def widen_low(values: Integers) -> Integers:
    """Return ``mod8`` numbers as ``frac16``: the same number."""
    return values.copy()


def widen_high(values: Integers) -> Integers:
    """Return ``frac8`` numbers as ``frac16``: the byte becomes the high byte, which is times 256."""
    return values << 8


def narrow(values: Integers) -> Integers:
    """Return the high byte of ``frac16`` numbers as ``frac8``: floor(values / 256)."""
    return values >> 8


def if_negative(condition: Integers, then: Integers, otherwise: Integers) -> Integers:
    """Return `then` where the condition is below zero, else `otherwise`."""
    return np.where(condition < 0, then, otherwise)


def clip_weight(values: Integers) -> Integers:
    """Return the nearest weight, 0 to 63."""
    return np.clip(values, 0, MAX_WEIGHT)

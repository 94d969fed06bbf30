"""Baselines of sensors that a kernel measures itself, before its first update, in the integers of its processor.

A row is emptied and read a number of times, and emptied again with every read, so that a reading is one without
correlation. What readings differ from the first one adds up in 16 bits. From the sum come the constants
``baseline_causal`` and ``baseline_anticausal``, rounded to the nearest whole number, and ``residual``, what rounding
leaves over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.ir import LIMITS

#: fewest and most reads of a sensor: with more, the product of remainder and balance leaves 16 bits
FEWEST_READS, MOST_READS = 4, 1024

#: binary places of what is left over of both branches, before it is divided by the number of reads: those of the
#: constant ``residual`` less one, which leaves room for the product with the balance (6 binary places)
LEFT_BITS, _BALANCE_BITS = 4, 6

Whole: TypeAlias = NDArray[np.int64]


def read_bits(reads: int) -> int:
    """Return the binary logarithm of a number of reads.

    Raises
    ------
    ValueError
        If it is no power of two from :data:`FEWEST_READS` to :data:`MOST_READS`.
    """
    bits = reads.bit_length() - 1
    if reads != 1 << bits or not FEWEST_READS <= reads <= MOST_READS:
        raise ValueError(f"sensors are read {FEWEST_READS}, {2 * FEWEST_READS}, ... {MOST_READS} times, not {reads}")
    return bits


def measured_baselines(
    readings: Iterable[tuple[NDArray[np.integer], NDArray[np.integer]]], balance: NDArray[np.integer] | None
) -> dict[str, Whole]:
    """Return the constants that a kernel makes of its readings.

    Parameters
    ----------
    readings
        Of the causal and the anti-causal sensors directly after a reset, 0 to 255, each of shape (...).
    balance
        The constant ``balance`` of each synapse, shape (...); None if the kernel has none.
    """
    found = iter(readings)
    first = [np.asarray(each, dtype=np.int64) for each in next(found)]
    sums, count = [np.zeros_like(each) for each in first], 1
    for each in found:
        sums = [_saturated(total + (now - then)) for total, now, then in zip(sums, each, first, strict=True)]
        count += 1
    bits = read_bits(count)
    over = [_saturated(total + (1 << (bits - 1))) >> bits for total in sums]
    rest_causal, rest_anticausal = (total - (part << bits) for total, part in zip(sums, over, strict=True))
    ratio = 1 << _BALANCE_BITS if balance is None else balance
    expected = (rest_causal * ratio) >> (_BALANCE_BITS - LEFT_BITS)
    left = _saturated((rest_anticausal << LEFT_BITS) - expected)
    return {
        "baseline_causal": first[0] + over[0],
        "baseline_anticausal": first[1] + over[1],
        "residual": _saturated(left + (1 << (bits - 2))) >> (bits - 1),
    }


def _saturated(values: Whole) -> Whole:
    return np.clip(values, *LIMITS["frac16"])

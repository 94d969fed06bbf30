"""``exp(-x)`` for loops over many synapses: no call, no table, so that the compiler uses vector instructions.

``exp(-x) = 2**whole * 2**rest``: the whole part goes into the exponent bits, the rest through a polynomial. The
polynomial is the Taylor series of ``2**f`` about 0 for f in [-1/2, 1/2], up to order 7; its remainder is below
1e-8, less than the rounding of single precision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from sal_hw_emulator.engines.sampling.compiled import inlined

#: beyond this many time constants nothing is left in single precision
LARGEST = np.float32(87.0)

_LOG2_E = np.float32(math.log2(math.e))
_C1, _C2, _C3, _C4, _C5, _C6, _C7 = (
    np.float32(math.log(2.0) ** order / math.factorial(order)) for order in range(1, 8)
)
_ONE, _HALF = np.float32(1.0), np.float32(0.5)


def _power_of_two(_typing_context: Any, exponent: Any) -> Any:
    """Return 2 to a whole number between -126 and 127 by setting the exponent bits of a single."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)
        whole = builder.fptosi(arguments[0], word)
        bits = builder.shl(builder.add(whole, ir.Constant(word, 127)), ir.Constant(word, 23))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(exponent), generate


power_of_two: Any = intrinsic(_power_of_two)


@inlined
def exp_minus(x: np.float32) -> np.float32:
    """Return exp(-x) for x >= 0 in single precision, relative error below 1e-6 up to 10 and 1e-5 up to 87."""
    scaled = -min(x, LARGEST) * _LOG2_E
    whole = np.floor(scaled + _HALF)
    f = scaled - whole
    rest = _ONE + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * (_C6 + f * _C7))))))
    return np.float32(rest * power_of_two(whole))

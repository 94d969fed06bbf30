"""The one way a function of this engine is compiled, and the bit tricks that need the compiler's own types."""

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sal_hw.storage.compiled_code import compiler

Floats: TypeAlias = NDArray[np.float64]
Steps: TypeAlias = NDArray[np.int64]
Neurons: TypeAlias = NDArray[np.int32]
Words: TypeAlias = NDArray[np.uint64]

#: No fast mathematics: results are the same bits on every call and infinities keep their meaning.
compiled = compiler(nogil=True, error_model="numpy")

#: The same for functions of an inner loop: a call with many arrays costs as much as a short loop over a few neurons.
inlined = compiler(nogil=True, error_model="numpy", forceinline=True)


def _float_of_bits(_typing_context: Any, bits: Any) -> Any:
    """Read the 64 bits of an integer as a double."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(bits), generate


float_of_bits: Any = intrinsic(_float_of_bits)

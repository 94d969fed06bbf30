"""The machine's part of a compiled program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.document import document


@document
class TinyProgram:
    """What is written to the machine.

    Attributes
    ----------
    weights_mv
        Per projection, shape (pre, post): what its synapses store.
    """

    weights_mv: dict[str, NDArray[np.float64]]

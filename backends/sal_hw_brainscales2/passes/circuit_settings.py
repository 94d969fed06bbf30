"""What a population wants of its circuits, before deviations of the chip are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CircuitSettings:
    """Settings and scales of one population.

    Attributes
    ----------
    values
        Per setting of a circuit (``v_leak_lsb``, ``tau_mem_us``, ...), shape (neurons,).
    lsb_per_unit, rest_lsb, rest_unit
        How model potentials (mV, or log-odds) map to CADC LSB: `rest_unit` lies at `rest_lsb`.
    drive_lsb_per_unit
        Shape (neurons,): steady drive in CADC LSB per unit of weight.
    state_us
        How long a neuron's state is 1 after its spike, in chip time.
    """

    values: dict[str, NDArray[np.float64]]
    lsb_per_unit: float
    rest_lsb: float
    rest_unit: float
    drive_lsb_per_unit: NDArray[np.float64]
    state_us: float

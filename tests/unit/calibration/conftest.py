"""A synthetic chip on the bench, of which only a few circuits are measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_calibration.bench import Bench


@pytest.fixture(scope="session")
def sites() -> NDArray[np.int64]:
    """Eight circuits of each hemisphere."""
    return np.concatenate([np.arange(8), 256 + np.arange(8)])


@pytest.fixture(scope="session")
def truth() -> CalibrationSnapshot:
    return draw_chip(7)


@pytest.fixture
def bench(truth: CalibrationSnapshot, sites: NDArray[np.int64]) -> Bench:
    return Bench(instrument=EmulatedInstrument(truth), seed=3, neurons=sites, threads=2)

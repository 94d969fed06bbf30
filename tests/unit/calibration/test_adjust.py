"""Every search algorithm with every measurement, on an emulated chip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_calibration.adjust import ADJUSTMENTS, adjust
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure.converters import measure_converters
from sal_hw_calibration.search import ALGORITHMS, NoisyBinarySearch

SITES = np.array([0, 1, 2, 256, 257])

#: what may be left of a deviation: the noise of one observation, one code, and half a LSB from setting to setting
LEFT = {
    "leak potential": 2.0,
    "reset potential": 2.0,
    "threshold": 2.5,
    "membrane time constant": 0.08,
    "refractory time": 0.02,
    "inhibitory time constant": 0.12,
    "inhibitory strength": 0.12,
}


def _pairs() -> Iterator[object]:
    """Yield every measurement with every algorithm; inhibition takes longer, so one of these is enough at first."""
    for name in ADJUSTMENTS:
        for number, algorithm in enumerate(ALGORITHMS):
            slow = [pytest.mark.slow] if name.startswith("inhibitory") and number else []
            yield pytest.param(name, algorithm, marks=slow)


@pytest.mark.parametrize(("name", "algorithm"), [*_pairs()])
def test_a_search_finds_the_deviation_of_each_circuit(
    bench: Bench, truth: CalibrationSnapshot, name: str, algorithm: str
) -> None:
    bench.learn(measure_converters(bench).tables)
    adjustment = ADJUSTMENTS[name]
    # PSPs are seen through a membrane and a synapse, whose own deviations are the business of other stages
    others = {"gain_ratio", "tau_mem_ratio"} - {adjustment.table}
    bench.learn([table for table in truth.tables if table.name in others])
    search = NoisyBinarySearch(repeats=2, doubt=1) if algorithm == "noisy-binary" else ALGORITHMS[algorithm]
    tolerance = 3.0 if not adjustment.is_ratio else 0.1 * adjustment.target
    found, deviation = adjust(bench, adjustment, search, sites=SITES, tolerance=tolerance)
    assert found.ok.all(), [found.reasons[why] for why in found.why]
    table = truth.table(adjustment.table)
    assert table is not None
    true = table.measured[SITES]
    error = deviation / true - 1.0 if adjustment.is_ratio else deviation - true
    assert np.abs(error).max() < LEFT[name]
    # it must be better than knowing nothing
    start = 1.0 / true - 1.0 if adjustment.is_ratio else -true
    assert np.abs(error).mean() < max(np.abs(start).mean(), 0.02)

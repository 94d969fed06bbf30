"""CADC channels: offset, gain and read noise, from reference voltages."""

from __future__ import annotations

import numpy as np

from sal_hw.target.snapshot import ParameterTable
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_calibration.outcome import Outcome

#: reference voltages in LSB of an ideal channel, within the reliable range 30 .. 210 (calix, constants.py)
LEVELS_LSB = (40.0, 70.0, 100.0, 130.0, 160.0, 190.0)

#: readings of each reference
SAMPLES = 200

#: variance that rounding to whole codes adds, LSB^2
ROUNDING = 1.0 / 12.0


def measure_converters(bench: Bench) -> Outcome:
    """Fit a straight line to each channel's codes over reference voltages.

    Returns
    -------
    Outcome
        Tables ``cadc_offset_lsb``, ``cadc_gain_ratio`` and ``cadc_noise_lsb``; where the instrument has no reference,
        no tables, and a note that says so.
    """
    reads = [
        bench.instrument.read_reference(level, samples=SAMPLES, seed=bench.seed_of("reference")) for level in LEVELS_LSB
    ]
    if any(read is None for read in reads):
        return Outcome(notes=("no reference voltage can be read: the channels are taken as ideal",))
    codes = np.array(reads, dtype=np.float64)
    level = np.array(LEVELS_LSB)
    mean, centre = codes.mean(axis=1), level.mean()
    spread = float(((level - centre) ** 2).sum())
    gain = ((level - centre)[:, None] * (mean - mean.mean(axis=0))).sum(axis=0) / spread
    offset = mean.mean(axis=0) - gain * centre
    variance = codes.var(axis=1, ddof=1).mean(axis=0)
    noise = np.sqrt(np.maximum(variance - ROUNDING, 0.0))
    residual = np.abs(offset + gain * level[:, None] - mean).max(axis=0)
    of_mean = np.sqrt(variance / SAMPLES)
    sigma_offset = of_mean * np.sqrt(1.0 / len(level) + centre**2 / spread)
    return Outcome(
        tables=(
            _table(bench, "cadc_offset_lsb", offset, sigma_offset, residual),
            _table(bench, "cadc_gain_ratio", gain, of_mean / np.sqrt(spread), residual),
            _table(bench, "cadc_noise_lsb", noise, noise / np.sqrt(2.0 * SAMPLES * len(level)), None),
        )
    )


def _table(
    bench: Bench, name: str, value: np.ndarray, sigma: np.ndarray, residual: np.ndarray | None
) -> ParameterTable:
    source = f"{SAMPLES} readings of {len(LEVELS_LSB)} reference voltages"
    asked = np.arange(bench.circuits) if bench.neurons is None else bench.neurons
    found = Measured(value=value[asked], sigma=sigma[asked], residual=None if residual is None else residual[asked])
    return table_of(name, found, asked, (bench.circuits,), source=source)

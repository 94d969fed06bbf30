"""What plasticity processors do before the first update: empty the sensors, and measure their baselines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.baselines import measured_baselines
from sal_hw_emulator.engines.lif.arrays import Integers, Readout, Sensors, Tiles
from sal_hw_emulator.engines.lif.build import view_of
from sal_hw_emulator.engines.lif.model import KernelModel, PlasticModel, StartModel, TileModel

_HIGHEST_CODE = 255.0


def start_sensors(
    models: Sequence[TileModel],
    kernels: Sequence[KernelModel],
    tiles: Tiles,
    sensors: Sensors,
    readout: Readout,
    constants: Integers,
    seed: np.random.SeedSequence,
) -> None:
    """Charge the sensors as they are found, then do what each kernel does before its first update.

    Parameters
    ----------
    constants
        First row of constants of each tile.
    seed
        Of the noise of the readings that baselines are measured from.
    """
    rng = np.random.default_rng(seed)
    for index, model in enumerate(models):
        plastic = model.plastic
        if plastic is None:
            continue
        start = kernels[plastic.kernel].start
        if start is None:
            first = int(tiles.sensor[index])
            for flat, charge in (
                (sensors.causal, plastic.charge_causal),
                (sensors.anticausal, plastic.charge_anticausal),
            ):
                if charge is not None:
                    view_of(flat, tiles, index, first)[:] = charge
        elif start.reads:
            _fill(readout, plastic, start, int(constants[index]), _measured(plastic, start, rng))


def _measured(plastic: PlasticModel, start: StartModel, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    """Return the constants that a kernel makes of readings directly after a reset."""
    readings = (
        (
            _reading(plastic.baseline_causal, plastic.noise_causal, rng),
            _reading(plastic.baseline_anticausal, plastic.noise_anticausal, rng),
        )
        for _ in range(start.reads)
    )
    balance = None if start.balance is None else plastic.constants[start.balance].astype(np.int64)
    return measured_baselines(readings, balance)


def _reading(baseline: NDArray[np.float32], noise: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    level = baseline + noise * rng.standard_normal(baseline.shape, dtype=np.float32)
    return np.clip(np.floor(level + np.float32(0.5)), 0.0, _HIGHEST_CODE).astype(np.int64)


def _fill(
    readout: Readout, plastic: PlasticModel, start: StartModel, first: int, found: dict[str, NDArray[np.int64]]
) -> None:
    per_row, rows, columns = plastic.constants.shape
    for name, place in start.places.items():
        readout.constants[first + place : first + rows * per_row : per_row, :columns] = found[name]

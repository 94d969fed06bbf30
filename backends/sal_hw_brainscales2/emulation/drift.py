"""Drift: how a synthetic chip changes between two times."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from typing_extensions import assert_never

from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.emulation.spreads import Spread, Spreads


def drifted(
    chip: CalibrationSnapshot, spreads: Spreads, drifts: Mapping[str, float], *, seed: int, taken_at: str
) -> CalibrationSnapshot:
    """Return the truth about a chip after some of its properties have drifted.

    Parameters
    ----------
    chip
        As it was before.
    spreads
        Says which tables belong to a name.
    drifts
        By name of a spread: standard deviation of the change of each instance, in the unit of the spread; factors
        ``exp(drift * N(0, 1))`` for log-normal ones. What is not named stays exactly as it was.
    seed
        Seed of the changes; every table has a random stream of its own.
    taken_at
        The later time, UTC.
    """
    moved = {name: entry for entry in spreads.entries if drifts.get(entry.name, 0.0) > 0.0 for name in entry.tables}
    tables = tuple(
        _moved(table, moved[table.name], drifts[moved[table.name].name], seed) if table.name in moved else table
        for table in chip.tables
    )
    return replace(chip, tables=tables, taken_at=taken_at, parent=chip.hash)


def _moved(table: ParameterTable, entry: Spread, drift: float, seed: int) -> ParameterTable:
    stream = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(f"drift.{table.name}".encode()),))
    deviates = np.random.default_rng(stream).standard_normal(table.measured.shape)
    kind = TABLES[table.name]
    match entry.distribution:
        case "lognormal":
            values = table.measured * np.exp(drift * deviates)
        case "normal" | "constant":
            values = table.measured + drift * deviates
        case "share" | "correlation":
            raise ValueError(f"{entry.name} is a {entry.distribution}, and no table drifts by one")
        case _:
            assert_never(entry.distribution)
    return replace(table, measured=frozen(np.clip(values, kind.lowest, kind.highest).astype(table.measured.dtype)))

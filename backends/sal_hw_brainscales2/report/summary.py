"""What a chip program uses, as plain data: placement, rows, stored weights, plasticity, noise generators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.stored_weights import stored_weights
from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription
from sal_hw_brainscales2.passes.chip_rows import ON_CHIP
from sal_hw_brainscales2.program import ChipProgram, PlacedKernel
from sal_hw_brainscales2.report.data import in_degrees, used_rows

Document = dict[str, Any]


def chip_report(program: CompiledProgram, target: TargetDescription) -> Document:
    """Return what a program uses of a chip, per topic; empty for a target without placement.

    Times of the chip are in us, times of the model in ms. Weights are in the unit that stands beside them.
    """
    chip = program.part
    if not isinstance(chip, ChipProgram):
        return {}
    return {
        "placement": _placement(program, chip),
        "rows": _rows(chip, target),
        "chip_rows": [
            note
            for record in program.trace
            for note in record.notes
            if record.name == "place_and_route" and note.startswith(ON_CHIP)
        ],
        "in_degree": _in_degree(program, target),
        "weights": stored_weights(program),
        "plasticity": [_plasticity(program, chip, kernel, target) for kernel in chip.kernels],
        "background": _background(chip, target),
        "external": [
            {"name": item.name, "population": item.population, "spikes": len(item.time_us)} for item in chip.external
        ],
    }


def _limit(target: TargetDescription, name: str) -> float:
    high = target.limits[name].high
    if high is None:
        raise TypeError(f"target {target.family} has no upper limit of {name}")
    return high


def _placement(program: CompiledProgram, chip: ChipProgram) -> list[Document]:
    found = []
    for block in program.neurons:
        hemisphere, column = np.divmod(chip.neurons.site[block.offset : block.offset + block.size], chip.columns)
        found += [
            {
                "population": block.population,
                "hemisphere": int(half),
                "neurons": int((hemisphere == half).sum()),
                "columns": _intervals(np.sort(column[hemisphere == half])),
            }
            for half in np.unique(hemisphere)
        ]
    return found


def _intervals(numbers: NDArray[np.int64]) -> list[list[int]]:
    """Return sorted numbers as closed intervals of neighbours."""
    pieces = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [[int(piece[0]), int(piece[-1])] for piece in pieces]


def _rows(chip: ChipProgram, target: TargetDescription) -> list[Document]:
    buses, per_bus = int(_limit(target, "buses")), int(_limit(target, "rows_per_bus"))
    found = []
    for hemisphere, rows in used_rows(chip):
        used = np.bincount(rows // per_bus, minlength=buses)
        found += [
            {"hemisphere": hemisphere, "bus": bus, "used": int(used[bus]), "available": per_bus} for bus in range(buses)
        ]
    return found


def _in_degree(program: CompiledProgram, target: TargetDescription) -> Document:
    rows = in_degrees(program)
    largest = int(rows.max(initial=0))
    return {"mean": float(rows.mean()), "largest": largest, "limit": int(_limit(target, "in_degree"))}


def _rows_of(chip: ChipProgram, projection: str) -> list[int]:
    """Return the rows of a learning projection per hemisphere, those of different signs counted apart."""
    rows = [0] * chip.hemispheres
    for tile in chip.tiles_of(projection):
        rows[tile.hemisphere] += len(tile.rows)
    return rows


def _plasticity(
    program: CompiledProgram, chip: ChipProgram, kernel: PlacedKernel, target: TargetDescription
) -> Document:
    # the processors work on the rows of all learning projections, one after the other
    together = np.sum([_rows_of(chip, item.projection) for item in chip.kernels], axis=0)
    update_us = int(together.max(initial=0)) * (kernel.row_time_us + kernel.row_store_us)
    step_us = program.timestep_ms * 1e3 / chip.time_scale
    least_us = max(target.limits["update_period"].low or 0.0, _limit(target, "update_period_margin") * update_us)
    code = kernel.excitatory or kernel.inhibitory
    return {
        "rule": kernel.rule,
        "projection": kernel.projection,
        "rows": _rows_of(chip, kernel.projection),
        "row_time_us": kernel.row_time_us,
        "row_store_us": kernel.row_store_us,
        "update_us": update_us,
        "period_us": kernel.period_us,
        "period_least_us": math.ceil(least_us / step_us - 1e-9) * step_us,
        "period_ms": kernel.period_us * chip.time_scale * 1e-3,
        "constants": list(code.constants) if code is not None else [],
        "constant_bytes_per_synapse": code.constant_bytes if code is not None else 0,
        "memory": kernel.memory,
        "lead_us": kernel.lead_us,
        "baseline_reads": code.baseline_reads if code is not None else 0,
        # either row takes half of a change
        "two_rows": kernel.excitatory is not None and kernel.inhibitory is not None,
    }


def _background(chip: ChipProgram, target: TargetDescription) -> list[Document]:
    buses = int(_limit(target, "buses"))
    return [
        {
            "name": item.name,
            "population": item.population,
            "hemisphere": item.hemisphere,
            "bus": item.generator % buses,
            "trains": item.size,
            "rate_hz": item.rate_hz / chip.time_scale,
            "chip_rate_hz": item.rate_hz,
        }
        for item in chip.background
    ]

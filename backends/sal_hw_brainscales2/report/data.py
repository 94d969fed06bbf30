"""The numbers behind the pictures of a chip program: its synapses, its stored weights and what each neuron receives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.stored_weights import target_population, weight_unit
from sal_hw.plots.table import FigureTable
from sal_hw.program import CompiledProgram
from sal_hw.spec.signs import sign_of
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.program import ChipProgram, SynapseTile

Floats = NDArray[np.float64]

#: below this a gain is taken for this, as the compiler does when it divides by gains
_LEAST_GAIN = 1e-3


def placed_chip(program: CompiledProgram) -> ChipProgram:
    """Return the part of a program that speaks of a chip.

    Raises
    ------
    TypeError
        If the program was not compiled for a chip.
    """
    return program.part_of(ChipProgram)


def tabulate_synapses(program: CompiledProgram) -> FigureTable | None:
    """Return every used synapse of the chip with its place, label and code; None if there are none."""
    tables = [_synapses(tile) for tile in placed_chip(program).tiles if tile.exists.any()]
    return _joined(tables)


def _synapses(tile: SynapseTile) -> FigureTable:
    source, column = np.nonzero(tile.exists)
    return FigureTable.of(
        owner=np.array(tile.owner),
        polarity=np.array(tile.polarity),
        hemisphere=tile.hemisphere,
        row=tile.rows[source],
        column=tile.columns[column],
        label=tile.labels[source],
        code=tile.codes[source, column].astype(np.int64),
    )


def tabulate_weights(program: CompiledProgram, calibration: CalibrationSnapshot | None = None) -> FigureTable | None:
    """Return wanted and stored weight of every synapse whose weight is not zero; None if there are none.

    Parameters
    ----------
    calibration
        What the program was compiled with. Where it knows the strength of a synapse, the stored weight is the one
        that takes effect: code times weight of one code times known strength. Learning synapses and given codes are
        stored without regard to it, as the compiler does.
    """
    chip = placed_chip(program)
    as_given = {kernel.projection for kernel in chip.kernels}
    as_given |= {item.name for item in program.stimuli if item.kind == "poisson" and item.code is not None}
    tables = []
    for tile in chip.tiles:
        gain = np.ones(tile.codes.shape) if tile.owner in as_given else _gain(calibration, tile)
        wanted = _wanted(program, tile)
        if (wanted > 0.0).any():
            tables.append(_weights(program, tile, wanted, gain))
    return _joined(tables)


def _wanted(program: CompiledProgram, tile: SynapseTile) -> Floats:
    """Return the magnitudes that a tile's synapses stand for, shape (sources, columns), in model units."""
    sign = float(sign_of(tile.polarity))
    for block in program.synapses:
        if block.projection == tile.owner:
            return np.where(tile.exists, np.maximum(sign * block.weights[:, tile.post], 0.0), 0.0)
    stimulus = next(item for item in program.stimuli if item.name == tile.owner)
    if stimulus.kind == "poisson" and stimulus.code is not None:
        lsb = program.scaling_of(tile.owner).lsb[tile.post]
        return np.where(tile.exists, stimulus.code * lsb, 0.0)
    return np.where(tile.exists, np.diag(np.maximum(sign * stimulus.weights[tile.post], 0.0)), 0.0)


def _gain(calibration: CalibrationSnapshot | None, tile: SynapseTile) -> Floats:
    table = calibration.table("gain_ratio") if calibration is not None else None
    if table is None:
        return np.ones(tile.codes.shape)
    place = (tile.hemisphere, tile.rows[:, None], tile.columns[None, :])
    return np.asarray(np.maximum(np.where(table.ok[place], table.measured[place], 1.0), _LEAST_GAIN), dtype=np.float64)


def _weights(program: CompiledProgram, tile: SynapseTile, wanted: Floats, gain: Floats) -> FigureTable:
    lsb = np.broadcast_to(program.scaling_of(tile.owner).lsb[tile.post], tile.codes.shape)
    pre, column = np.nonzero(wanted > 0.0)
    sign = float(sign_of(tile.polarity))
    code, step = tile.codes[pre, column].astype(np.int64), lsb[pre, column] * gain[pre, column]
    asked = wanted[pre, column]
    return FigureTable.of(
        owner=np.array(tile.owner),
        pre=pre,
        post=tile.post[column],
        unit=np.array(weight_unit(program, tile.owner)),
        wanted=sign * asked,
        stored=sign * code * step,
        code=code,
        error_lsb=sign * (code - asked / step),
    )


def tabulate_in_degree(program: CompiledProgram) -> FigureTable | None:
    """Return how many synapse rows each neuron uses, per projection or stimulus; None if there are none.

    A source with weights of both signs uses two rows. Neurons are in the executor's order.
    """
    chip = placed_chip(program)
    rows: dict[str, NDArray[np.int64]] = {}
    for tile in chip.tiles:
        block = program.neuron_block(target_population(program, tile.owner))
        counts = rows.setdefault(tile.owner, np.zeros(program.n_neurons, dtype=np.int64))
        np.add.at(counts, block.offset + tile.post, tile.exists.sum(axis=0))
    names = np.concatenate([np.full(block.size, block.population) for block in program.neurons])
    index = np.concatenate([np.arange(block.size) for block in program.neurons])
    tables = {owner: FigureTable.of(population=names, neuron=index, rows=counts) for owner, counts in rows.items()}
    return FigureTable.stack(tables, by="owner") if tables else None


def in_degrees(program: CompiledProgram) -> NDArray[np.int64]:
    """Return the number of synapse rows that each neuron uses in all, shape (neurons,)."""
    table = tabulate_in_degree(program)
    if table is None:
        return np.zeros(program.n_neurons, dtype=np.int64)
    return np.asarray(table["rows"].reshape(-1, program.n_neurons).sum(axis=0))


def used_rows(chip: ChipProgram) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each hemisphere with the numbers of the rows that have synapses, in order."""
    for hemisphere in range(chip.hemispheres):
        rows = [tile.rows[tile.exists.any(axis=1)] for tile in chip.tiles if tile.hemisphere == hemisphere]
        yield hemisphere, np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *rows]))


def _joined(tables: list[FigureTable]) -> FigureTable | None:
    if not tables:
        return None
    return FigureTable({name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns})

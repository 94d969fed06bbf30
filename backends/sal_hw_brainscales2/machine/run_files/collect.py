"""Collecting what a run file needs of a compiled program."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, NeuronBlock
from sal_hw.program.streams import machine_seed
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.machine.ppu.kept import keeps
from sal_hw_brainscales2.machine.run_files.run_data import (
    Arrays,
    BackgroundData,
    ExternalData,
    PopulationData,
    ProjectionData,
    RuleData,
    RunData,
)
from sal_hw_brainscales2.program import ChipProgram, SynapseTile

#: settings of the circuits that a run file sets per neuron
_SETTINGS = (
    "v_leak_lsb",
    "v_reset_lsb",
    "v_threshold_lsb",
    "tau_mem_us",
    "tau_syn_exc_us",
    "tau_syn_inh_us",
    "refractory_us",
)


def collect_run_data(program: CompiledProgram, *, updates: int, seed: int, duration_ms: float | None = None) -> RunData:
    """Return what a run file needs of a program.

    Parameters
    ----------
    updates
        How many weight updates the run lasts; 0 for a program without a learning rule.
    seed
        The run's, which the seeds of the background generators follow from.
    duration_ms
        Model time of a program without a learning rule; None for one with a rule.

    Raises
    ------
    TypeError
        If the program was not compiled for a chip, or nothing sets how long the run lasts.
    """
    chip = program.part_of(ChipProgram)
    lasts_ms = duration_ms if program.update_ms is None else updates * program.update_ms
    if chip is None or lasts_ms is None:
        raise TypeError("a run file is made of a program for a chip with a learning rule or a duration")
    return RunData(
        program_hash=program.hash,
        target=program.target,
        snapshot_hash=program.snapshot_hash,
        seed=seed,
        time_scale=chip.time_scale,
        runtime_us=lasts_ms * 1e3 / chip.time_scale,
        lead_us=max((placed.lead_us for placed in chip.kernels), default=0.0),
        after_us=max((placed.period_us for placed in chip.kernels), default=0.0),
        updates=updates if program.rules else 0,
        populations=tuple(_population(program, block) for block in program.neurons),
        projections=tuple(_projections(program, chip)),
        background=tuple(_background(chip, seed)),
        external=tuple(ExternalData(name=item.name, population=item.population) for item in chip.external),
        rules=tuple(_rules(program, chip, updates)),
        arrays=_arrays(program, chip),
    )


def _population(program: CompiledProgram, block: NeuronBlock) -> PopulationData:
    seen = {type(item) for item in program.probes if getattr(item, "population", None) == block.population}
    return PopulationData(
        name=block.population,
        size=block.size,
        # rates and silent neurons are part of every result
        record_spikes=True,
        record_membrane=MembraneProbe in seen,
    )


def _owners(chip: ChipProgram) -> list[tuple[str, Polarity]]:
    """Return owners with their polarities, in the order of the tiles."""
    return list(dict.fromkeys((tile.owner, tile.polarity) for tile in chip.tiles))


def _projections(program: CompiledProgram, chip: ChipProgram) -> Iterator[ProjectionData]:
    learning = {placed.projection for placed in chip.kernels}
    blocks = {block.projection: block for block in program.synapses}
    for owner, polarity in _owners(chip):
        if owner in blocks:
            block = blocks[owner]
            yield ProjectionData(
                name=owner,
                polarity=polarity,
                source=block.source,
                target=block.target,
                learns=owner in learning,
            )


def _background(chip: ChipProgram, seed: int) -> Iterator[BackgroundData]:
    for source in chip.background:
        yield BackgroundData(
            name=source.name,
            population=source.population,
            hemisphere=source.hemisphere,
            generator=source.generator,
            size=source.size,
            rate_hz=source.rate_hz,
            seed=machine_seed(source.stream((seed,))),
            polarities=tuple(sorted({tile.polarity for tile in chip.tiles_of(source.name)})),
        )


def _rules(program: CompiledProgram, chip: ChipProgram, updates: int) -> Iterator[RuleData]:
    for number, placed in enumerate(chip.kernels):
        kernel = placed.excitatory or placed.inhibitory
        given = kernel.given_constants if kernel is not None else ()
        kept = keeps(program, placed, updates)
        yield RuleData(
            number=number,
            projection=placed.projection,
            start_us=placed.start_us,
            period_us=placed.period_us,
            updates=updates,
            memory=placed.memory,
            constants=tuple(sorted(given)),
            constants_per_synapse=bool(placed.chip_constants),
            senses=kept.senses,
            record_every=kept.every,
            lead_calls=placed.lead_calls,
            measured=tuple(sorted(set(kernel.constants) - set(given))) if kernel is not None else (),
        )


def _arrays(program: CompiledProgram, chip: ChipProgram) -> Arrays:
    arrays: Arrays = {}
    for block in program.neurons:
        part = slice(block.offset, block.offset + block.size)
        arrays[f"neurons.{block.population}.site"] = chip.neurons.site[part]
        for name in _SETTINGS:
            arrays[f"neurons.{block.population}.{name}"] = getattr(chip.neurons, name)[part]
        for polarity, drive in (("exc", chip.neurons.drive_exc_lsb), ("inh", chip.neurons.drive_inh_lsb)):
            arrays[f"neurons.{block.population}.synaptic_bias_{polarity}"] = synaptic_bias(drive[part])
    for number, tile in enumerate(chip.tiles):
        _add_tile(arrays, program, chip, number, tile)
    for number, placed in enumerate(chip.kernels):
        arrays |= {f"chip.{number}.{name}": values for name, values in placed.chip_constants.items()}
    for source in chip.external:
        arrays[f"external.{source.name}.time_us"] = source.time_us
        arrays[f"external.{source.name}.neuron"] = source.neuron
    return arrays


def synaptic_bias(drive_lsb: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bias of the synaptic input (calix: i_synin_gm) for a steady drive per weight unit, in CADC LSB.

    The strength is taken as proportional to the bias, from the calibration's default; see the target description.
    """
    limits = brainscales2_description.limits
    per_bias = float(limits["synaptic_drive_default"].high or 0) / float(limits["synaptic_bias_default"].high or 1)
    allowed = limits["synaptic_input_bias"]
    return np.clip(np.rint(drive_lsb / per_bias), allowed.low, allowed.high).astype(np.int64)


def _add_tile(arrays: Arrays, program: CompiledProgram, chip: ChipProgram, number: int, tile: SynapseTile) -> None:
    """Add a tile's codes and constants to the arrays of its owner, in the owner's own numbering of neurons."""
    key = f"{tile.owner}.{tile.polarity}"
    shape, sources = _shape(program, tile)
    parts: Arrays = {"codes": tile.codes, "exists": tile.exists}
    for name, values in parts.items():
        whole = arrays.setdefault(f"{name}.{key}", np.zeros(shape, dtype=values.dtype))
        whole[np.ix_(sources, tile.post)] = values
    for placed in chip.kernels:
        if placed.projection != tile.owner:
            continue
        for name, values in placed.constants.items():
            constant, _, index = name.rpartition(".")
            if int(index) == number:
                whole = arrays.setdefault(f"constants.{key}.{constant}", np.zeros(shape, dtype=np.int64))
                whole[np.ix_(sources, tile.post)] = values


def _shape(program: CompiledProgram, tile: SynapseTile) -> tuple[tuple[int, int], NDArray[np.int64]]:
    for block in program.synapses:
        if block.projection == tile.owner:
            return block.weights.shape, np.arange(block.weights.shape[0])
    population = next(item.population for item in program.stimuli if item.name == tile.owner)
    size = program.neuron_block(population).size
    # train or input k belongs to the k-th neuron that its tile has
    return (size, size), tile.post

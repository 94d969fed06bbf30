"""Membrane samples as a user gets them: in mV, and from a chip as its CADC reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, NeuronBlock
from sal_hw.spec.probes import MembraneProbe
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_emulator.engines.lif.simulation import Piece
from sal_hw_emulator.lif_loader import membrane_probe

Samples = dict[str, NDArray[np.float64]]


def read_codes(
    chip: ChipModel, site: NDArray[np.int64], potential_lsb: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return what the CADC channels of circuits make of potentials: whole numbers 0 .. 255, of the same shape.

    Parameters
    ----------
    site
        Shape (neurons,): the circuits.
    potential_lsb
        Shape (samples, neurons).
    """
    analog = chip.neuron("cadc_gain_ratio", site) * potential_lsb + chip.neuron("cadc_offset_lsb", site)
    analog = analog + chip.neuron("cadc_noise_lsb", site) * rng.standard_normal(potential_lsb.shape)
    return np.clip(np.rint(analog), 0, 255)


def read_membranes(
    program: CompiledProgram, chip: ChipModel, pieces: Sequence[Piece], seed: np.random.SeedSequence
) -> tuple[Samples, Samples]:
    """Return, per probed population, sample times in ms, shape (samples,), and potentials, shape (samples, neurons)."""
    neurons, _ = membrane_probe(program)
    times: Samples = {}
    potentials: Samples = {}
    if not len(neurons):
        return times, potentials
    step = np.concatenate([piece.membrane_step for piece in pieces])
    values = np.concatenate([piece.membrane for piece in pieces])
    rng = np.random.default_rng(seed)
    for probe in program.probes:
        if not isinstance(probe, MembraneProbe):
            continue
        block = program.neuron_block(probe.population)
        taken = step % round(probe.every_ms / program.timestep_ms) == 0
        columns = np.searchsorted(neurons, np.arange(block.offset, block.offset + block.size))
        # a sample is taken at the end of its step
        times[block.population] = (step[taken] + 1) * program.timestep_ms
        potentials[block.population] = _in_mv(program, chip, block, values[np.ix_(taken, columns)], rng)
    return times, potentials


def _in_mv(
    program: CompiledProgram, chip: ChipModel, block: NeuronBlock, values: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    if program.chip is None:
        return values
    site = program.chip.neurons.site[block.offset : block.offset + block.size]
    codes = read_codes(chip, site, values, rng)
    rest = block.lif.v_rest_mv if block.lif is not None else 0.0
    name = block.population
    return np.asarray((codes - program.chip.v_rest_lsb[name]) / program.chip.lsb_per_mv[name] + rest)

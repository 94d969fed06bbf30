"""Membranes of an emulated chip, as its CADC reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, NeuronBlock
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.membrane_reading import ReadPotentials


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


def reader_of(program: CompiledProgram, chip: ChipModel) -> ReadPotentials:
    """Return what turns potentials in LSB into what a user gets: codes of the CADC, in mV of the model."""
    part = program.part_of(ChipProgram)

    def read(block: NeuronBlock, potentials: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        site = part.neurons.site[block.offset : block.offset + block.size]
        codes = read_codes(chip, site, potentials, rng)
        rest = block.lif.v_rest_mv if block.lif is not None else 0.0
        name = block.population
        return np.asarray((codes - part.v_rest_lsb[name]) / part.lsb_per_mv[name] + rest)

    return read

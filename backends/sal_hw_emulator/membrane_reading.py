"""Membrane samples as a user gets them, in mV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, NeuronBlock
from sal_hw.spec.probes import MembraneProbe
from sal_hw_emulator.engines.lif.simulation import Piece
from sal_hw_emulator.lif_loader import membrane_probe

Samples = dict[str, NDArray[np.float64]]

#: what a machine makes of a population's potentials, shape (samples, neurons), as the engine has them: mV, same shape
ReadPotentials: TypeAlias = Callable[[NeuronBlock, NDArray[np.float64], np.random.Generator], NDArray[np.float64]]


def read_exactly(block: NeuronBlock, potentials: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return potentials that the engine has in mV, as they are."""
    del block, rng
    return potentials


def read_membranes(
    program: CompiledProgram,
    pieces: Sequence[Piece],
    seed: np.random.SeedSequence,
    read: ReadPotentials = read_exactly,
) -> tuple[Samples, Samples]:
    """Return, per probed population, sample times in ms, shape (samples,), and potentials, shape (samples, neurons).

    Parameters
    ----------
    seed
        Seed of what reading adds to the potentials.
    read
        What the machine makes of them.
    """
    neurons, _ = membrane_probe(program)
    times: Samples = {}
    potentials: Samples = {}
    if not len(neurons):
        return times, potentials
    step = np.concatenate([piece.membrane_step for piece in pieces])
    values = np.concatenate([piece.membrane for piece in pieces])
    rng = np.random.default_rng(seed)
    for probe in program.probes_of(MembraneProbe):
        block = program.neuron_block(probe.population)
        taken = step % round(probe.every_ms / program.timestep_ms) == 0
        columns = np.searchsorted(neurons, np.arange(block.offset, block.offset + block.size))
        # a sample is taken at the end of its step
        times[block.population] = (step[taken] + 1) * program.timestep_ms
        potentials[block.population] = read(block, values[np.ix_(taken, columns)], rng)
    return times, potentials

"""The synapses of one core as they stand in its memory: which words, with which delays, on which receptor.

Sources: sPyNNaker 1!7.4.1, neuron/master_pop_table.py (the table of sources), neuron/synapse_io.py (rows),
neuron/synapse_dynamics/synapse_dynamics_{static,stdp}.py (what a row holds).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: 32-bit words of an entry of the table, and before the rows' data; an address counts 16 bytes, all ones is none
_ENTRY_WORDS, _HEADER_WORDS, _ADDRESS_BYTES, _NO_ADDRESS = 5, 3, 16, (1 << 24) - 1
#: 16-bit halves at the beginning of the learning part of a row: time and trace of the last pre spike
_TRACE_HALVES = 4

Words = NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreParameters:
    """Numbers that all synapses of a core share.

    Attributes
    ----------
    neuron_bits, receptor_bits
        Bits of the target's index and of the receptor in the half-word of a synapse; the delay has the rest.
    delay_slots
        Slots of its ring buffers; a delay of as many steps is written as 0.
    shifts
        Of the excitatory and the inhibitory ring buffers.
    """

    neuron_bits: int
    receptor_bits: int
    delay_slots: int
    shifts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """The synapses of one projection on one core, one entry per synapse.

    Attributes
    ----------
    source
        Index within the source.
    target
        Index within the core.
    """

    plastic: bool
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    receptor: NDArray[np.int64]
    delay_steps: NDArray[np.int64]
    words: NDArray[np.int64]


def as_words(data: NDArray[np.uint8]) -> Words:
    """Return bytes as 32-bit words."""
    return np.ascontiguousarray(data).view("<u4").astype(np.uint32)


def core_parameters(data: NDArray[np.uint8]) -> CoreParameters:
    """Return the numbers of the region ``SynapseParams``."""
    _, receptors, neuron_bits, receptor_bits, delay_bits, _, _, *shifts = as_words(data).tolist()
    return CoreParameters(
        neuron_bits=neuron_bits,
        receptor_bits=receptor_bits,
        delay_slots=1 << delay_bits,
        shifts=tuple(shifts[:receptors]),
    )


def learning_parameters(data: NDArray[np.uint8], receptors: int) -> NDArray[np.int64]:
    """Return lower and upper bound and both amplitudes per receptor, S16.15, shape (receptors, 4)."""
    return as_words(data)[-4 * receptors :].view(np.int32).astype(np.int64).reshape(receptors, 4)


def source_blocks(
    table: NDArray[np.uint8], blocks: NDArray[np.uint8], sizes: dict[int, int], common: CoreParameters
) -> dict[int, list[Block]]:
    """Return the blocks of each source by its key, in the order in which its projections were made.

    Parameters
    ----------
    table, blocks
        The regions ``PopTable`` and ``SynBlocks``.
    sizes
        Neurons of each source by its key.
    """
    words, data = as_words(table), as_words(blocks)
    entries, first_address = int(words[0]), 2 + int(words[0]) * _ENTRY_WORDS
    found: dict[int, list[Block]] = {}
    for entry in words[2:first_address].reshape(entries, _ENTRY_WORDS):
        key, start, count = int(entry[0]), int(entry[2]) & 0x1FFF, int(entry[2]) >> 16
        addresses = words[first_address + start : first_address + start + count]
        found[key] = [_block(data, int(item), sizes[key], common) for item in addresses if item >> 8 != _NO_ADDRESS]
    return found


def _block(data: Words, address: int, sources: int, common: CoreParameters) -> Block:
    """Return the synapses behind one address: a row of equal length per source."""
    length = (address & 0xFF) + 1 + _HEADER_WORDS
    start = (address >> 8) * _ADDRESS_BYTES // 4
    rows = data[start : start + length * sources].reshape(sources, length)
    plastic = bool(rows[:, 0].any())
    pieces = [_plastic_row(row) if plastic else _static_row(row) for row in rows]
    counts = [len(words) for words, _ in pieces]
    words = np.concatenate([item for item, _ in pieces]).astype(np.int64)
    control = np.concatenate([item for _, item in pieces]).astype(np.int64)
    delay = control >> (common.neuron_bits + common.receptor_bits)
    return Block(
        plastic=plastic,
        source=np.repeat(np.arange(sources), counts),
        target=control & ((1 << common.neuron_bits) - 1),
        receptor=(control >> common.neuron_bits) & ((1 << common.receptor_bits) - 1),
        delay_steps=np.where(delay == 0, common.delay_slots, delay),
        words=words,
    )


def _static_row(row: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return words and control halves: both in one 32-bit word."""
    synapses = row[_HEADER_WORDS : _HEADER_WORDS + int(row[1])]
    return synapses >> np.uint32(16), synapses & np.uint32(0xFFFF)


def _plastic_row(row: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return words and control halves: first all words, after the traces, then how many there are, then all halves."""
    changing = int(row[0])
    if row[1 + changing]:
        raise ValueError("a row has static and learning synapses")
    count = int(row[2 + changing])
    halves = row[1 : 1 + changing].view("<u2")[_TRACE_HALVES:]
    control = row[_HEADER_WORDS + changing :].view("<u2")
    return halves[:count].astype(np.uint32), control[:count].astype(np.uint32)

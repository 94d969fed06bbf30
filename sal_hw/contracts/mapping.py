"""What a machine's own software makes of a program without the machine: where it would lie, and what would be stored.

Mapping runs nothing. A report therefore has no spikes, no learned weights and no metrics, and never stands for a run.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sal_hw.contracts.backend import Backend
from sal_hw.program import CompiledProgram
from sal_hw.storage.document import document

#: version of the report's format on disk
MAPPING_SCHEMA = 1


@document
class MappedCore:
    """Neurons or sources that one core would compute.

    Attributes
    ----------
    owner
        The population or stimulus that they belong to.
    first, last
        Range of their indices, both included.
    x, y, core
        Chip, and core of the chip.
    key, mask
        Their spikes are packets whose key agrees with `key` in the bits of `mask`; None where nothing is sent.
    memory_bytes
        Memory of the chip that the core's tables take.
    """

    owner: str
    first: int
    last: int
    x: int
    y: int
    core: int
    key: int | None
    mask: int | None
    memory_bytes: int


@document
class MappedSynapses:
    """Synapses of one sign as they would be stored.

    Attributes
    ----------
    name
        Of the part of the program.
    shift
        Of their ring buffer.
    synapses
        How many there are; the word and the delay of each are those of the program.
    word_min, word_max
        Range of the stored words.
    """

    name: str
    shift: int
    synapses: int
    word_min: int
    word_max: int


@document
class MappedChip:
    """Entries in the routing table of one chip, before any compression."""

    x: int
    y: int
    entries: int


@document
class MappingReport:
    """A mapping that was compared with its program and agrees with it.

    Attributes
    ----------
    program_hash, target
        What was mapped.
    software
        The machine's software, with its release.
    machine
        What it was mapped on, in words.
    cores, synapses, tables
        Where everything would lie.
    """

    program_hash: str
    target: str
    software: str
    machine: str
    cores: tuple[MappedCore, ...]
    synapses: tuple[MappedSynapses, ...]
    tables: tuple[MappedChip, ...]


@runtime_checkable
class Mapper(Backend, Protocol):
    """A backend whose software maps programs without a machine: an option, besides :class:`Backend`."""

    def map_program(self, program: CompiledProgram, *, updates: int, seed: int) -> MappingReport:
        """Map a program, and compare all of it with what was compiled.

        Parameters
        ----------
        updates
            How many updates a run of it would last.
        seed
            Seed of everything random in such a run.

        Raises
        ------
        sal_hw.errors.DeviceError
            If the software is missing or fails.
        sal_hw.errors.IntegrityError
            If what was mapped is not what was compiled.
        """

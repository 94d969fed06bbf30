"""Coordinates (halco, include/halco/hicann-dls/vx: synapse.h, v3/synapse.h, ppu.h, highspeed_link.h and others).

Numbers out of range raise, as halco's ranged types do.
"""

from __future__ import annotations

from collections.abc import Iterator


class Ranged(int):
    """A whole number within limits (halco, common/geometry.h: RantWrapper)."""

    lowest, highest = 0, 2**32 - 1

    def __new__(cls, value: int = 0) -> Ranged:
        """Check the range."""
        if not isinstance(value, int):
            raise TypeError(f"{cls.__name__} takes a whole number, not {type(value).__name__}")
        if not cls.lowest <= value <= cls.highest:
            raise RuntimeError(f"{cls.__name__}: {value} leaves {cls.lowest} .. {cls.highest}")
        return super().__new__(cls, value)

    def value(self) -> int:
        """Return the number."""
        return int(self)


class HemisphereOnDLS(Ranged):
    """Top or bottom."""

    highest = 1
    top: HemisphereOnDLS
    bottom: HemisphereOnDLS


HemisphereOnDLS.top, HemisphereOnDLS.bottom = HemisphereOnDLS(0), HemisphereOnDLS(1)


class PPUMemoryBlockSize(Ranged):
    """Words of a block in a processor's memory of 16 KiB."""

    lowest, highest = 1, 4096


class ExternalPPUDRAMMemoryBlockSize(Ranged):
    """Bytes of a block in the FPGA's memory of 256 MiB."""

    lowest, highest = 1, 2**28


class PhyStatusOnFPGA(Ranged):
    """One of the links between the FPGA and the chip."""

    highest = 7


class CrossbarInputOnDLS(Ranged):
    """One of the crossbar's inputs."""

    highest = 19


class SynramOnDLS(Ranged):
    """One of the two synapse arrays."""

    highest = 1


class SynapseRowOnSynram(Ranged):
    """A row."""

    highest = 255


class SynapseOnSynapseRow(Ranged):
    """A column."""

    highest = 255


class SynapseRowOnDLS:
    """A row and its array."""

    def __init__(self, row: SynapseRowOnSynram, synram: SynramOnDLS) -> None:
        self._row, self._synram = row, synram

    def toSynapseRowOnSynram(self) -> SynapseRowOnSynram:  # noqa: N802
        """Return the place within the array."""
        return self._row

    def toSynramOnDLS(self) -> SynramOnDLS:  # noqa: N802
        """Return the array."""
        return self._synram


class PADIBusOnPADIBusBlock(Ranged):
    """A bus of a hemisphere (padi.h)."""

    highest = 3


class AtomicNeuronOnDLS(Ranged):
    """A circuit (neuron.h)."""

    highest = 511


class LogicalNeuronCompartments:
    """How many circuits each compartment of a neuron has (v3/neuron.h); here always one of one."""


class LogicalNeuronOnDLS:
    """A neuron that begins at a circuit (v3/neuron.h)."""

    def __init__(self, compartments: LogicalNeuronCompartments, anchor: AtomicNeuronOnDLS) -> None:
        if not isinstance(compartments, LogicalNeuronCompartments) or not isinstance(anchor, AtomicNeuronOnDLS):
            raise TypeError("__init__(): incompatible constructor arguments")
        self.anchor = anchor


def iter_all(coordinate: type[Ranged]) -> Iterator[Ranged]:
    """Yield all coordinates of a kind (halco, common/iter_all.h)."""
    return (coordinate(number) for number in range(coordinate.lowest, coordinate.highest + 1))

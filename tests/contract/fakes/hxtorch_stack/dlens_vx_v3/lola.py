"""Larger containers (haldls, include/lola/vx: ppu.h, v3/chip.h, v3/cadc.h)."""

from __future__ import annotations

from dlens_vx_v3.hal import ExternalPPUDRAMMemoryByte
from dlens_vx_v3.halco import ExternalPPUDRAMMemoryBlockSize


class ExternalPPUDRAMMemoryBlock:
    """Bytes of the FPGA's memory; as many as it was made with."""

    def __init__(self, size: ExternalPPUDRAMMemoryBlockSize) -> None:
        if not isinstance(size, ExternalPPUDRAMMemoryBlockSize):
            raise TypeError("ExternalPPUDRAMMemoryBlock takes an ExternalPPUDRAMMemoryBlockSize")
        self._bytes = [ExternalPPUDRAMMemoryByte(ExternalPPUDRAMMemoryByte.Value(0))] * size

    @property
    def bytes(self) -> list[ExternalPPUDRAMMemoryByte]:
        """Return the bytes."""
        return list(self._bytes)

    @bytes.setter  # noqa: A003 - its name in haldls
    def bytes(self, content: list[ExternalPPUDRAMMemoryByte]) -> None:
        if len(content) != len(self._bytes) or not all(isinstance(each, ExternalPPUDRAMMemoryByte) for each in content):
            raise RuntimeError(f"given vector size ({len(content)}) does not match block size ({len(self._bytes)})")
        self._bytes = list(content)

    def size(self) -> int:
        """Return how many there are."""
        return len(self._bytes)

    def get_subblock(self, begin: int, length: ExternalPPUDRAMMemoryBlockSize) -> ExternalPPUDRAMMemoryBlock:
        """Return a copy of some."""
        if begin + length > len(self._bytes):
            raise RuntimeError("get_subblock: subblock is out of range")
        found = ExternalPPUDRAMMemoryBlock(length)
        found.bytes = self._bytes[begin : begin + length]
        return found


class ChannelConfig:
    """A channel of the converters."""

    def __init__(self) -> None:
        self.enable_connect_neuron = True


class CADCReadoutChain:
    """The channels of a hemisphere."""

    def __init__(self) -> None:
        self.channels_causal = [ChannelConfig() for _ in range(256)]
        self.channels_acausal = [ChannelConfig() for _ in range(256)]


class Chip:
    """Settings of a whole chip."""

    def __init__(self) -> None:
        self.cadc_readout_chains = [CADCReadoutChain(), CADCReadoutChain()]

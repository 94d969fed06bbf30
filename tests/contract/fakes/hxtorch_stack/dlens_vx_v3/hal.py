"""Containers (haldls, include/haldls/vx: ppu.h, fpga.h, phy.h, background.h, routing_crossbar.h)."""

from __future__ import annotations

from dlens_vx_v3.halco import PPUMemoryBlockSize, Ranged


class PPUMemoryWord:
    """32 bits of a processor's memory."""

    class Value(Ranged):
        """Its content."""

    def __init__(self, value: Value) -> None:
        if not isinstance(value, PPUMemoryWord.Value):
            raise TypeError("PPUMemoryWord takes a PPUMemoryWord.Value")
        self.value = value


class PPUMemoryBlock:
    """Words of a processor's memory; as many as it was made with."""

    def __init__(self, size: PPUMemoryBlockSize) -> None:
        if not isinstance(size, PPUMemoryBlockSize):
            raise TypeError("PPUMemoryBlock takes a PPUMemoryBlockSize")
        self._words = [PPUMemoryWord(PPUMemoryWord.Value(0))] * size

    @property
    def words(self) -> list[PPUMemoryWord]:
        """Return the words."""
        return list(self._words)

    @words.setter
    def words(self, words: list[PPUMemoryWord]) -> None:
        if len(words) != len(self._words) or not all(isinstance(word, PPUMemoryWord) for word in words):
            raise RuntimeError(f"given vector size ({len(words)}) does not match block size ({len(self._words)})")
        self._words = list(words)


class ExternalPPUDRAMMemoryByte:
    """A byte of the FPGA's memory."""

    class Value(Ranged):
        """Its content."""

        highest = 255

    def __init__(self, value: Value) -> None:
        if not isinstance(value, ExternalPPUDRAMMemoryByte.Value):
            raise TypeError("ExternalPPUDRAMMemoryByte takes an ExternalPPUDRAMMemoryByte.Value")
        self.value = value


class CrossbarInputDropCounter:
    """Events that an input of the crossbar lost."""

    class Value(Ranged):
        """16 bits."""

        highest = 2**16 - 1

    def __init__(self, value: Value) -> None:
        self.value = value


class PhyStatus:
    """Errors of a link."""

    def __init__(self, crc_error_count: int, rx_dropped_count: int) -> None:
        self.crc_error_count, self.rx_dropped_count = Ranged(crc_error_count), Ranged(rx_dropped_count)


class BackgroundSpikeSource:
    """A generator of events."""

    class Rate(Ranged):
        """An event where a random byte is not larger."""

        highest = 255

    class Period(Ranged):
        """Clocks between two chances, less one."""

        highest = 2**16 - 1

    class Seed(Ranged):
        """State of the shift register, which 0 never leaves."""

        lowest = 1

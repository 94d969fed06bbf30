"""Programs of the FPGA (haldls, include/stadls/vx/v3: dumperdone.h, convert_to_chip.h, convert_to_builder.h)."""

from __future__ import annotations

from pathlib import Path

from dlens_vx_v3.lola import Chip

#: how a file of the stand-in begins
MAGIC = b"stand-in of a portable binary\n"


class DumperDone:
    """Coordinates and containers."""

    def __init__(self) -> None:
        self.content: bytes | None = None


class PlaybackProgramBuilder:
    """Instructions for the FPGA."""


def from_portablebinary(dumper: DumperDone, data: bytes) -> None:
    """Read a dump."""
    if not data.startswith(MAGIC):
        raise RuntimeError("Failed to read 8 bytes from input stream! Read 0")
    dumper.content = data


def read_chip(path: object) -> Chip:
    """Return the chip of a file (hxtorch, spiking/utils/calib_helper.py: chip_from_file)."""
    dumper = DumperDone()
    from_portablebinary(dumper, Path(str(path)).read_bytes())
    return convert_to_chip(dumper)


def convert_to_chip(dumper: DumperDone) -> Chip:
    """Return the settings of the chip."""
    if dumper.content is None:
        raise RuntimeError("nothing was read")
    return Chip()


def convert_to_builder(dumper: DumperDone) -> PlaybackProgramBuilder:
    """Return instructions that write all settings, those of the board included."""
    if dumper.content is None:
        raise RuntimeError("nothing was read")
    return PlaybackProgramBuilder()

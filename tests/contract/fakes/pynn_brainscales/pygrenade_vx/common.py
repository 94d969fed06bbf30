"""Coordinates of executors (grenade, include/grenade/vx/common and include/grenade/common)."""

from __future__ import annotations

from dlens_vx_v3.halco import Ranged


class ChipOnConnection(Ranged):
    """A chip of a connection; the first one by default."""


class ExecutionInstanceOnExecutor(Ranged):
    """A part of an execution; the first one by default."""


class Time(Ranged):
    """Cycles of the FPGA's clock, 125 MHz."""

    highest = 2**64 - 1

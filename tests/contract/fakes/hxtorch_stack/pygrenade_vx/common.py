"""Coordinates of executors (grenade, include/grenade/vx/common)."""

from __future__ import annotations

from dlens_vx_v3.halco import Ranged


class ChipOnConnection(Ranged):
    """A chip of a connection; the first one by default."""


class ExecutionInstanceID(Ranged):
    """A part of an execution; the first one by default."""

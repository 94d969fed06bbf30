"""Stand-in of the vendor's ``pygrenade_vx`` from before 2026-04-17; see ``dlens_vx_v3``."""

from pygrenade_vx import common, network

__all__ = ["common", "network"]

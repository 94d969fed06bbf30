"""Stand-in of the vendor's ``pygrenade_vx``; see ``dlens_vx_v3``."""

from pygrenade_vx import common

__all__ = ["common"]

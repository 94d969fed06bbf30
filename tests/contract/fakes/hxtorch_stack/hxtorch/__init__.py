"""Stand-in of the vendor's ``hxtorch`` (src/pyhxtorch/hxtorch/__init__.py, _runtime.py); see ``dlens_vx_v3``."""

from __future__ import annotations

from fake_chip import LOG, SCRIPT, fault, write_log

from hxtorch import spiking

__all__ = ["init_hardware", "release_hardware", "spiking"]


def init_hardware(path: None = None, ann: bool = False) -> None:
    """Take the machine."""
    if LOG.get("open"):
        raise RuntimeError("another connection is open")
    if fault("machine"):
        raise RuntimeError("Error connecting to the executor")
    LOG["hardware"] = LOG.get("hardware", 0) + 1


def release_hardware() -> None:
    """Give it back."""
    LOG["hardware"] -= 1
    write_log()


if SCRIPT.get("breaks_on_import"):  # on a grenade without what it looks up when it is imported
    raise AttributeError("module 'pygrenade_vx.network' has no attribute 'NetworkBuilder'")
for _name in SCRIPT.get("lacks", []):
    delattr(spiking, _name)

"""Connections (hxcomm, include/hxcomm/vx; used as in calix and pynn-brainscales, helper.py)."""

from __future__ import annotations

from fake_chip import LOG, SCRIPT, fault


class Connection:
    """An open connection."""

    def get_unique_identifier(self) -> list[str]:
        """Return the names of the chips."""
        return [SCRIPT["chip_id"]]


class ManagedConnection:
    """Opens the connection that the environment describes."""

    def __enter__(self) -> Connection:
        """Open it."""
        if fault("connection"):
            raise RuntimeError("No executor backend found to connect to.")
        LOG["open"] = LOG.get("open", 0) + 1
        return Connection()

    def __exit__(self, *_: object) -> None:
        """Close it."""
        LOG["open"] -= 1

"""The router (grenade, include/grenade/vx/network/routing/portfolio_router.h)."""

from __future__ import annotations

from typing import Any

from fake_chip import fault


class PortfolioRouter:
    """Tries several ways."""

    def __call__(self, network: Any) -> Any:
        """Return the way."""
        if fault("routing"):
            raise RuntimeError(fault("routing"))
        return network

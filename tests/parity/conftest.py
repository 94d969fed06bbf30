"""The network of the parity tests, and what the emulator makes of it."""

from __future__ import annotations

import pytest
from reciprocal_network import Reciprocal, Recording, draw_network, run_emulator


@pytest.fixture(scope="session", params=[1, pytest.param(2, marks=pytest.mark.slow)])
def network(request: pytest.FixtureRequest) -> Reciprocal:
    return draw_network(request.param)


@pytest.fixture(scope="session")
def ideal(network: Reciprocal) -> Recording:
    return run_emulator(network, "ideal")


@pytest.fixture(scope="session")
def nominal_chip(network: Reciprocal) -> Recording:
    return run_emulator(network, "brainscales2")

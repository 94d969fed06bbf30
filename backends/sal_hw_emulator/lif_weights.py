"""What a session of the LIF engine asks of the weights: they are the machine's, and so is how they learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import Finding
from sal_hw_emulator.engines.lif.model import LifModel
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece


class LifWeights(Protocol):
    """The learning side of a program of LIF neurons; see :class:`sal_hw_emulator.lif_session.LifSession`."""

    def model(self) -> LifModel:
        """Return the network to learn with."""

    def frozen_model(self, simulation: LifSimulation, observation: int, chain: int) -> LifModel:
        """Return the network as it is now, without plasticity and with noise of its own."""

    def learn(self, simulation: LifSimulation, updates: int) -> list[Piece]:
        """Run so many update intervals with plasticity."""

    def of_projection(self, simulation: LifSimulation, projection: str) -> NDArray[np.float64]:
        """Return a copy of a projection's weights, shape (pre, post), in model units."""

    def sensor_readings(
        self, simulation: LifSimulation, projection: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last causal and anti-causal readings of a projection's sensors, each of shape (pre, post)."""

    def counters(self, simulation: LifSimulation) -> dict[str, int]:
        """Return how often what happened that a user should know."""

    def findings(self, simulation: LifSimulation) -> Sequence[Finding]:
        """Return what a user should know of the weights."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything that the simulation does not hold."""

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the arrays of :meth:`to_arrays`."""

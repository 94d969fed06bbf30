"""Comparing what sessions give: weights and observations, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, Session
from sal_hw.program import CompiledProgram


def weights_of(session: Session, program: CompiledProgram) -> dict[str, NDArray[np.float64]]:
    """Return a session's present weights per projection, each of shape (pre, post)."""
    return {block.projection: session.weights(block.projection) for block in program.synapses}


def assert_same(one: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]) -> None:
    """Assert that two tables of weights are the same in names, shapes, types and values."""
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], strict=True)


def differ(one: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether any weight of two tables with equal names differs."""
    return any(not np.array_equal(values, other[name]) for name, values in one.items())


def observe(session: Session, chains: int = 3) -> Observation:
    """Return an observation of 20 s after half a second."""
    return session.observe(20_000.0, chains=chains, warmup_ms=500.0)


def assert_same_observation(one: Observation, other: Observation) -> None:
    """Assert that two observations saw the same for equally long."""
    assert one.duration_ms == other.duration_ms
    for name in ("spike_counts", "state_counts", "membrane_ms", "membrane_mv"):
        found, wanted = getattr(one, name), getattr(other, name)
        assert set(found) == set(wanted)
        for population, values in found.items():
            np.testing.assert_array_equal(values, wanted[population], strict=True)

"""Everything a simulation needs to go on, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.random_words import random_words

#: The step of the last spike of a neuron that never spiked; far from any real step, yet safe to calculate with.
NEVER = -(1 << 60)

_NO_STEPS: NDArray[np.int64] = np.zeros(0, np.int64)
_NO_NEURONS: NDArray[np.int32] = np.zeros(0, np.int32)


@dataclass(kw_only=True, slots=True, eq=False)
class SamplingState:
    """Where a simulation stands.

    Attributes
    ----------
    clock : (2,) int64
        The step to be simulated next, and the step (not later) up to which ``hazard[0]`` has been used up.
    words : (5,) uint64
        State of the random number generators.
    last_spike : (n,) int64
        Step of the last spike of each neuron; ``NEVER`` if there was none.
    hazard : (3,) float64
        The exponential variate that remains until the next event; the sum of the hazards per step that uses it up
        since ``clock[1]``; the PSP length for which that holds. A negative variate has not been drawn yet.
    recent_steps, recent_neurons : (k,) int64, (k,) int32
        The spikes that windows of the pairing "all" may still pair with, oldest first. They reach back as far as
        the windows of the calls so far needed.
    """

    clock: NDArray[np.int64]
    words: NDArray[np.uint64]
    last_spike: NDArray[np.int64]
    hazard: NDArray[np.float64]
    recent_steps: NDArray[np.int64]
    recent_neurons: NDArray[np.int32]

    @classmethod
    def fresh(cls, n_neurons: int, seed: int | np.random.SeedSequence) -> "SamplingState":
        """Start at step 0 with neurons that never spiked."""
        return cls(
            clock=np.zeros(2, np.int64),
            words=random_words(seed),
            last_spike=np.full(n_neurons, NEVER, np.int64),
            hazard=np.array([-1.0, 0.0, -1.0]),
            recent_steps=_NO_STEPS.copy(),
            recent_neurons=_NO_NEURONS.copy(),
        )

    @property
    def step(self) -> int:
        """The step to be simulated next, counted from the fresh state."""
        return int(self.clock[0])

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.last_spike.size

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Copy into named arrays, for a checkpoint."""
        return {name: getattr(self, name).copy() for name in _DTYPES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "SamplingState":
        """Rebuild from the arrays of ``to_arrays``; refuses missing arrays, other types and other shapes."""
        missing = [name for name in _DTYPES if name not in arrays]
        if missing:
            raise ValueError(f"state lacks the arrays {missing}")
        copies = {name: np.array(arrays[name], copy=True) for name in _DTYPES}
        for name, array in copies.items():
            if array.dtype != _DTYPES[name] or array.ndim != 1 or array.size != _SIZES.get(name, array.size):
                raise ValueError(f"state array {name!r} has type {array.dtype} and shape {array.shape}")
        state = cls(**copies)
        if not state._is_consistent():
            raise ValueError("state arrays do not fit each other")
        return state

    def _is_consistent(self) -> bool:
        """Tell whether indices lie within the arrays and no spike lies in the future."""
        steps, neurons = self.recent_steps, self.recent_neurons
        return (
            self.n_neurons > 0
            and steps.size == neurons.size
            and bool(((neurons >= 0) & (neurons < self.n_neurons)).all())
            and bool((np.diff(steps) >= 0).all() and (steps < self.step).all() and (self.last_spike < self.step).all())
            and 0 <= int(self.clock[1]) <= self.step
        )

    def copy(self) -> "SamplingState":
        """Return an independent copy that would go on in the same way."""
        return SamplingState(**self.to_arrays())


_DTYPES: dict[str, Any] = {
    "clock": np.int64,
    "words": np.uint64,
    "last_spike": np.int64,
    "hazard": np.float64,
    "recent_steps": np.int64,
    "recent_neurons": np.int32,
}
_SIZES = {"clock": 2, "words": 5, "hazard": 3}

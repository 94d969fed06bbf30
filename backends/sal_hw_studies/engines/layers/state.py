"""Everything that one chain, a network with a random stream of its own, needs to go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.state import NEVER


@dataclass(kw_only=True, slots=True, eq=False)
class ChainState:
    """Where a chain stands.

    Attributes
    ----------
    clock : (1,) int64
        The step to be simulated next.
    key : (1,) uint64
        Key of the counter-based random numbers.
    last_spike : (n,) int64
        Step of the last spike of each neuron, all layers one after the other; ``NEVER`` if there was none.
    recent_steps, recent_neurons : (k,) int64, (k,) int32
        The spikes whose PSP is on or that later spikes may pair with, in order of step, then of neuron.
    """

    clock: NDArray[np.int64]
    key: NDArray[np.uint64]
    last_spike: NDArray[np.int64]
    recent_steps: NDArray[np.int64]
    recent_neurons: NDArray[np.int32]

    @classmethod
    def fresh(cls, n_neurons: int, entropy: int | np.random.SeedSequence) -> "ChainState":
        """Start at step 0 with neurons that never spiked."""
        sequence = entropy if isinstance(entropy, np.random.SeedSequence) else np.random.SeedSequence(entropy)
        return cls(
            clock=np.zeros(1, np.int64),
            key=sequence.generate_state(1, np.uint64).astype(np.uint64),
            last_spike=np.full(n_neurons, NEVER, np.int64),
            recent_steps=np.zeros(0, np.int64),
            recent_neurons=np.zeros(0, np.int32),
        )

    @property
    def step(self) -> int:
        """The step to be simulated next, counted from the fresh state."""
        return int(self.clock[0])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Copy into named arrays, for a checkpoint."""
        return {name: getattr(self, name).copy() for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ChainState":
        """Rebuild from the arrays of ``to_arrays``."""
        return cls(**{name: np.array(arrays[name], copy=True) for name in _NAMES})


_NAMES = ("clock", "key", "last_spike", "recent_steps", "recent_neurons")

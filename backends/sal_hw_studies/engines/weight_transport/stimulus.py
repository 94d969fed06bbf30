"""The stimulus of both methods: in each period a few neurons are driven by Poisson spikes, the others are silent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Stimulus:
    """Which neurons are driven, and how.

    Attributes
    ----------
    rate_hz
        Rate of the spikes of a driven neuron.
    active_share
        Share of the neurons that are driven in each period, rounded down.
    period_ms
        How long the same neurons are driven.

    Source of the defaults: both methods were published with 200 Hz, 20 % and 100 ms (Guerguiev et al., arXiv
    1910.01689; Ahmad et al., arXiv 2003.03988).
    """

    rate_hz: float = 200.0
    active_share: float = 0.2
    period_ms: float = 100.0

    def steps(self, timestep_ms: float) -> int:
        """Return the steps of a period."""
        return round(self.period_ms / timestep_ms)

    def generator(self, sequence: np.random.SeedSequence, period: int) -> np.random.Generator:
        """Return the generator of one period, which depends on nothing that happened before."""
        return np.random.default_rng(np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, period)))

    def driven(self, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Choose the neurons that are driven in a period."""
        return np.sort(rng.choice(size, size=int(self.active_share * size), replace=False))

    def counts(self, size: int, timestep_ms: float, rng: np.random.Generator) -> Floats:
        """Draw Poisson numbers of spikes, shape (steps, size)."""
        steps, chosen = self.steps(timestep_ms), self.driven(size, rng)
        spikes = np.zeros((steps, size))
        spikes[:, chosen] = rng.poisson(self.rate_hz * timestep_ms * 1e-3, (steps, chosen.size))
        return spikes

    def single(self, size: int, timestep_ms: float, rng: np.random.Generator) -> Floats:
        """Draw at most one spike per step and neuron, shape (steps, size)."""
        steps, chosen = self.steps(timestep_ms), self.driven(size, rng)
        spikes = np.zeros((steps, size))
        spikes[:, chosen] = rng.random((steps, chosen.size)) < self.rate_hz * timestep_ms * 1e-3
        return spikes

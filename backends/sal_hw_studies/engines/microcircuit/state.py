"""Everything that one network needs to go on: weights, spikes, potentials, moving averages and a random stream."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps
from sal_hw_emulator.engines.sampling.state import NEVER
from sal_hw_studies.engines.microcircuit.model import MicrocircuitModel, check_weights


@dataclass(kw_only=True, slots=True, eq=False)
class MicrocircuitState:
    """Where a network stands.

    Attributes
    ----------
    up, down : (weights,) float64
        Forward and feedback weights, matrices [pre, post] one after the other, dimensionless.
    clock : (1,) int64
        The step to be simulated next.
    key : (1,) uint64
        Key of the counter-based random numbers.
    last_spike : (n,) int64
        Step of the last spike of each neuron, in the order of :attr:`MicrocircuitModel.n_neurons`; ``NEVER`` if there
        was none.
    earlier_spike : (n,) int64
        The same for the spike before that.
    trace : (n,) float64
        What the window sums up of all spikes at the time of the last one, which counts 1; only kept up where all
        pairs count.
    potential : (n,) float64
        Somatic potentials of the last step.
    recent : (average_steps, 2 m) float64
        Basal, then somatic potentials of the m neurons above the input in the last steps; a ring over the clock.
    sums : (2 m,) float64
        Sums of `recent` over the steps.
    """

    up: Floats
    down: Floats
    clock: Steps
    key: NDArray[np.uint64]
    last_spike: Steps
    earlier_spike: Steps
    trace: Floats
    potential: Floats
    recent: Floats
    sums: Floats

    @classmethod
    def fresh(
        cls,
        model: MicrocircuitModel,
        up: tuple[Floats, ...],
        down: tuple[Floats, ...],
        entropy: int | np.random.SeedSequence,
    ) -> "MicrocircuitState":
        """Start at step 0 with neurons at rest that never spiked.

        Parameters
        ----------
        model
            The network.
        up, down
            Forward and feedback weights, shapes of :attr:`MicrocircuitModel.up_shapes` and ``down_shapes``.
        entropy
            Seed of the random stream.
        """
        check_weights(model, up, down)
        rest = np.repeat([0.0, *model.biases], model.sizes)
        above = 2 * (model.n_pyramidal - model.sizes[0])
        return cls(
            up=np.concatenate([weights.ravel() for weights in up]).astype(np.float64),
            down=np.concatenate([weights.ravel() for weights in down]).astype(np.float64),
            clock=np.zeros(1, np.int64),
            key=_key(entropy),
            last_spike=np.full(model.n_neurons, NEVER, np.int64),
            earlier_spike=np.full(model.n_neurons, NEVER, np.int64),
            trace=np.zeros(model.n_neurons),
            potential=np.concatenate([rest, rest[model.first[2] :]]),
            recent=np.zeros((model.average_steps, above)),
            sums=np.zeros(above),
        )

    @property
    def step(self) -> int:
        """The step to be simulated next, counted from the fresh state."""
        return int(self.clock[0])

    def fork(self, entropy: int | np.random.SeedSequence) -> "MicrocircuitState":
        """Return a copy that goes on with a random stream of its own."""
        copied = MicrocircuitState.from_arrays(self.to_arrays())
        copied.key = _key(entropy)
        return copied

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Copy into named arrays, for a checkpoint."""
        return {field.name: getattr(self, field.name).copy() for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "MicrocircuitState":
        """Rebuild from the arrays of :meth:`to_arrays`."""
        return cls(**{field.name: np.array(arrays[field.name], copy=True) for field in fields(cls)})


def _key(entropy: int | np.random.SeedSequence) -> NDArray[np.uint64]:
    sequence = entropy if isinstance(entropy, np.random.SeedSequence) else np.random.SeedSequence(entropy)
    return sequence.generate_state(1, np.uint64).astype(np.uint64)


def split_weights(flat: Floats, shapes: tuple[tuple[int, int], ...]) -> tuple[Floats, ...]:
    """Return the matrices that stand one after the other in a flat array, as copies."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    return tuple(part.reshape(shape).copy() for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True))

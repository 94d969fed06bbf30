"""Spikes forced on single neurons, for both engines; see :class:`sal_hw.experiment.effective.SpikeForcer`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.effective import SpikeEffects
from sal_hw_emulator.engines.lif.model import LifModel
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece

Floats: TypeAlias = NDArray[np.float64]
#: spikes and ready steps of a batch, each of shape (2, sources, neurons)
Batch: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

#: above every threshold: the neuron spikes in the next step
_ABOVE_ALL = 1e9


def in_batches(run: Callable[[int], Batch], batches: int, *, threads: int, timestep_ms: float) -> SpikeEffects:
    """Run independent batches and put their counts side by side.

    Parameters
    ----------
    run
        Returns the counts of a batch by its number.
    """
    if threads == 1:
        counted = [run(batch) for batch in range(batches)]
    else:
        with ThreadPoolExecutor(max_workers=threads) as pool:
            counted = list(pool.map(run, range(batches)))
    spikes, ready = (np.stack(values, axis=1) for values in zip(*counted, strict=True))
    return SpikeEffects(spikes=spikes, ready_ms=ready * timestep_ms)


def force_lif_spikes(
    model: LifModel,
    sources: NDArray[np.int64],
    *,
    trials: int,
    warmup_steps: int,
    window_steps: int,
    seed: np.random.SeedSequence,
) -> Batch:
    """Force spikes on LIF neurons and count what happens with and without them.

    Parameters
    ----------
    model
        The network, without plasticity.
    sources
        Neurons on which spikes are forced, in turn.
    trials
        Spikes on each source.
    warmup_steps, window_steps
        Steps at the start that do not count, and length of both continuations. The source is silent in both, but for
        the spike that is forced in the first step.
    seed
        Stream of the noise.

    Returns
    -------
    tuple
        Spikes, and steps in which each neuron was not refractory, each of shape (2, sources, neurons): without the
        forced spike, and with it. The source's own entries mean nothing.
    """
    network, branch = LifSimulation(model, seed), LifSimulation(model, seed)
    # parameters may be shared with other simulations of the model
    branch.neurons = branch.neurons._replace(refractory=branch.neurons.refractory.copy())
    shape = (2, sources.size, len(network.neurons.v))
    spikes, ready = np.zeros(shape), np.zeros(shape)
    network.run(warmup_steps)
    for _ in range(trials):
        for place, source in enumerate(sources):
            if (wait := int(np.ceil(network.neurons.until[source])) - network.step) > 0:
                network.run(wait)
            kept = network.to_arrays()
            for forced in (0, 1):
                branch.from_arrays(kept)
                piece, able = _continued(branch, int(source), window_steps, forced=bool(forced))
                spikes[forced, place] += np.bincount(piece.spike_neuron, minlength=shape[2])
                ready[forced, place] += able
            network.run(window_steps)
    return spikes, ready


def _continued(branch: LifSimulation, source: int, window: int, *, forced: bool) -> tuple[Piece, Floats]:
    """Run the window with or without a spike of the source; return it and how long each neuron was not refractory."""
    neurons, start = branch.neurons, branch.step
    usual = neurons.refractory[source]
    if forced:
        neurons.v[source] = _ABOVE_ALL
        neurons.refractory[source] = window + 1.0
    else:
        neurons.until[source] = start + window + 1.0
    blocked = np.clip(neurons.until - start, 0.0, window)
    piece = branch.run(window)
    neurons.refractory[source] = usual
    # in the step of a spike the neuron was still able to
    after = np.minimum(neurons.refractory[piece.spike_neuron] - 1.0, start + window - 1.0 - piece.spike_step)
    np.add.at(blocked, piece.spike_neuron, np.maximum(after, 0.0))
    return piece, window - blocked

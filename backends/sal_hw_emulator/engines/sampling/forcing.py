"""Forced spikes: a network goes on twice from the same state with the same random numbers, with a spike and without.

The law is that of the time-stepped algorithm, neuron by neuron: a uniform number that depends on key, step and neuron
alone, so that both continuations differ only where the spike makes a difference.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps, compiled
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.random_words import random_words, unit_interval, word_at
from sal_hw_emulator.engines.sampling.state import NEVER

#: exp of more than this overflows; such a neuron spikes in every step that it can
_LARGEST_EXPONENT = 700.0

_NOBODY = -1

Counts = NDArray[np.int64]


class _Network(NamedTuple):
    """The model as the loop sees it: weights [pre, post], log of tau_ref, lengths in steps, the key of the numbers."""

    weights: Floats
    biases: Floats
    log_tau: float
    psp: int
    dead: int
    key: np.uint64


class _Work(NamedTuple):
    """Which PSPs are on, and the odds of a spike that follow from them."""

    on: NDArray[np.bool_]
    odds: Floats


@compiled
def _set_odds(network: _Network, work: _Work) -> None:
    for neuron in range(work.odds.size):
        potential = network.biases[neuron] - network.log_tau
        for pre in range(work.odds.size):
            if work.on[pre]:
                potential += network.weights[pre, neuron]
        work.odds[neuron] = math.exp(min(potential, _LARGEST_EXPONENT))


@compiled
def _advance(
    network: _Network, work: _Work, last_spike: Steps, first: int, stop: int, silent: int, spikes: Counts, ready: Counts
) -> None:
    """Simulate the steps from ``first`` to before ``stop``; add the spikes and the steps in which each could spike."""
    n_neurons = last_spike.size
    fresh = True
    for step in range(first, stop):
        for neuron in range(n_neurons):
            # whether a PSP is on follows from the last spike alone, so that branches need no state but that
            on = last_spike[neuron] >= step - network.psp
            fresh |= on != work.on[neuron]
            work.on[neuron] = on
        # odds cost an exponential per neuron and change only with the PSPs
        if fresh:
            _set_odds(network, work)
            fresh = False
        # random numbers belong to step and neuron: both branches of a trial see the same ones, spike for spike
        offset = np.uint64(step) * np.uint64(n_neurons)
        for neuron in range(n_neurons):
            # the source stays silent in both branches, so that only the forced spike differs
            if last_spike[neuron] + network.dead >= step or neuron == silent:
                continue
            ready[neuron] += 1
            uniform = unit_interval(word_at(network.key, offset + np.uint64(neuron)))
            # the odds of a spike compared without a division
            if uniform < work.odds[neuron] * (1.0 - uniform):
                last_spike[neuron] = step
                spikes[neuron] += 1


@compiled
def _run_batch(
    network: _Network, work: _Work, sources: Steps, trials: int, warmup: int, window: int, spikes: Counts, ready: Counts
) -> None:
    """Run all trials of a batch; ``spikes`` and ``ready`` have the shape (2, sources, neurons)."""
    n_neurons = network.biases.size
    last_spike, branch = np.full(n_neurons, NEVER), np.empty(n_neurons, np.int64)
    unused = np.zeros(n_neurons, np.int64)
    _advance(network, work, last_spike, 0, warmup, _NOBODY, unused, unused)
    step = warmup
    for _ in range(trials):
        for place in range(sources.size):
            source = sources[place]
            # a spike can be forced on a neuron that could have spiked in the step before
            while last_spike[source] + network.dead >= step - 1:
                _advance(network, work, last_spike, step, step + 1, _NOBODY, unused, unused)
                step += 1
            for forced in range(2):
                branch[:] = last_spike
                if forced:
                    branch[source] = step - 1
                counted = spikes[forced, place], ready[forced, place]
                _advance(network, work, branch, step, step + window, source, counted[0], counted[1])
            # the network itself goes on as if nothing had been tried
            _advance(network, work, last_spike, step, step + window, _NOBODY, unused, unused)
            step += window


def force_spikes(
    model: SamplingModel,
    sources: NDArray[np.int64],
    *,
    trials: int,
    warmup_steps: int,
    window_steps: int,
    seed: np.random.SeedSequence,
) -> tuple[Counts, Counts]:
    """Force spikes on neurons and count what happens with and without them.

    Parameters
    ----------
    model : SamplingModel
        The network.
    sources : (sources,) int64
        Neurons on which spikes are forced, in turn.
    trials : int
        Spikes on each source.
    warmup_steps : int
        Steps at the start that do not count.
    window_steps : int
        Length of both continuations. The source is silent in both, but for the forced spike in the step before.
    seed : SeedSequence
        Of the random numbers.

    Returns
    -------
    spikes, ready : (2, sources, n) int64
        Spikes, and steps in which each neuron was not refractory: without the forced spike, and with it.
    """
    shape = (2, sources.size, model.n_neurons)
    spikes, ready = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    network = _Network(
        weights=model.weights,
        biases=model.biases,
        log_tau=math.log(model.tau_ref_steps),
        psp=model.psp_steps,
        dead=model.dead_steps,
        key=random_words(seed)[4],
    )
    work = _Work(np.zeros(model.n_neurons, np.bool_), np.zeros(model.n_neurons))
    sources = np.ascontiguousarray(sources, dtype=np.int64)
    _run_batch(network, work, sources, trials, max(1, warmup_steps), window_steps, spikes, ready)
    return spikes, ready

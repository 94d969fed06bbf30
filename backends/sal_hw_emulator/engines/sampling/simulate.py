"""Run a network of stochastic neurons and count what learning rules and metrics need."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw_emulator.engines.sampling.arguments import Spikes, joined
from sal_hw_emulator.engines.sampling.event_table import LARGEST_TABLE, TableSampler
from sal_hw_emulator.engines.sampling.model import PairWindow, SamplingModel, SamplingStatistics
from sal_hw_emulator.engines.sampling.occupancy import StateCounter
from sal_hw_emulator.engines.sampling.pairs import PairCounter
from sal_hw_emulator.engines.sampling.state import SamplingState
from sal_hw_emulator.engines.sampling.stepped import SteppedSampler
from sal_hw_emulator.engines.sampling.thinning import ThinningSampler

SpikeSink = Callable[[NDArray[np.int64], NDArray[np.int32]], None]

#: ``event`` jumps from spike to spike, ``stepped`` visits every step, ``auto`` takes the faster one
Algorithm: TypeAlias = Literal["auto", "event", "stepped"]

#: Where both algorithms take the same time, in neurons per step of tau_ref: about 13 neurons at 10 steps, 90 at 50
#: steps, more than 200 at 1000 steps. Measured with
#: ``pytest tests/bench -k crossover -s`` on one core of a Xeon with AVX-512; weights N(0, 0.5 / sqrt(n)), no bias.
_EVENTS_UP_TO = 1.3

#: Spikes per buffer: small enough for the cache, large enough that calls do not matter.
_BUFFER = 8192


class _Sampler(Protocol):
    """What both algorithms offer."""

    def advance(self, state: SamplingState, stop: int, spikes: Spikes) -> tuple[int, int]:
        """Move the state towards a step and return where in the buffers the new spikes lie."""
        ...


def choose_algorithm(n_neurons: int, tau_ref_steps: int) -> Literal["event", "stepped"]:
    """Choose the faster algorithm for a network without strong drive.

    Parameters
    ----------
    n_neurons : int
        Number of neurons.
    tau_ref_steps : int
        Time constant of the spike probability, in steps.
    """
    if n_neurons <= LARGEST_TABLE or n_neurons <= _EVENTS_UP_TO * tau_ref_steps:
        return "event"
    return "stepped"


def _sampler_for(model: SamplingModel, algorithm: Algorithm) -> _Sampler:
    """Set up the algorithm of this name."""
    if algorithm not in get_args(Algorithm):
        raise ValueError(f"no algorithm {algorithm!r}: need 'auto', 'event' or 'stepped'")
    match algorithm:
        case "auto":
            return _sampler_for(model, choose_algorithm(model.n_neurons, model.tau_ref_steps))
        case "event":
            return TableSampler(model) if model.n_neurons <= LARGEST_TABLE else ThinningSampler(model)
        case "stepped":
            return SteppedSampler(model)
        case _:
            assert_never(algorithm)


def simulate(
    model: SamplingModel,
    state: SamplingState,
    steps: int,
    *,
    windows: Sequence[PairWindow] = (),
    record_states: bool = False,
    algorithm: Algorithm = "auto",
    spike_sink: SpikeSink | None = None,
) -> SamplingStatistics:
    """Simulate a number of steps and count.

    Parameters
    ----------
    model : SamplingModel
        The network. It may differ from the one of the call before: PSPs in flight act with the new weights.
    state : SamplingState
        Where to go on from; moved on in place.
    steps : int
        Number of steps.
    windows : sequence of PairWindow
        The pair sums to count. Windows of the pairing "all" see earlier calls as far back as the windows of those
        calls needed.
    record_states : bool
        Count the joint states at the steps s with s % max(1, state_steps // 2) == 0; at most 20 neurons.
    algorithm : {"auto", "event", "stepped"}
        Both draw from the same law; "auto" takes the faster one.
    spike_sink : callable, optional
        Called with the steps and neurons of the spikes, in order, in pieces; the arrays are its own to keep.

    Returns
    -------
    SamplingStatistics
        The counts of this call alone. Cutting a call in two changes neither spikes nor counts.
    """
    if steps < 0 or state.n_neurons != model.n_neurons:
        raise ValueError(f"cannot do {steps} steps of {model.n_neurons} neurons from {state.n_neurons} neurons")
    n_neurons, stop = model.n_neurons, state.step + steps
    sampler = _sampler_for(model, algorithm)
    counters = [PairCounter(window, state) for window in windows]
    occupancy = StateCounter(state, model.state_steps) if record_states else None
    memory = max((window.memory_steps for window in windows), default=0)
    spike_counts = np.zeros(n_neurons, np.int64)
    size = max(_BUFFER, 64 * n_neurons)
    buffers = Spikes(np.empty(size, np.int64), np.empty(size, np.int32))
    while state.step < stop:
        first, last = sampler.advance(state, stop, buffers)
        new = Spikes(buffers.steps[first:last], buffers.neurons[first:last])
        spike_counts += np.bincount(new.neurons, minlength=n_neurons)
        for counter in counters:
            counter.consume(new)
        if occupancy is not None:
            occupancy.consume(new, state.step)
        _keep_recent(state, new, memory)
        if spike_sink is not None:
            spike_sink(new.steps.copy(), new.neurons.copy())
    causal = np.empty((len(counters), n_neurons, n_neurons))
    for counter, sums in zip(counters, causal, strict=True):
        counter.write(sums)
    return SamplingStatistics(
        steps=steps,
        spike_counts=spike_counts,
        causal=causal,
        state_counts=np.zeros(0, np.int64) if occupancy is None else occupancy.counts,
    )


def _keep_recent(state: SamplingState, new: Spikes, memory: int) -> None:
    """Keep the spikes that windows of this length may still pair with."""
    if memory == 0 and state.recent_steps.size == 0:
        return
    recent = joined(Spikes(state.recent_steps, state.recent_neurons), new)
    first = np.searchsorted(recent.steps, state.step - memory)
    state.recent_steps, state.recent_neurons = recent.steps[first:].copy(), recent.neurons[first:].copy()

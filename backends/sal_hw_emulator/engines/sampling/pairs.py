"""Sums over pairs of spikes, the statistics from which every pair-based plasticity rule follows.

For each step with spikes a row is built: how much a postsynaptic spike in this step pairs with every neuron's past.
The row is then added to the counts of each neuron that spiked.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from typing_extensions import assert_never

from sal_hw.spec.windows import pairs_nearest, window_at
from sal_hw_emulator.engines.sampling.add_rows import LargeTable, SmallTable
from sal_hw_emulator.engines.sampling.arguments import Spikes, joined
from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled
from sal_hw_emulator.engines.sampling.model import PairWindow
from sal_hw_emulator.engines.sampling.state import SamplingState

#: After so many time constants an exponential trace gets a new origin; exp(64) is far from overflow.
_ORIGIN_REACH = 64.0

#: Traces below this are dropped before they become slow subnormal numbers.
_VANISHED = 1e-200

#: Up to this number of neurons the counts stay in the cache, whatever the order of the rows.
_LARGEST_IN_ORDER = 300

#: Rows that wait to be added: as many as fit the cache, but enough for a neuron to spike several times.
_ROW_ENTRIES, _FEWEST_ROWS = 1 << 15, 512


class _Rule(NamedTuple):
    """A pair window as numbers: whether only the nearest pairs count, 1/tau, and the weight of a coincidence."""

    nearest: bool
    rate: float
    coincidence: float


class _Trace(NamedTuple):
    """What is known of each neuron's past.

    Exponential window: ``marks`` is the trace as of the step ``origin[0]``. Triangle, nearest pairs: ``marks`` is
    the last spike, in steps since the origin. Triangle, all pairs: ``counts`` spikes are within reach, ``marks`` is
    the sum of their steps since the origin.
    """

    marks: Floats
    counts: Floats
    origin: Steps


class _Rows(NamedTuple):
    """Rows that wait to be added, and the row of each spike."""

    values: Floats
    row_of: Neurons


@compiled
def _move_origin(trace: _Trace, step: int, rate: float) -> None:
    """Express an exponential trace as of a later step."""
    factor = math.exp((trace.origin[0] - step) * rate)
    for neuron in range(trace.marks.size):
        mark = trace.marks[neuron] * factor
        trace.marks[neuron] = mark if mark > _VANISHED else 0.0
    trace.origin[0] = step


@compiled
def _exponential_rows(rule: _Rule, trace: _Trace, rows: _Rows, spikes: Spikes, tail: int, head: int) -> tuple[int, int]:
    """Build the rows of the spikes from ``head`` on; return ``tail`` and the first spike without a row."""
    marks, steps, neurons, values, row_of = trace.marks, spikes.steps, spikes.neurons, rows.values, rows.row_of
    row = 0
    while head < steps.size and row < values.shape[0]:
        step = steps[head]
        if (step - trace.origin[0]) * rule.rate > _ORIGIN_REACH:
            _move_origin(trace, step, rule.rate)
        growth = math.exp((step - trace.origin[0]) * rule.rate)
        decay = 1.0 / growth
        for neuron in range(marks.size):
            values[row, neuron] = marks[neuron] * decay
        while head < steps.size and steps[head] == step:
            neuron = neurons[head]
            values[row, neuron] = rule.coincidence + (0.0 if rule.nearest else values[row, neuron])
            marks[neuron] = growth + (0.0 if rule.nearest else marks[neuron])
            row_of[head] = row
            head += 1
        row += 1
    return tail, head


@compiled
def _nearest_triangle_rows(
    rule: _Rule, trace: _Trace, rows: _Rows, spikes: Spikes, tail: int, head: int
) -> tuple[int, int]:
    """Build rows as ``_exponential_rows`` does."""
    marks, steps, neurons, values, row_of = trace.marks, spikes.steps, spikes.neurons, rows.values, rows.row_of
    row = 0
    while head < steps.size and row < values.shape[0]:
        step = steps[head]
        since = float(step - trace.origin[0])
        for neuron in range(marks.size):
            values[row, neuron] = max(0.0, 1.0 - (since - marks[neuron]) * rule.rate)
        while head < steps.size and steps[head] == step:
            values[row, neurons[head]] = rule.coincidence
            marks[neurons[head]] = since
            row_of[head] = row
            head += 1
        row += 1
    return tail, head


@compiled
def _summed_triangle_rows(
    rule: _Rule, trace: _Trace, rows: _Rows, spikes: Spikes, tail: int, head: int
) -> tuple[int, int]:
    """Build rows as ``_exponential_rows`` does; ``tail`` is the oldest spike within reach."""
    marks, counts, steps, neurons = trace.marks, trace.counts, spikes.steps, spikes.neurons
    values, row_of = rows.values, rows.row_of
    row = 0
    while head < steps.size and row < values.shape[0]:
        step = steps[head]
        # a spike that is out of reach counts nothing: it leaves the sums, which the triangle would make negative
        while (step - steps[tail]) * rule.rate >= 1.0:
            marks[neurons[tail]] -= steps[tail] - trace.origin[0]
            counts[neurons[tail]] -= 1.0
            tail += 1
        since = float(step - trace.origin[0])
        for neuron in range(marks.size):
            # the triangle is linear in the lag, so that number and sum of the steps give the sum over all spikes
            values[row, neuron] = counts[neuron] - (since * counts[neuron] - marks[neuron]) * rule.rate
        # the row holds the past without this step, in which a pair counts as a coincidence instead
        while head < steps.size and steps[head] == step:
            values[row, neurons[head]] += rule.coincidence
            marks[neurons[head]] += since
            counts[neurons[head]] += 1.0
            row_of[head] = row
            head += 1
        row += 1
    return tail, head


_Build: TypeAlias = Callable[[_Rule, _Trace, _Rows, Spikes, int, int], tuple[int, int]]


def _builder(window: PairWindow) -> _Build:
    """Return what builds the rows of a window."""
    match window.shape:
        case "exponential":
            return _exponential_rows
        case "triangular":
            return _nearest_triangle_rows if pairs_nearest(window.pairing) else _summed_triangle_rows
        case _:
            assert_never(window.shape)


class PairCounter:
    """Sums the pairs of one window over a simulation.

    Parameters
    ----------
    window : PairWindow
        How pairs count.
    state : SamplingState
        Where the simulation starts; its past is copied.
    """

    def __init__(self, window: PairWindow, state: SamplingState) -> None:
        n_neurons = state.n_neurons
        self._build = _builder(window)
        self._rule = _Rule(pairs_nearest(window.pairing), 1.0 / window.tau_steps, window.coincidence)
        self._values = np.empty((max(_ROW_ENTRIES // n_neurons, _FEWEST_ROWS), n_neurons))
        self._table: SmallTable | LargeTable
        self._table = (SmallTable if n_neurons <= _LARGEST_IN_ORDER else LargeTable)(n_neurons)
        near = state.recent_steps > state.step - window.memory_steps
        self._within_reach = Spikes(state.recent_steps[near], state.recent_neurons[near])
        self._trace = _trace_of(window, state, self._within_reach)

    def consume(self, new: Spikes) -> None:
        """Count the pairs whose postsynaptic spike is among new spikes, which come in order."""
        head = tail = 0
        if self._build is _summed_triangle_rows:
            # spikes leave this sum one by one, so those that still count come along; other traces forget by themselves
            head = self._within_reach.steps.size
            new = joined(self._within_reach, new)
        rows = _Rows(self._values, np.empty(new.steps.size, np.int32))
        while head < new.steps.size:
            first = head
            tail, head = self._build(self._rule, self._trace, rows, new, tail, first)
            self._table.add(rows.values, rows.row_of[first:head], new.neurons[first:head])
        self._within_reach = Spikes(new.steps[tail:], new.neurons[tail:])

    def write(self, causal: Floats) -> None:
        """Write the sums so far, (n, n) as ``[pre, post]``, with an empty diagonal."""
        self._table.write(causal)
        np.fill_diagonal(causal, 0.0)


def _marks(window: PairWindow, since: Floats) -> Floats:
    """Return what spikes before the origin, at `since` <= 0 steps, add to the marks of a trace."""
    match window.shape:
        case "exponential":
            return window_at(window.shape, -since, window.tau_steps)
        case "triangular":
            return since
        case _:
            assert_never(window.shape)


def _trace_of(window: PairWindow, state: SamplingState, within_reach: Spikes) -> _Trace:
    """Start the trace of a window from the past: the last spikes for nearest pairs, all recent ones otherwise."""
    spikes = within_reach
    if pairs_nearest(window.pairing):
        spikes = Spikes(state.last_spike, np.arange(state.n_neurons, dtype=np.int32))
    since = (spikes.steps - state.step).astype(np.float64)
    marks, counts = np.zeros(state.n_neurons), np.zeros(state.n_neurons)
    np.add.at(marks, spikes.neurons, _marks(window, since))
    np.add.at(counts, spikes.neurons, 1.0)
    marks[np.abs(marks) < _VANISHED] = 0.0
    return _Trace(marks, counts, np.array([state.step]))

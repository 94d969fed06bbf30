"""Learning rules on the emulator: from pair sums and spike counts to weight changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.backend import Moments
from sal_hw.program import CompiledProgram, LoweredRule, LoweredSal, LoweredWakeSleep, LoweredWindow, NeuronBlock

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PairSums:
    """Pair sums of one stretch of model time, over all neurons of a program.

    Attributes
    ----------
    windows
        The windows, in the order of the first axis of `causal`.
    causal
        Shape (windows, pre, post): sum of K(dt) over pairs with the post spike after the pre spike.
    spike_counts
        Shape (neurons,).
    """

    windows: tuple[LoweredWindow, ...]
    causal: NDArray[np.float64]
    spike_counts: NDArray[np.int64]

    def of_projection(self, window: LoweredWindow, pre: NeuronBlock, post: NeuronBlock) -> Matrix:
        """Return the causal pair sums from one population to another, shape (pre, post)."""
        sums: Matrix = self.causal[window_index(self.windows, window)]
        return sums[pre.offset : pre.offset + pre.size, post.offset : post.offset + post.size]


def _same_window(one: LoweredWindow, other: LoweredWindow) -> bool:
    return (one.shape, one.tau_steps, one.pairing) == (other.shape, other.tau_steps, other.pairing)


def window_index(windows: Iterable[LoweredWindow], window: LoweredWindow) -> int:
    """Return the place of an equal window."""
    return next(index for index, known in enumerate(windows) if _same_window(known, window))


def distinct_windows(program: CompiledProgram) -> tuple[LoweredWindow, ...]:
    """Return the windows that the program's rules need, each once."""
    found: list[LoweredWindow] = []
    for rule in program.rules:
        found += [item for item in _windows(rule) if not any(_same_window(item, known) for known in found)]
    return tuple(found)


def _windows(rule: LoweredRule) -> tuple[LoweredWindow, ...]:
    match rule:
        case LoweredSal():
            return rule.causal, rule.anticausal
        case LoweredWakeSleep():
            return (rule.window,)
        case _:
            assert_never(rule)


def sal_change(rule: LoweredSal, projection: str, program: CompiledProgram, sums: PairSums) -> Matrix | None:
    """Return the change of a projection's weights by spike-based alignment learning, shape (pre, post).

    ``dB = gain amplitude (anti-causal sum - causal sum)`` (arXiv 2503.02642, equation of the rule); None if the rule
    does not change this projection.
    """
    amplitude = rule.amplitudes.get(projection)
    if amplitude is None:
        return None
    block = program.synapse_block(projection)
    pre, post = program.neuron_block(block.source), program.neuron_block(block.target)
    causal = sums.of_projection(rule.causal, pre, post)
    anticausal = sums.of_projection(rule.anticausal, post, pre).T
    return rule.gain * amplitude * (anticausal - causal)


def measured_moments(rule: LoweredWakeSleep, program: CompiledProgram, sums: PairSums, scale: float) -> Moments:
    """Return the moments as spike pairs show them.

    Parameters
    ----------
    scale
        Refractory time divided by the length of the stretch.
    """
    block = program.neuron_block(rule.population)
    causal = sums.of_projection(rule.window, block, block)
    counts = sums.spike_counts[block.offset : block.offset + block.size]
    return Moments(mean=np.asarray(counts * scale, dtype=np.float64), coactivation=(causal + causal.T) * scale)


def wake_sleep_change(
    rule: LoweredWakeSleep, program: CompiledProgram, sums: PairSums, wake: Moments
) -> tuple[Matrix, NDArray[np.float64]]:
    """Return the changes of weights (pre, post) and biases (neurons,) towards the wake phase's moments.

    Only the sleep term carries the synapse's amplitude: it alone is measured by the synapse.
    """
    sleep = measured_moments(rule, program, sums, rule.moment_scale)
    exists = program.synapse_block(rule.projection).exists
    weights = rule.gain * np.where(exists, wake.coactivation - rule.amplitude * sleep.coactivation, 0.0)
    return weights, rule.bias_gain * (wake.mean - sleep.mean)

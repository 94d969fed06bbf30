"""Pair sums of recorded spikes, stretch by stretch: what the host loop learns from.

A pair of simultaneous spikes counts on neither side, as in the emulator. Spikes keep their time across stretches, so
that cutting a run changes nothing but the order of sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import LoweredSal, LoweredWindow
from sal_hw.spec.windows import pairs_nearest

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]
Train = tuple[Integers, Integers]


class Trace:
    """What each neuron's earlier spikes are worth to a partner that spikes now.

    Parameters
    ----------
    size
        Number of neurons.
    window
        One that a trace measures.
    """

    def __init__(self, size: int, window: LoweredWindow) -> None:
        self._tau_steps = window.trace_tau_steps
        self._nearest = pairs_nearest(window.pairing)
        self._values = np.zeros(size)
        self._step = 0

    def at(self, step: int) -> Doubles:
        """Return ``sum exp(-age / tau)`` over all earlier spikes, or over the last one, shape (neurons,)."""
        self._values = self._values * np.exp(-(step - self._step) / self._tau_steps)
        self._step = step
        return self._values

    def add(self, neurons: Integers) -> None:
        """Add spikes at the step that was asked for last."""
        self._values[neurons] = 1.0 if self._nearest else self._values[neurons] + 1.0


class PairSums:
    """Anti-causal minus causal pair sums between two populations.

    Parameters
    ----------
    rule
        Whose windows.
    pre_size, post_size
        Neurons on either side.
    """

    def __init__(self, rule: LoweredSal, pre_size: int, post_size: int) -> None:
        self._pre = Trace(pre_size, rule.causal)
        self._post = Trace(post_size, rule.anticausal)
        self._shape = (pre_size, post_size)

    def take(self, pre: Train, post: Train) -> Doubles:
        """Return the sums over the pairs that spikes of a stretch complete, shape (pre, post).

        Parameters
        ----------
        pre, post
            Steps and neurons, in order of time.
        """
        sums = np.zeros(self._shape)
        for step in np.union1d(pre[0], post[0]).tolist():
            earlier_pre, earlier_post = self._pre.at(step), self._post.at(step)
            now_pre, now_post = spiking_at(pre, step), spiking_at(post, step)
            sums[now_pre, :] += earlier_post
            sums[:, now_post] -= earlier_pre[:, None]
            self._pre.add(now_pre)
            self._post.add(now_post)
        return sums


def spiking_at(train: Train, step: int) -> Integers:
    """Return the neurons that spike in a step."""
    begin, end = np.searchsorted(train[0], [step, step + 1])
    return train[1][begin:end]

"""What a simulator's STDP owes: pairs that it counts otherwise than the definition does, or later.

A pair counts by its spikes, and one of simultaneous spikes counts on neither side. The delay of one step moves pairs on
the synapse by a step, see :data:`sal_hw_pynn.description.TIMING`. Amplitudes make up for that at all lags but those
that change sides or fall on lag 0, and for these the host does, at each update, from the recorded spikes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import LoweredSal
from sal_hw_pynn.description import Timing
from sal_hw_pynn.pair_sums import Doubles, Integers, Trace, Train, spiking_at


class Owed:
    """What is to be added to the weights of one projection, stretch by stretch; a unit is what a pair at lag 0 counts.

    Parameters
    ----------
    timing
        Of the simulator whose STDP it is.
    rule
        What the STDP stands for.
    pre_size, post_size
        Neurons on either side.

    Attributes
    ----------
    late
        Shape (pre, post): what the simulator will do of its own, at the next pre spike or when spikes of the stretch's
        last step arrive.
    """

    def __init__(self, timing: Timing, rule: LoweredSal, pre_size: int, post_size: int) -> None:
        shift = timing.shift_steps
        # one side takes simultaneous spikes, and the amplitudes make them count like a pair at lag 0
        self._simultaneous = float(shift >= timing.first_causal_lag) - float(-shift >= timing.first_anticausal_lag)
        left_out = 1 - shift < timing.first_anticausal_lag
        self._adjacent = math.exp(-1.0 / rule.anticausal.trace_tau_steps) if left_out else 0.0
        self._defers = timing.defers
        self._earlier = Trace(pre_size, rule.causal)
        self._earlier_post = Trace(post_size, rule.anticausal)
        self._last_post: tuple[int, Integers] = (-1, np.zeros(0, dtype=np.int64))
        #: simultaneous spikes that the simulator has not paired yet
        self._waiting = np.zeros((pre_size, post_size), dtype=np.bool_)
        self.late = np.zeros((pre_size, post_size))

    def take(self, pre: Train, post: Train, end: int) -> Doubles:
        """Return what spikes of a stretch make owed, shape (pre, post).

        Parameters
        ----------
        pre, post
            Steps and neurons, in order of time.
        end
            First step after the stretch.
        """
        owed = np.zeros(self.late.shape)
        if not self._defers:
            self._settle(owed, np.arange(len(owed)))
            self.late[:] = 0.0
        for step in np.union1d(pre[0], post[0]).tolist():
            now_pre, now_post = spiking_at(pre, step), spiking_at(post, step)
            earlier, earlier_post = self._earlier.at(step), self._earlier_post.at(step)
            if self._last_post[0] == step - 1:
                owed[np.ix_(now_pre, self._last_post[1])] += self._adjacent
            if self._defers:
                self._settle(owed, now_pre)
                self.late[now_pre] = 0.0
                self.late[:, now_post] -= earlier[:, None]
            self._waiting[np.ix_(now_pre, now_post)] = True
            if not self._defers:
                self._see_arrivals(owed, now_pre, earlier_post, arrived=step + 1 < end)
            self._earlier.add(now_pre)
            self._earlier_post.add(now_post)
            if len(now_post):
                self._last_post = step, now_post
        return owed

    def _see_arrivals(self, owed: Doubles, pre: Integers, earlier_post: Doubles, *, arrived: bool) -> None:
        """Follow pre spikes that act at the next step, which may be beyond the stretch."""
        if arrived:
            self._settle(owed, pre)
        else:
            self.late[pre] = earlier_post

    def _settle(self, owed: Doubles, rows: Integers | NDArray[np.intp]) -> None:
        """Take simultaneous spikes back that the simulator has paired by now."""
        owed[rows] += self._simultaneous * self._waiting[rows]
        self._waiting[rows] = False

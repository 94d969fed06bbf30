"""What a scientist writes first: cortical microcircuits in NumPy, layer by layer and step by step.

The yardstick of the microcircuit benchmarks, and what the engine is compared with number by number. Weights are kept as
they are meant: interneurons have their own, which are set to those of the self-predicting state after every change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class MovingAverage:
    """The mean over the last steps."""

    def __init__(self, steps: int, size: int) -> None:
        self.kept = np.zeros((steps, size))
        self.count = 0
        self.total = np.zeros(size)

    def move(self, values: Floats) -> Floats:
        """Take in the values of a step and return the mean."""
        row = self.count % len(self.kept)
        self.total += values - self.kept[row]
        self.kept[row] = values
        self.count += 1
        return self.total / min(self.count, len(self.kept))


class TextbookMicrocircuit:
    """Layers with forward weights ``up[k]`` (n_k, n_{k+1}) and feedback weights ``down[k]`` onto the hidden layers.

    ``draw(step)`` returns a uniform number for every neuron, interneurons last.
    """

    def __init__(
        self,
        up: list[Floats],
        down: list[Floats],
        *,
        bias: float,
        tau_ref: int,
        average: int,
        apical_coupling: float,
        rates_up: tuple[float, ...],
        rate_down: float,
        draw: Callable[[int], Floats],
    ) -> None:
        self.up, self.down = [w.copy() for w in up], [w.copy() for w in down]
        self.sizes = [up[0].shape[0], *(w.shape[1] for w in up)]
        self.bias, self.tau, self.coupling = bias, tau_ref, apical_coupling
        self.rates_up, self.rate_down, self.draw = rates_up, rate_down, draw
        self.u = [np.full(n, bias if layer else 0.0) for layer, n in enumerate(self.sizes)]
        self.u_inter = [np.full(n, bias) for n in self.sizes[2:]]
        self.last = [np.full(n, -np.inf) for n in self.sizes]
        self.last_inter = [np.full(n, -np.inf) for n in self.sizes[2:]]
        self.basal_mean = [MovingAverage(average, n) for n in self.sizes[1:]]
        self.soma_mean = [MovingAverage(average, n) for n in self.sizes[1:]]
        self.step_number = 0

    def phi(self, u: Floats) -> Floats:
        """Return the spike probability."""
        return 1.0 / (1.0 + self.tau * np.exp(-u))

    def spike(self, t: int) -> None:
        """Draw the spikes of all neurons."""
        uniform, at = self.draw(t), 0
        for u, last in zip(self.u + self.u_inter, self.last + self.last_inter, strict=True):
            last[(uniform[at : at + len(u)] < self.phi(u)) & (t - last >= self.tau)] = t
            at += len(u)

    def psp(self, last: Floats, t: int) -> Floats:
        """Return the rectangular PSPs."""
        return (t - last < self.tau).astype(float)

    def step(
        self, pattern: Floats, target: Floats, nudging: float, *, learn: bool, copy: bool = False, align: bool = False
    ) -> None:
        """Advance by one step."""
        t = self.step_number
        self.spike(t)
        psps = [self.psp(last, t) for last in self.last]
        inter = [self.psp(last, t) for last in self.last_inter]
        means = []
        for layer in range(1, len(self.sizes)):
            basal = psps[layer - 1] @ self.up[layer - 1]
            mean_basal = self.basal_mean[layer - 1].move(basal)
            u = self.bias + basal
            if layer > 1:
                self.u_inter[layer - 2] = np.full(len(u), self.bias) if align else u.copy()
            if layer < len(self.sizes) - 1:
                above = psps[layer + 1] - (0.0 if align else inter[layer - 1])
                u = u + (1.0 if align else self.coupling) * (above @ self.down[layer - 1])
            elif nudging:
                u = u + nudging * (target - mean_basal - self.bias)
            self.u[layer] = u
            means.append((mean_basal, self.soma_mean[layer - 1].move(u)))
        self.u[0] = pattern.copy()
        if learn:
            self.learn(t, means, copy)
        if align:
            self.align(t)
        self.step_number += 1

    def learn(self, t: int, means: list[tuple[Floats, Floats]], copy: bool) -> None:
        """Change the forward weights of neurons that spiked a step ago."""
        for layer, (basal, soma) in enumerate(means):
            error = self.phi(soma) - self.phi(basal + self.bias)
            self.up[layer] += self.rates_up[layer] * np.outer(self.last[layer] == t - 1, error)
        if copy:
            self.down = [w.T.copy() for w in self.up[1:]]

    def align(self, t: int) -> None:
        """Change the feedback weights with the pairs of this step's spikes and the last ones of the other side."""
        for layer in range(1, len(self.sizes) - 1):
            since_post, since_pre = t - self.last[layer], (t - self.last[layer + 1])[:, None]
            kernel = np.where(since_pre > 0, -np.exp(-since_pre / self.tau), 0.0) * (since_post == 0)
            kernel += np.where(since_post > 0, np.exp(-since_post / self.tau), 0.0) * (since_pre == 0)
            self.down[layer - 1] += self.rate_down * kernel

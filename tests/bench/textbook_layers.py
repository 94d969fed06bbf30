"""What a scientist writes first: a stack of layers in NumPy, dense products in every step.

The yardstick of the layer benchmarks, in single precision. PSPs and traces come from what was spiked in the last steps;
pairs are outer products that are added to a dense matrix in every step. Products are einsum's, which is nearly as fast
here as a BLAS on one thread: several threads of a BLAS would make the yardstick depend on what else the machine does.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class TextbookStack:
    """Layers with ``forward[k]`` (n_k, n_{k+1}), ``feedback[k]`` (n_{k+1}, n_k), biases and the pair sums so far."""

    def __init__(
        self,
        forward: tuple[NDArray[np.float64], ...],
        feedback: tuple[NDArray[np.float64], ...],
        biases: tuple[NDArray[np.float64], ...],
        tau_ref: int,
        seed: int,
    ) -> None:
        self.up = [weights.astype(np.float32) for weights in forward]
        self.down = [weights.astype(np.float32) for weights in feedback]
        self.biases = [values.astype(np.float32) for values in biases]
        self.tau_ref = tau_ref
        self.past = [np.zeros((2 * tau_ref, len(values)), np.float32) for values in biases]
        self.waited = [np.full(len(values), tau_ref + 1) for values in biases]
        self.kernel = np.exp(-np.arange(2 * tau_ref, dtype=np.float32) / tau_ref)
        self.sums = [np.zeros(weights.shape, np.float32) for weights in self.down]
        self.counts = [np.zeros(len(values)) for values in biases]
        self.rng = np.random.default_rng(seed)

    def step(self) -> None:
        """Advance all layers by one step and add the pairs of the new spikes."""
        psps = [past[: self.tau_ref].sum(axis=0) for past in self.past]
        spikes = []
        for layer, bias in enumerate(self.biases):
            u = bias.copy()
            if layer > 0:
                u += np.einsum("i,ij->j", psps[layer - 1], self.up[layer - 1])
            if layer + 1 < len(self.biases):
                u += np.einsum("i,ij->j", psps[layer + 1], self.down[layer])
            p = 1.0 / (1.0 + np.exp(math.log(self.tau_ref) - u))
            new = (self.rng.random(len(u), dtype=np.float32) < p) & (self.waited[layer] > self.tau_ref)
            self.waited[layer] += 1
            self.waited[layer][new] = 1
            self.past[layer] = np.roll(self.past[layer], 1, axis=0)
            self.past[layer][0] = new
            self.counts[layer] += new
            spikes.append(new.astype(np.float32))
        traces = [self.kernel @ past for past in self.past]
        for layer, (below, above) in enumerate(pairwise(range(len(spikes)))):
            self.sums[layer] += np.outer(spikes[above], traces[below]) - np.outer(traces[above], spikes[below])

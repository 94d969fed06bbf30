"""The form of the code published with arXiv 2503.02642, restated: all chains at once, in PyTorch, out of place.

The weight changes of each chain are kept apart, in an array of chains x pre x post that every step reads and writes
twice. That, not the language, is what it costs: sums of such products in place take a third of the time.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

Layers = tuple[NDArray[np.float64], ...]


class TextbookBatch:
    """Chains of layers with ``forward[k]`` (n_k, n_{k+1}) and ``feedback[k]`` (n_{k+1}, n_k), and their changes."""

    def __init__(self, forward: Layers, feedback: Layers, biases: Layers, tau_ref: int, chains: int, seed: int) -> None:
        self.up = [torch.tensor(weights, dtype=torch.float32) for weights in forward]
        self.down = [torch.tensor(weights, dtype=torch.float32) for weights in feedback]
        self.biases = [torch.tensor(values, dtype=torch.float32) for values in biases]
        self.tau_ref = tau_ref
        self.past = [torch.zeros(chains, len(values), 2 * tau_ref) for values in biases]
        self.waited = [torch.full((chains, len(values)), tau_ref + 1) for values in biases]
        self.kernel = torch.exp(-torch.arange(2 * tau_ref) / tau_ref)
        self.changes = [torch.zeros(chains, *weights.shape) for weights in self.down]
        self.counts = [torch.zeros(len(values)) for values in biases]
        self.generator = torch.Generator().manual_seed(seed)

    def step(self) -> None:
        """Advance all layers of all chains by one step and add the pairs of the new spikes, chain by chain."""
        psps = [past[:, :, : self.tau_ref].sum(-1) for past in self.past]
        spikes = []
        for layer, bias in enumerate(self.biases):
            u = bias.expand(psps[layer].shape)
            if layer > 0:
                u = u + psps[layer - 1] @ self.up[layer - 1]
            if layer + 1 < len(self.biases):
                u = u + psps[layer + 1] @ self.down[layer]
            p = torch.sigmoid(u - math.log(self.tau_ref))
            new = (torch.rand(p.shape, generator=self.generator) < p) & (self.waited[layer] > self.tau_ref)
            self.waited[layer] = (self.waited[layer] + 1).masked_fill(new, 1)
            self.past[layer] = torch.cat([new.float().unsqueeze(-1), self.past[layer][:, :, :-1]], -1)
            self.counts[layer] += new.sum(0)
            spikes.append(new.float())
        traces = [past @ self.kernel for past in self.past]
        for layer, (below, above) in enumerate(pairwise(range(len(spikes)))):
            causal = spikes[above].unsqueeze(2) * traces[below].unsqueeze(1)
            anticausal = traces[above].unsqueeze(2) * spikes[below].unsqueeze(1)
            self.changes[layer] = self.changes[layer] + (causal - anticausal)

"""The phases in which spiking neurons align the feedback weights of a network."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays
from sal_hw.spec.discretizations import convention
from sal_hw_deep.dense import DenseLearning
from sal_hw_deep.feedback import LinearLayer
from sal_hw_deep.networks import Classifier, aligned_layers
from sal_hw_deep.schema import ClassifierMethod, TrainClassifierProtocol
from sal_hw_deep.training import falling
from sal_hw_studies.engines.layers import LayerLearning, LayerModel, exponential_window

_BIAS_STREAM, _CHAIN_STREAM, _DENSE_STREAM = 4, 5, 6

Floats = NDArray[np.float64]


class Alignment:
    """The spiking stack of one network: it takes over weights and biases, learns, and hands feedback weights back.

    Parameters
    ----------
    network
        Whose aligned layers are meant; there is at least one.
    protocol, method
        How they are aligned.
    seed
        Of the biases of the stack's input, where the network has none, and of all spikes.
    threads
        Chains that may run at the same time, by the engine.
    """

    def __init__(
        self,
        network: Classifier,
        protocol: TrainClassifierProtocol,
        method: ClassifierMethod,
        *,
        seed: int,
        threads: int,
    ) -> None:
        self._protocol, self._options = protocol, protocol.alignment
        self._layers = aligned_layers(network)
        self._sign = -1.0 if method.polarity == "inverted" else 1.0
        below = network.layers[network.layers.index(self._layers[0]) - 1]
        self._below = below if isinstance(below, LinearLayer) else None
        inputs = self._layers[0].weight.shape[1]
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_BIAS_STREAM,)))
        self._input_biases = rng.uniform(-1.0, 1.0, inputs) / np.sqrt(inputs)
        self._stack = self._make_stack(seed, threads)
        self._counts = self._stack.spike_counts.copy()

    def _make_stack(self, seed: int, threads: int) -> LayerLearning | DenseLearning:
        options, device = self._options, torch.device(self._protocol.device)
        rate, steps = self._sign * options.learning_rate, options.steps_per_round
        if options.simulator == "dense" or (options.simulator == "automatic" and device.type == "cuda"):
            sequence = np.random.SeedSequence(seed, spawn_key=(_DENSE_STREAM,))
            return DenseLearning(
                self._model(),
                learning_rate=rate,
                steps_per_update=steps,
                chains=options.chains,
                seed=sequence,
                device=device,
            )
        sequences = [np.random.SeedSequence(seed, spawn_key=(_CHAIN_STREAM, chain)) for chain in range(options.chains)]
        return LayerLearning(
            self._model(), learning_rate=rate, steps_per_update=steps, entropies=sequences, threads=threads
        )

    def _model(self) -> LayerModel:
        tau, meant = self._options.tau_ref_steps, convention(self._options.discretization)
        forward, feedback, biases = self._weights()
        return LayerModel(
            forward=forward,
            feedback=feedback,
            biases=biases,
            tau_ref_steps=tau,
            psp_steps=tau + meant.psp,
            dead_steps=tau + meant.dead,
            window=exponential_window(tau, 2 * tau),
        )

    def _weights(self) -> tuple[tuple[Floats, ...], tuple[Floats, ...], tuple[Floats, ...]]:
        """Return forward weights, feedback weights and biases of the network, as the stack has them."""
        first = self._input_biases if self._below is None else _array(self._below.bias)
        forward = tuple(_array(layer.weight).T for layer in self._layers)
        feedback = tuple(_array(layer.feedback) for layer in self._layers)
        return forward, feedback, (first, *(_array(layer.bias) for layer in self._layers))

    def begin(self, epoch: int) -> None:
        """Take over the weights of the network before an epoch."""
        forward, feedback, biases = self._weights()
        options = self._options
        rate = falling(options.learning_rate, options.learning_rate_end, epoch, self._protocol.epochs)
        self._stack.replace_weights(forward=forward, feedback=feedback, biases=biases, learning_rate=self._sign * rate)
        self._counts = self._stack.spike_counts.copy()

    def round(self) -> None:
        """Run all chains and update the feedback weights once."""
        updates = self._stack.updates
        while self._stack.updates == updates:
            self._stack.advance()

    def end(self, rounds: int) -> Floats:
        """Hand the feedback weights back; return the mean rate of each layer in spikes per refractory time."""
        for layer, feedback in zip(self._layers, self._stack.model.feedback, strict=True):
            layer.feedback.copy_(torch.as_tensor(feedback, dtype=layer.feedback.dtype))
        options, first = self._options, self._stack.model.first
        new = self._stack.spike_counts - self._counts
        per_tau = options.tau_ref_steps / (rounds * options.steps_per_round * options.chains)
        return np.array([new[begin:end].mean() * per_tau for begin, end in pairwise(first)])

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""
        arrays = {f"stack.{name}": values for name, values in self._stack.checkpoint().items()}
        return arrays | {"counts": self._counts.copy()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], epoch: int) -> None:
        """Go on from a checkpoint, in the phase before an epoch or after it; the network is restored already."""
        self.begin(epoch)
        self._stack.restore({key.removeprefix("stack."): arrays[key] for key in arrays if key.startswith("stack.")})
        self._counts = np.array(arrays["counts"])


def _array(values: torch.Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float64)

"""The ``symmetrize_layers`` study: a stack of layers whose feedback weights learn by SAL, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Outcome, Recording
from sal_hw.results.metrics import Found
from sal_hw.results.result import Finding
from sal_hw.spec.discretizations import convention
from sal_hw_studies.layer_records import alignment_metrics, pair_trace, record_alignment
from sal_hw_studies.schemas.symmetrize_layers import SymmetrizeLayersProtocol

_WEIGHT_STREAM, _CHAIN_STREAM = 0, 1


class SymmetrizeLayersStudy:
    """Runs the epochs of all chains and records how each layer aligns.

    Traces end in ``layer_1``, ``layer_2``, ...: the weights between the input and the next layer, and so on.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Seed of weights, biases and spikes.
    threads
        Chains that may run at the same time.
    folder
        Not used: there are no files.
    """

    def __init__(
        self,
        protocol: SymmetrizeLayersProtocol,
        *,
        seed: int,
        threads: int,
        folder: Path | None,  # noqa: ARG002 - every study has one
    ) -> None:
        from sal_hw_studies.engines.layers import LayerLearning

        self.done, self.total = 0, protocol.epochs * protocol.chains
        self._protocol = protocol
        self._learning = LayerLearning(
            _draw_model(protocol, seed),
            learning_rate=protocol.learning_rate,
            steps_per_update=protocol.steps_per_epoch,
            entropies=[
                np.random.SeedSequence(seed, spawn_key=(_CHAIN_STREAM, chain)) for chain in range(protocol.chains)
            ],
            threads=threads,
        )
        self._start = self._learning.model.feedback
        self._recording = Recording(axis="epoch")
        self._record()

    def step(self) -> None:
        """Run as many chains as there are threads for one epoch; after the last chain the weights change."""
        updates = self._learning.updates
        self.done += self._learning.advance()
        if self._learning.updates > updates:
            self._record()

    def _names(self) -> list[str]:
        return [f"layer_{layer + 1}" for layer in range(len(self._start))]

    def _record(self) -> None:
        model = self._learning.model
        for name, forward, feedback in zip(self._names(), model.forward, model.feedback, strict=True):
            record_alignment(self._recording, name, self._learning.updates, forward, feedback)

    def outcome(self) -> Outcome:
        """Return the alignment of each layer, the rates and how much model time passed."""
        protocol, model = self._protocol, self._learning.model
        steps = protocol.epochs * protocol.steps_per_epoch
        metrics: dict[str, Found] = {
            "epochs": protocol.epochs,
            "model_time_s": steps * protocol.timestep_ms * 1e-3,
            "tau_ref_ms": protocol.tau_ref_steps * protocol.timestep_ms,
        }
        traces = self._recording.traces()
        for name, *weights in zip(self._names(), model.forward, self._start, model.feedback, strict=True):
            metrics |= alignment_metrics(self._recording, name)
            traces[f"layer_pairs.{name}"] = pair_trace(*weights)
        per_tau = protocol.tau_ref_steps / (steps * protocol.chains)
        for layer, (first, last) in enumerate(pairwise(model.first)):
            metrics[f"spikes_per_tau_ref_{layer}"] = float(self._learning.spike_counts[first:last].mean() * per_tau)
        return Outcome(metrics=metrics, traces=traces)

    def findings(self) -> Sequence[Finding]:
        """Return neurons that never spiked: their weights cannot learn."""
        silent = int((self._learning.spike_counts == 0).sum())
        if not silent:
            return ()
        advice = f"{silent} neurons never spiked while learning; raise the number of steps"
        return (Finding(kind="neurons_silent", severity="degraded", count=silent, advice=advice),)

    def checkpoint(self) -> Arrays:
        """Return everything that is needed to go on."""
        learned = {f"learning.{name}": values for name, values in self._learning.checkpoint().items()}
        return learned | self._recording.checkpoint() | {"done": np.array(self.done)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        prefix = "learning."
        self._learning.restore({key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)})
        self._recording.restore(arrays)
        self.done = int(arrays["done"])


def _draw_model(protocol: SymmetrizeLayersProtocol, seed: int) -> Any:
    """Draw weights and biases as the protocol says, all forward weights first, then feedback weights, then biases."""
    from sal_hw_studies.engines.layers import LayerModel, exponential_window

    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_WEIGHT_STREAM,)))
    sizes, tau = protocol.sizes, protocol.tau_ref_steps
    up = list(pairwise(sizes))
    meant = convention(protocol.discretization)
    return LayerModel(
        forward=tuple(rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[0]) for shape in up),
        feedback=tuple(rng.uniform(-1.0, 1.0, shape[::-1]) / np.sqrt(shape[1]) for shape in up),
        biases=tuple(rng.uniform(-1.0, 1.0, size) / np.sqrt(size) for size in sizes),
        tau_ref_steps=tau,
        psp_steps=tau + meant.psp,
        dead_steps=tau + meant.dead,
        window=exponential_window(tau, protocol.window_steps or 2 * tau),
    )

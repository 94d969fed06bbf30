"""The ``weight_transport`` study: SAL, RDD and STDWI from the same weights, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Outcome, Recording
from sal_hw.results.metrics import Found
from sal_hw.results.result import Finding
from sal_hw_studies.layer_records import alignment_metrics, pair_trace, record_alignment
from sal_hw_studies.schemas.variant import repeats_published
from sal_hw_studies.schemas.weight_transport import WeightTransportProtocol
from sal_hw_studies.transport_runs import MethodRun, RddRun, SalRun, stdwi_run


class WeightTransportStudy:
    """Runs the methods and records how their feedback weights align with the forward weights.

    Traces end in ``sal``, ``rdd`` and ``stdwi``, over model time.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Seed of everything but the weights, which have their own.
    threads
        Chains of SAL that may run at the same time.
    folder
        Not used: there are no files.
    """

    def __init__(
        self,
        protocol: WeightTransportProtocol,
        *,
        seed: int,
        threads: int,
        folder: Path | None,  # noqa: ARG002 - every study has one
    ) -> None:
        self._protocol = protocol
        self._forward, self._start = draw_weights(protocol)
        self._runs = _make_runs(protocol, self._forward, self._start, seed, threads)
        self._recording = Recording(axis="ms")
        self.done, self.total = 0, sum(run.parts for run in self._runs.values())
        for name in self._runs:
            record_alignment(self._recording, name, 0.0, self._forward, self._start)

    def step(self) -> None:
        """Run the next epoch of SAL, or the next second of another method."""
        part = self.done
        for name, run in self._runs.items():
            if part < run.parts:
                if run.advance(part):
                    at_ms = (part + 1) * run.part_ms
                    record_alignment(self._recording, name, at_ms, self._forward, run.feedback)
                self.done += 1
                return
            part -= run.parts

    def outcome(self) -> Outcome:
        """Return how far each method came."""
        metrics: dict[str, Found] = {"protocol": self._protocol.protocol}
        traces = self._recording.traces()
        for name, run in self._runs.items():
            metrics |= alignment_metrics(self._recording, name)
            metrics |= {f"{name}_{key}": value for key, value in run.metrics().items()}
            traces[f"layer_pairs.{name}"] = pair_trace(self._forward, self._start, run.feedback)
        return Outcome(metrics=metrics, traces=traces)

    def findings(self) -> Sequence[Finding]:
        """Return methods in which a layer was silent."""
        found = []
        for name, run in self._runs.items():
            rates = run.metrics()
            for layer in ("below", "above"):
                if rates.get(f"rate_{layer}_hz") == 0.0:
                    advice = f"no neuron {layer} spiked under {name}; other layer sizes or weights may help"
                    found.append(Finding(kind="layer_silent", severity="degraded", count=1, advice=advice))
        return found

    def checkpoint(self) -> Arrays:
        """Return everything that is needed to go on."""
        arrays = self._recording.checkpoint() | {"done": np.array(self.done)}
        for name, run in self._runs.items():
            arrays |= {f"run.{name}.{key}": values for key, values in run.checkpoint().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._recording.restore(arrays)
        self.done = int(arrays["done"])
        for name, run in self._runs.items():
            prefix = f"run.{name}."
            run.restore({key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)})


def draw_weights(protocol: WeightTransportProtocol) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw forward and feedback weights, both [pre, post].

    The generator fills rows over post in both, as the code of arXiv 2503.02642 does: its seed gives its weights.
    """
    rng = np.random.default_rng(protocol.weight_seed)
    below, above = protocol.size_below, protocol.size_above
    bound = np.sqrt(3.0 / below)
    forward = rng.uniform(-bound, bound, (above, below)).T
    feedback = rng.uniform(-bound, bound, (below, above)).T
    return np.ascontiguousarray(forward), np.ascontiguousarray(feedback)


def _make_runs(
    protocol: WeightTransportProtocol,
    forward: NDArray[np.float64],
    feedback: NDArray[np.float64],
    seed: int,
    threads: int,
) -> dict[str, MethodRun]:
    # each method keeps its stream when another one is left away
    streams = [np.random.SeedSequence(seed, spawn_key=(index,)) for index in range(3)]
    runs: dict[str, MethodRun] = {}
    if protocol.sal is not None:
        published = repeats_published(protocol.protocol)
        runs["sal"] = SalRun(protocol.sal, forward, feedback, streams[0], threads=threads, published=published)
    if protocol.rdd is not None:
        runs["rdd"] = RddRun(protocol.rdd, forward, feedback, streams[1])
    if protocol.stdwi is not None:
        runs["stdwi"] = stdwi_run(protocol.stdwi, forward, feedback, streams[2])
    return runs

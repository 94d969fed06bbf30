"""The ``sample`` experiment: how close a sampling network comes to the distribution of its own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Session
from sal_hw.errors import InputError, Problem
from sal_hw.experiment.base import Arrays, Outcome, Promise, Recording
from sal_hw.experiment.boltzmann import Boltzmann
from sal_hw.experiment.metrics import kullback_leibler, sampling_floor
from sal_hw.program import CompiledProgram
from sal_hw.results.metrics import Found
from sal_hw.spec.protocols import SampleProtocol


def own_distribution(program: CompiledProgram, population: str) -> Boltzmann:
    """Return the distribution of a population's recurrent weights and biases.

    Raises
    ------
    InputError
        E224 if the weights are not symmetric; the network then stands for no Boltzmann distribution.
    """
    block = program.neuron_block(population)
    weights = np.zeros((block.size, block.size))
    for item in program.synapses:
        if item.source == item.target == population:
            weights += item.weights
    np.fill_diagonal(weights, 0.0)
    if not np.allclose(weights, weights.T, rtol=0.0, atol=1e-12):
        raise InputError(
            Problem(
                code="E224",
                field="experiment.population",
                value=population,
                allowed="a population with symmetric recurrent weights: others sample no Boltzmann distribution",
                hint="add symmetric: true to the weights' distribution",
            )
        )
    return Boltzmann(weights=weights, biases=block.biases)


class SampleExperiment:
    """Samples in equal parts and records the divergence of all samples so far.

    Parameters
    ----------
    protocol
        What the user wants.
    program, session
        The compiled network and where it is loaded.
    """

    def __init__(self, protocol: SampleProtocol, program: CompiledProgram, session: Session) -> None:
        if program.timing is None:
            raise TypeError("a sample experiment needs sampling neurons")
        self.done = 0
        self.total = protocol.records
        self._protocol = protocol
        self._session = session
        self._size = program.neuron_block(protocol.population).size
        self._tau_ref_ms = program.timing.tau_ref_steps * program.timestep_ms
        self._probabilities = own_distribution(program, protocol.population).probabilities()
        self._counts = np.zeros(len(self._probabilities), dtype=np.int64)
        self._spikes = np.zeros(self._size, dtype=np.int64)
        self._duration_ms = 0.0
        self._recording = Recording(axis="ms")

    @staticmethod
    def promise(protocol: SampleProtocol, program: CompiledProgram) -> Promise:
        """Return what the experiment will have found, which is the same for all programs."""
        del protocol, program
        metrics = {"dkl_final", "dkl_sampling_floor", "rate_mean_hz", "states_unseen_final"}
        return Promise(metrics=frozenset(metrics), numbers=frozenset({"dkl"}))

    def step(self) -> None:
        """Sample one part."""
        wanted = self._protocol
        part_ms = wanted.duration_ms / wanted.records
        seen = self._session.observe(part_ms, chains=wanted.chains, warmup_ms=wanted.warmup_ms)
        self._counts += seen.state_counts[wanted.population]
        self._spikes += seen.spike_counts[wanted.population]
        self._duration_ms += seen.duration_ms
        self.done += 1
        at = round(self._duration_ms)
        self._recording.add("dkl", at, kullback_leibler(self._probabilities, self._counts))
        if self.done == self.total:
            self._recording.add("state_counts", at, self._counts)
            self._recording.add("state_target", at, self._probabilities)
            self._recording.add("activity", at, self._activity())

    def _activity(self) -> NDArray[np.float64]:
        return np.asarray(self._spikes * self._tau_ref_ms / self._duration_ms)

    def outcome(self) -> Outcome:
        """Return metrics and traces of a finished experiment."""
        traces = self._recording.traces()
        samples = self._duration_ms / self._tau_ref_ms
        metrics: dict[str, Found] = {
            "dkl_final": float(traces["dkl"].values[-1]),
            "dkl_sampling_floor": sampling_floor(len(self._probabilities), samples),
            "rate_mean_hz": float(self._spikes.sum() / (self._size * self._duration_ms * 1e-3)),
            "states_unseen_final": int((self._counts == 0).sum()),
        }
        return Outcome(metrics=metrics, traces=traces)

    def checkpoint(self) -> Arrays:
        """Return what is known so far."""
        return self._recording.checkpoint() | {
            "done": np.array(self.done),
            "counts": self._counts.copy(),
            "spikes": self._spikes.copy(),
            "duration_ms": np.array(self._duration_ms),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._recording.restore(arrays)
        self.done = int(arrays["done"])
        self._counts, self._spikes = np.array(arrays["counts"]), np.array(arrays["spikes"])
        self._duration_ms = float(arrays["duration_ms"])

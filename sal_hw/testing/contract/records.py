"""What a session tells besides its weights: counters, findings, and spikes as they come."""

from __future__ import annotations

import pickle

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.testing.comparing import assert_same, weights_of
from sal_hw.testing.contract.fixtures import ContractFixtures, Open


class RecordContract(ContractFixtures):
    """What counters, findings and recorders keep to."""

    def test_counters_are_plain_numbers(self, open_session: Open, layers: CompiledProgram) -> None:
        session = open_session(layers)
        session.learn(2)
        counters = session.counters()
        assert {"updates_missed", "weights_at_rail"} <= set(counters)
        assert all(type(value) is int and value >= 0 for value in counters.values())

    def test_spikes_go_to_the_recorder_in_order(self, open_session: Open, pair: CompiledProgram) -> None:
        taken: dict[str, list[NDArray[np.float64]]] = {"upper": [], "lower": []}

        def record(time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
            assert time_ms.shape == neuron.shape
            assert neuron.dtype == np.int32
            assert not neuron.any(), "there is one neuron, and neurons count within their population"
            taken[population].append(time_ms)

        seen = open_session(pair, recorder=record).learn(4)
        for population, pieces in taken.items():
            times = np.concatenate(pieces)
            assert len(times) == seen.spike_counts[population].sum()
            assert (np.diff(times) > 0.0).all()
            assert times[0] >= 0.0
            assert times[-1] <= seen.duration_ms

    def test_recording_does_not_change_the_run(self, open_session: Open, pair: CompiledProgram) -> None:
        recorded, silent = open_session(pair, recorder=lambda *_: None), open_session(pair)
        recorded.learn(3)
        silent.learn(3)
        assert_same(weights_of(recorded, pair), weights_of(silent, pair))

    def test_findings_are_plain_and_pickle(self, open_session: Open, pair: CompiledProgram) -> None:
        session = open_session(pair)
        assert list(session.findings()) == []
        session.learn(1)
        found = list(session.findings())
        assert all(isinstance(finding, Finding) for finding in found)
        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes

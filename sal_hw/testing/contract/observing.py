"""Observing: what is counted, that nothing learns, and that nothing is disturbed."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.program import CompiledProgram
from sal_hw.testing.comparing import assert_same, assert_same_observation, differ, observe, weights_of
from sal_hw.testing.contract.fixtures import ContractFixtures, Open


class ObservingContract(ContractFixtures):
    """What :meth:`sal_hw.contracts.backend.Session.observe` keeps to."""

    def test_an_observation_adds_its_chains_and_leaves_out_the_warmup(
        self, open_session: Open, sampler: CompiledProgram
    ) -> None:
        seen = observe(open_session(sampler))
        assert seen.duration_ms == pytest.approx(20_000.0, abs=sampler.timestep_ms)
        assert seen.spike_counts["visible"].shape == (5,)
        counts = seen.state_counts["visible"]
        assert counts.shape == (2**5,)
        assert counts.min() >= 0
        # a neuron is active for 10 ms per spike; a chain's ends cut at most one spike per neuron and chain
        active = counts @ ((np.arange(2**5)[:, None] >> np.arange(4, -1, -1)) & 1) / counts.sum()
        np.testing.assert_allclose(active, seen.spike_counts["visible"] * 10.0 / 20_000.0, atol=0.01)

    def test_observing_does_not_learn_nor_disturb(self, open_session: Open, pair: CompiledProgram) -> None:
        watched, alone = open_session(pair), open_session(pair)
        for session in (watched, alone):
            session.learn(2)
        before = weights_of(watched, pair)
        observe(watched)
        assert_same(weights_of(watched, pair), before)
        watched.learn(2)
        alone.learn(2)
        assert_same(weights_of(watched, pair), weights_of(alone, pair))

    def test_two_observations_are_independent(self, open_session: Open, noisy: CompiledProgram) -> None:
        session = open_session(noisy)
        one, other = observe(session), observe(session)
        assert not np.array_equal(one.spike_counts["visible"], other.spike_counts["visible"])

    def test_threads_do_not_change_an_observation(self, open_session: Open, noisy: CompiledProgram) -> None:
        one, other = (observe(open_session(noisy, threads=threads)) for threads in (1, 2))
        assert_same_observation(one, other)

    def test_an_observation_sees_the_weights_that_were_learned(
        self, open_session: Open, layers: CompiledProgram
    ) -> None:
        learned, fresh = open_session(layers), open_session(layers)
        learned.learn(10)
        assert differ(weights_of(learned, layers), weights_of(fresh, layers))
        # the same chains with other weights
        assert not np.array_equal(observe(learned).spike_counts["visible"], observe(fresh).spike_counts["visible"])

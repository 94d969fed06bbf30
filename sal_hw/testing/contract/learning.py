"""Learning: what changes, what it tells, and that only program and seed decide."""

from __future__ import annotations

import numpy as np

from sal_hw.contracts.backend import Backend, OpenRequest
from sal_hw.program import CompiledProgram
from sal_hw.testing.comparing import assert_same, differ, weights_of
from sal_hw.testing.contract.fixtures import ContractFixtures, Open


class LearningContract(ContractFixtures):
    """What :meth:`sal_hw.contracts.backend.Session.learn` keeps to."""

    def test_learning_changes_weights_and_tells_what_it_saw(self, open_session: Open, pair: CompiledProgram) -> None:
        session = open_session(pair)
        before = weights_of(session, pair)
        seen = session.learn(3)
        assert np.isclose(seen.duration_ms, 3 * (pair.update_ms or 0.0), rtol=1e-12, atol=0.0)
        assert set(seen.spike_counts) == {"upper", "lower"}
        for counts in seen.spike_counts.values():
            assert counts.shape == (1,)
            assert np.issubdtype(counts.dtype, np.integer)
            # a refractory time of 10 ms allows at most 180 spikes in 1.8 s; these biases give about 54 Hz
            assert 30 < counts[0] <= 180
        assert differ(before, weights_of(session, pair))

    def test_learning_in_pieces_is_learning_at_once(self, open_session: Open, pair: CompiledProgram) -> None:
        pieces, whole = open_session(pair), open_session(pair)
        counts = [pieces.learn(2).spike_counts["upper"], pieces.learn(3).spike_counts["upper"]]
        seen = whole.learn(5)
        assert_same(weights_of(pieces, pair), weights_of(whole, pair))
        np.testing.assert_array_equal(sum(counts), seen.spike_counts["upper"])

    def test_the_seed_decides(self, open_session: Open, pair: CompiledProgram) -> None:
        sessions = [open_session(pair, seed=seed) for seed in (1, 1, 2, 3)]
        for session in sessions:
            session.learn(3)
        found = [weights_of(session, pair) for session in sessions]
        assert_same(found[0], found[1])
        # two stored weights of few bits may be the same by chance
        assert differ(found[0], found[2]) or differ(found[0], found[3])

    def test_sessions_do_not_disturb_each_other(self, open_session: Open, pair: CompiledProgram) -> None:
        alone = open_session(pair)
        alone.learn(4)
        one, other = open_session(pair), open_session(pair, seed=8)
        for _ in range(4):
            one.learn(1)
            other.learn(1)
        assert_same(weights_of(one, pair), weights_of(alone, pair))

    def test_a_machine_can_be_opened_again_after_closing(self, backend: Backend, pair: CompiledProgram) -> None:
        found = []
        for _ in range(2):
            session = backend.open(pair, OpenRequest(seed=3))
            session.learn(2)
            found.append(weights_of(session, pair))
            session.close()
        assert_same(found[0], found[1])

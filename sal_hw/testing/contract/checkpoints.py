"""Checkpoints: a restored session goes on as if nothing had happened."""

from __future__ import annotations

from sal_hw.program import CompiledProgram
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz
from sal_hw.testing.comparing import assert_same, assert_same_observation, differ, observe, weights_of
from sal_hw.testing.contract.fixtures import ContractFixtures, Open


class CheckpointContract(ContractFixtures):
    """What ``checkpoint`` and ``restore`` of :class:`sal_hw.contracts.backend.Session` keep to."""

    def test_a_restored_session_goes_on_exactly(self, open_session: Open, learner: CompiledProgram) -> None:
        first = open_session(learner)
        first.learn(3)
        observe(first)
        kept = read_npz(npz_bytes(first.checkpoint()))
        before = weights_of(first, learner)
        second = open_session(learner)
        second.learn(1)  # whatever it did before is forgotten
        second.restore(kept)
        assert_same(weights_of(second, learner), before)
        assert second.counters() == first.counters()
        for session in (first, second):
            session.learn(3)
        assert_same(weights_of(second, learner), weights_of(first, learner))
        assert second.counters() == first.counters()
        assert list(second.findings()) == list(first.findings())
        assert differ(before, weights_of(first, learner))
        assert_same_observation(observe(first), observe(second))
        assert npz_bytes(first.checkpoint()) == npz_bytes(second.checkpoint())

    def test_a_checkpoint_stays_as_it_was_taken(self, open_session: Open, learner: CompiledProgram) -> None:
        session = open_session(learner)
        session.learn(1)
        kept = session.checkpoint()
        before = npz_bytes(kept)
        session.learn(2)
        assert npz_bytes(kept) == before
        session.restore(kept)
        session.learn(2)
        assert npz_bytes(kept) == before, "a restored session must not write into the checkpoint"

    def test_sampling_without_a_rule_is_restored_too(self, open_session: Open, sampler: CompiledProgram) -> None:
        first, second = open_session(sampler), open_session(sampler)
        observe(first)
        second.restore(read_npz(npz_bytes(first.checkpoint())))
        assert_same_observation(observe(first), observe(second))

"""Wake-sleep learning, for targets that have such rules."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.contracts.backend import Moments, Session
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz
from sal_hw.testing.comparing import assert_same, differ, observe, weights_of
from sal_hw.testing.contract.fixtures import ContractFixtures, Open


def _rule(program: CompiledProgram) -> str:
    return program.wake_sleep_rules[0].name


def _set_wake(session: Session, program: CompiledProgram, activity: float) -> None:
    moments = Moments(mean=np.full(7, activity), coactivation=np.full((7, 7), activity**2))
    session.set_moments(_rule(program), moments)


class WakeSleepContract(ContractFixtures):
    """What moments of :class:`sal_hw.contracts.backend.Session` keep to."""

    def test_moments_are_measured_without_learning(self, open_session: Open, wake_sleep: CompiledProgram) -> None:
        session = open_session(wake_sleep)
        before = weights_of(session, wake_sleep)
        moments = session.measure_moments(_rule(wake_sleep), 20_000.0)
        assert_same(weights_of(session, wake_sleep), before)
        assert moments.mean.shape == (7,)
        assert moments.coactivation.shape == (7, 7)
        assert ((moments.mean > 0.0) & (moments.mean < 1.0)).all()
        off_diagonal = ~np.eye(7, dtype=bool)
        assert (moments.coactivation[off_diagonal] > 0.0).all()
        assert (moments.coactivation[off_diagonal] < 1.0).all()

    @pytest.mark.parametrize(("activity", "sign"), [(0.99, 1.0), (0.01, -1.0)])
    def test_wake_moments_draw_biases_towards_them(
        self, open_session: Open, wake_sleep: CompiledProgram, activity: float, sign: float
    ) -> None:
        session = open_session(wake_sleep)
        _set_wake(session, wake_sleep, activity)
        session.learn(2)
        assert (sign * (session.biases("visible") - wake_sleep.neurons[0].biases) > 0.0).all()

    def test_a_restored_wake_sleep_session_goes_on_exactly(
        self, open_session: Open, wake_sleep: CompiledProgram
    ) -> None:
        first = open_session(wake_sleep)
        _set_wake(first, wake_sleep, 0.5)
        first.learn(3)
        observe(first)
        kept = read_npz(npz_bytes(first.checkpoint()))
        before = weights_of(first, wake_sleep)
        second = open_session(wake_sleep)
        _set_wake(second, wake_sleep, 0.5)
        second.restore(kept)
        assert_same(weights_of(second, wake_sleep), before)
        for session in (first, second):
            session.learn(3)
        assert_same(weights_of(second, wake_sleep), weights_of(first, wake_sleep))
        np.testing.assert_array_equal(second.biases("visible"), first.biases("visible"))
        assert differ(before, weights_of(first, wake_sleep))
        one, other = observe(first), observe(second)
        np.testing.assert_array_equal(one.state_counts["visible"], other.state_counts["visible"])

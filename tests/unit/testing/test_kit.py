"""The kit finds backends that break the contract, and skips only what a target cannot do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sal_hw.testing
from sal_hw.contracts.backend import Observation, OpenRequest, Session
from sal_hw.contracts.targets import load_backend
from sal_hw.errors import InputError
from sal_hw.program import CompiledProgram
from sal_hw.testing import BackendContract, Place, places_of

NETWORKS = Path(sal_hw.testing.__file__).parent / "networks"
IDEAL = Place(target="ideal", backend="emulator")


class Broken:
    """A session that changes with every observation, hands out its own weights, and keeps what it counted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._weights = {"forward": session.weights("forward"), "backward": session.weights("backward")}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def weights(self, projection: str) -> Any:
        return self._weights[projection]

    def learn(self, updates: int) -> Observation:
        seen = self._session.learn(updates)
        for projection in self._weights:
            self._weights[projection] = self._session.weights(projection)
        return seen

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        self.learn(1)
        return self._session.observe(duration_ms, chains=chains, warmup_ms=warmup_ms)


def _open(program: CompiledProgram, seed: int = 1, **options: Any) -> Any:
    return Broken(load_backend("emulator:brainscales2").open(program, OpenRequest(seed=seed, **options)))


@pytest.mark.parametrize(
    "check",
    [
        BackendContract.test_weights_and_biases_are_copies,
        BackendContract.test_observing_does_not_learn_nor_disturb,
        BackendContract.test_a_restored_session_goes_on_exactly,
    ],
)
def test_a_broken_backend_is_found(check: Callable[..., None]) -> None:
    program = IDEAL.program(NETWORKS / "sampling_pair.yaml")
    with pytest.raises(AssertionError):
        check(BackendContract(), _open, program)


def test_what_a_target_cannot_do_is_skipped_with_the_reason() -> None:
    place = Place(target="spinnaker1", backend="emulator")
    with pytest.raises(
        pytest.skip.Exception, match=r"^target spinnaker1 has no capability 'sampling', which .* needs$"
    ):
        place.program(NETWORKS / "sampler.yaml")


def test_other_refusals_are_not_skipped() -> None:
    place = Place(target="brainscales2", backend="emulator")
    with pytest.raises(InputError, match="E304"):
        place.program(NETWORKS / "layers.yaml", "populations.visible.size=600")


def test_an_unknown_target_is_no_reason_to_skip() -> None:
    with pytest.raises(InputError, match="E301"):
        places_of("brainscales3")


def test_without_pytest_the_error_names_it() -> None:
    program = "import sys; sys.modules['pytest'] = None; import sal_hw.testing"
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "sal_hw.testing needs pytest: pip install pytest" in ended.stderr

"""A request to open a program, and which options a backend has, asked of its methods."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from sal_hw.contracts.backend import (
    Backend,
    CalibrationReader,
    ChipSource,
    Machine,
    OpenRequest,
    ResultReader,
    Session,
)
from sal_hw.contracts.job_queue import JobQueue
from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.program import CompiledProgram


class Smallest:
    """A backend with no option."""

    name = "smallest"

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        raise AssertionError("nothing is opened")


def test_a_request_is_of_one_thread_and_a_nominal_chip_unless_it_says_so() -> None:
    request = OpenRequest(seed=7)
    assert (request.seed, request.threads, request.recorder, request.chip) == (7, 1, None, None)
    with pytest.raises(FrozenInstanceError):
        request.seed = 8  # type: ignore[misc]
    with pytest.raises(TypeError):
        OpenRequest()  # type: ignore[call-arg]


def test_a_name_and_one_method_make_a_backend() -> None:
    backend = Smallest()
    assert isinstance(backend, Backend)
    for option in (Machine, ChipSource, ResultReader, CalibrationReader, JobQueue):
        assert not isinstance(backend, option)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("brainscales2", (Machine, ResultReader, CalibrationReader, JobQueue)),
        ("spinnaker1", (Machine,)),
        ("spinnaker2", (Machine, ResultReader)),
        ("pynn:brian2", (Machine,)),
    ],
)
def test_options_of_the_machines(target: str, options: tuple[type, ...]) -> None:
    backend = load_backend(str(load_target(target).backend))
    every = (Machine, ChipSource, ResultReader, CalibrationReader, JobQueue)
    assert tuple(option for option in every if isinstance(backend, option)) == options

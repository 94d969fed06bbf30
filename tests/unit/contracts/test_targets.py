"""Targets and backends are found by name; what is not there is refused with what is."""

from __future__ import annotations

import pytest

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.targets import load_backend, load_calibrator, load_target, target_names
from sal_hw.errors import InputError
from sal_hw.registry import BACKENDS, names


def test_every_registered_target_has_its_name_and_passes() -> None:
    assert {"ideal", "brainscales2", "spinnaker1", "spinnaker2"} <= set(target_names())
    assert list(target_names()) == sorted(target_names())
    for name in target_names():
        target = load_target(name)
        assert target.passes
        assert target.backend is None or target.backend in names(BACKENDS)
        assert target.emulator is None or target.emulator in names(BACKENDS)


@pytest.mark.parametrize("name", names(BACKENDS))
def test_every_registered_backend_is_one(name: str) -> None:
    one, other = load_backend(name), load_backend(name)
    assert isinstance(one, Backend)
    assert one is not other


def test_a_mistyped_target_is_guessed() -> None:
    with pytest.raises(InputError) as caught:
        load_target("brainscale2")
    (problem,) = caught.value.problems
    assert (problem.code, problem.value, problem.hint) == ("E301", '"brainscale2"', 'did you mean "brainscales2"?')
    assert "ideal" in problem.allowed
    with pytest.raises(InputError, match="sal-hw targets lists them"):
        load_target("loihi")


def test_an_unknown_backend_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="emulator") as caught:
        load_backend("nothing")
    assert caught.value.code == "E303"


def test_what_calibrates_is_registered() -> None:
    stages = [name for name, _, _ in load_calibrator().stages()]
    assert stages
    assert len(stages) == len(set(stages))


def test_without_a_calibrator_the_group_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sal_hw.contracts.targets.names", lambda _: ())
    with pytest.raises(InputError, match=r"sal_hw\.calibrators") as caught:
        load_calibrator()
    assert caught.value.code == "E303"

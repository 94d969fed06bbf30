"""What runs a target's programs: never the emulation without a word, and front ends only where there are some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import DeviceError, InputError, Problem
from sal_hw.program import CompiledProgram
from sal_hw.workflow import machines
from sal_hw.workflow.machines import Access, choose_backend, choose_mapper, runs_here


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A machine with two front ends, of which only one is installed."""

    via: str = "first"
    calibration_file: Path | None = None
    name: str = "bench"
    front_ends: tuple[str, ...] = ("first", "second")

    def through(self, front_end: str | None, calibration_file: Path | None) -> Bench:
        return replace(self, via=front_end or self.via, calibration_file=calibration_file)

    def require(self, command: str | None = None) -> None:
        if self.via == "second":
            raise DeviceError(Problem(code="E801", field="via", allowed="software", hint=command or "none"))

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        raise AssertionError("nothing is opened")


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target with a machine and an emulation."""
    loaded: Callable[[str], object] = machines.load_backend
    monkeypatch.setattr(machines, "load_backend", lambda name: Bench() if name == "bench" else loaded(name))
    ideal = load_target("ideal")
    described = replace(ideal.description, emulated=False)
    return replace(ideal, description=described, backend="bench", emulator="emulator")


def test_the_machine_is_reached_as_asked(target: Target) -> None:
    reached = choose_backend(target, emulate=False, access=Access(via="first", calibration_file=Path("c")))
    assert reached == Bench(via="first", calibration_file=Path("c"))
    assert choose_backend(target, emulate=False) == Bench()
    assert runs_here(target)


def test_missing_software_names_the_command_that_emulates(target: Target) -> None:
    with pytest.raises(DeviceError) as caught:
        choose_backend(target, emulate=False, access=Access(via="second"), command="sal-hw run r --emulate")
    assert (caught.value.code, caught.value.hint) == ("E801", "sal-hw run r --emulate")


def test_an_unknown_front_end_is_refused_with_those_there_are(target: Target) -> None:
    with pytest.raises(InputError) as caught:
        choose_backend(target, emulate=False, access=Access(via="third"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("E812", '"third"')
    assert "first, second" in problem.allowed


@pytest.mark.parametrize(
    ("access", "field"), [(Access(via="first"), "via"), (Access(calibration_file=Path("c")), "calix")]
)
def test_an_emulation_has_no_front_ends(target: Target, access: Access, field: str) -> None:
    assert choose_backend(target, emulate=True, access=Access()).name == "emulator"
    with pytest.raises(InputError) as caught:
        choose_backend(target, emulate=True, access=access)
    assert (caught.value.code, caught.value.field) == ("E812", field)


@pytest.mark.parametrize(
    ("emulator", "emulate", "hinted"),
    [("emulator", False, True), (None, False, False), (None, True, False)],
)
def test_nothing_to_run_on(target: Target, emulator: str | None, emulate: bool, hinted: bool) -> None:
    bare = replace(target, backend=None, emulator=emulator)
    with pytest.raises(DeviceError) as caught:
        choose_backend(bare, emulate=emulate)
    assert caught.value.code == "E305"
    assert ("--emulate" in (caught.value.hint or "")) == hinted
    assert not runs_here(bare)


def test_only_software_that_maps_is_a_mapper(target: Target) -> None:
    for item in (target, replace(target, backend=None)):
        with pytest.raises(InputError, match="does not") as caught:
            choose_mapper(item)
        assert caught.value.code == "E835"

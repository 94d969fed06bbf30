"""What users meet before a simulator runs, and when it fails."""

from __future__ import annotations

import importlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.contracts.backend import Backend, Machine
from sal_hw.contracts.targets import Target
from sal_hw.errors import DeviceError, InputError, Interrupted
from sal_hw.processes import Child
from sal_hw.workflow import api, machines
from sal_hw.workflow.machines import Access, choose_backend
from sal_hw_pynn import process as process_module
from sal_hw_pynn import sdk
from sal_hw_pynn.backend import Brian2Backend, NestBackend, PynnBackend
from sal_hw_pynn.description import SIMULATORS, Simulator
from sal_hw_pynn.network_plan import NetworkPlan
from sal_hw_pynn.process import Process
from sal_hw_pynn.target import brian2_target, nest_target

RECIPE = Path(__file__).parents[3] / "recipes" / "two_populations.yaml"
EMPTY = NetworkPlan(simulator="nest", timestep_ms=1.0, populations=(), sources=(), synapses=())
TARGETS: dict[Simulator, Target] = {"brian2": brian2_target, "nest": nest_target}


def test_backends_have_the_names_of_their_targets() -> None:
    for backend, simulator in ((Brian2Backend(), "brian2"), (NestBackend(), "nest")):
        assert isinstance(backend, Backend)
        assert isinstance(backend, Machine)
        assert backend.name == f"pynn:{simulator}" == TARGETS[simulator].backend
        assert TARGETS[simulator].emulator is None


def test_describing_a_target_needs_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} was imported")

    monkeypatch.setattr(importlib, "import_module", refuse)
    program = api.compile_recipe(api.load_recipe(RECIPE), target=nest_target)
    assert program.target == "pynn:nest"


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_missing_extra_is_one_clear_line(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "find_spec", lambda name: None if name == simulator else object())
    monkeypatch.setattr(machines, "load_backend", lambda name: PynnBackend(simulator))
    with pytest.raises(DeviceError) as caught:
        choose_backend(TARGETS[simulator], emulate=False)
    assert (caught.value.code, caught.value.exit_code) == ("E820", 4)
    assert caught.value.hint == "pip install 'sal-hw[pynn]'"
    assert simulator in caught.value.problems[0].allowed


def test_a_simulator_has_one_front_end_and_no_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "find_spec", lambda name: object())
    monkeypatch.setattr(machines, "load_backend", lambda name: NestBackend())
    assert choose_backend(nest_target, emulate=False, access=Access(via="pynn")).name == "pynn:nest"
    for access in (Access(via="hxtorch"), Access(calibration_file=Path("calibration.json"))):
        with pytest.raises(InputError) as caught:
            choose_backend(nest_target, emulate=False, access=access)
        assert caught.value.code == "E812"


def _log_of(error: DeviceError) -> Path:
    return Path((error.hint or "").removeprefix("read its log, "))


def test_a_failing_simulator_says_why_and_keeps_its_log() -> None:
    if sdk.missing("nest"):
        pytest.skip("needs PyNN and NEST")
    broken = replace(EMPTY, timestep_ms=-1.0)
    with pytest.raises(DeviceError) as caught:
        Process(broken, {})
    assert (caught.value.code, caught.value.exit_code) == ("E821", 4)
    log = _log_of(caught.value)
    assert "Traceback" in log.read_text()
    shutil.rmtree(log.parent)


def test_a_message_of_another_kind_is_a_failure_too() -> None:
    if sdk.missing("nest"):
        pytest.skip("needs PyNN and NEST")
    process = Process(EMPTY, {})
    with pytest.raises(DeviceError) as caught:
        process.set_weights("nowhere", np.zeros((1, 1)))
    assert "KeyError" in caught.value.problems[0].allowed
    shutil.rmtree(_log_of(caught.value).parent)


#: a worker that takes a message and never answers
_HUNG = """
import sys, time
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
connection.recv_bytes()
time.sleep(600)
"""


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every simulator hang."""

    class Hung(Child):
        def __init__(self, command: list[str], **options: Any) -> None:
            super().__init__([sys.executable, "-c", _HUNG, command[-1]], **options)

    monkeypatch.setattr(process_module, "Child", Hung)


@pytest.mark.usefixtures("hung")
def test_a_simulator_that_does_not_answer_is_ended() -> None:
    with pytest.raises(DeviceError) as caught:
        Process(EMPTY, {}, deadline_s=0.1)
    assert caught.value.code == "E821"
    assert "did not answer within" in caught.value.problems[0].allowed
    shutil.rmtree(_log_of(caught.value).parent)


@pytest.mark.usefixtures("hung")
def test_one_interruption_ends_a_simulator_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "PATIENCE_S", 0.1)
    with pytest.raises(Interrupted) as caught:
        Process(EMPTY, {}, interrupted=lambda: True)
    assert (caught.value.code, caught.value.exit_code) == ("E602", 130)

"""What users meet before a simulator runs, and when it fails."""

from __future__ import annotations

import importlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import Backend, Machine
from sal_hw.contracts.targets import Target
from sal_hw.errors import DeviceError, InputError
from sal_hw.workflow import api, machines
from sal_hw.workflow.machines import Access, choose_backend
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

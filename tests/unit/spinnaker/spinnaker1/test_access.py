"""Which machine is used, and what is said where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.errors import DeviceError, InputError
from sal_hw_spinnaker.spinnaker1 import sdk
from sal_hw_spinnaker.spinnaker1.access import MACHINE, SERVER, VERSION, MachineAccess, find_machine, require_machine
from sal_hw_spinnaker.spinnaker1.backend import SpinnakerBackend
from sal_hw_spinnaker.spinnaker1.findings import machine_findings

COMMAND = "sal-hw run R.yaml --target spinnaker1 --emulate"


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch):
    for name in (MACHINE, SERVER, VERSION):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_names_a_board_or_a_server():
    assert find_machine({MACHINE: "10.0.0.1"}) == MachineAccess(machine_name="10.0.0.1", version=5)
    found = find_machine({SERVER: "https://spalloc.example", VERSION: "3"})
    assert (found.spalloc_server, found.version) == ("https://spalloc.example", 3)
    assert found.settings() == "spalloc_server = https://spalloc.example\nversion = 3\n"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "none of them is set"),
        ({MACHINE: ""}, "none of them is set"),
        ({MACHINE: "10.0.0.1", SERVER: "https://spalloc.example"}, "both are set"),
        ({MACHINE: "a\nversion = 3"}, "without blanks"),
        ({MACHINE: "10.0.0.1", VERSION: "five"}, "a whole number"),
    ],
)
def test_anything_else_is_refused(environment, words):
    with pytest.raises(DeviceError) as caught:
        find_machine(environment)
    (problem,) = caught.value.problems
    assert (problem.code, caught.value.exit_code) == ("E831", 4)
    assert words in problem.allowed
    assert "--map-only" in problem.hint


def test_what_is_missing_is_named_with_the_command_that_emulates(monkeypatch):
    monkeypatch.setattr(sdk, "missing", tuple)
    with pytest.raises(DeviceError) as caught:
        SpinnakerBackend().require(COMMAND)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("E831", '"spinnaker1"')
    assert MACHINE in problem.allowed
    assert SERVER in problem.allowed
    assert COMMAND in problem.hint
    named = MachineAccess(machine_name="board.example")
    assert require_machine(named) is named
    SpinnakerBackend(machine=named).require()


def test_missing_software_is_one_line_with_the_pip_command(monkeypatch):
    monkeypatch.setattr(sdk, "missing", lambda: ("pyNN", "spynnaker"))
    with pytest.raises(DeviceError) as caught:
        SpinnakerBackend().require(COMMAND)
    assert (caught.value.code, caught.value.exit_code) == ("E830", 4)
    assert "pyNN, spynnaker cannot be found" in caught.value.problems[0].allowed
    assert "pip install 'sal-hw[spinnaker]'" in (caught.value.hint or "")
    assert COMMAND in (caught.value.hint or "")


def test_a_module_without_a_specification_counts_as_missing(monkeypatch):
    monkeypatch.setattr(sdk, "MODULES", ("sal_hw", "no_such_module_at_all"))
    assert sdk.missing() == ("no_such_module_at_all",)


def test_a_password_is_not_part_of_the_machine_s_name():
    access = MachineAccess(spalloc_server="https://me:secret@spalloc.example/lend")
    assert access.label == "spalloc.example"
    assert access.without_secrets("at https://me:secret@spalloc.example/lend: no") == "at spalloc.example: no"
    assert MachineAccess(machine_name="10.0.0.1").without_secrets("10.0.0.1: no") == "10.0.0.1: no"


def test_a_calibration_is_refused(tmp_path):
    backend = SpinnakerBackend()
    assert backend.through(None, None) is backend
    with pytest.raises(InputError) as caught:
        backend.through(None, tmp_path / "calix.json")
    assert caught.value.code == "E812"


def test_weights_at_their_limits_degrade_a_run_from_a_tenth_on():
    provenance = {"Total_pre_synaptic_events": 4}
    few, many = (
        list(machine_findings(provenance, counts={"a": np.ones(3)}, at_limit={"up": (count, 40)})) for count in (4, 5)
    )
    assert [(item.kind, item.severity, item.count) for item in few] == [("weights_at_limit", "ok", 4)]
    assert [(item.kind, item.severity, item.count) for item in many] == [("weights_at_limit", "degraded", 5)]
    (silent,) = machine_findings(provenance, counts={"a": np.zeros(2)}, at_limit={"up": (0, 40)})
    assert (silent.kind, silent.count) == ("neurons_silent", 2)

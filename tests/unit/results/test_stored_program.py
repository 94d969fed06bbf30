"""Programs on disk: older versions keep opening, damage is noticed, and the machine's part gets its class back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sal_hw import registry
from sal_hw.errors import IntegrityError
from sal_hw.program import PROGRAM_SCHEMA
from sal_hw.results.store import read_program
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_spinnaker.program import DigitalProgram
from sal_hw_spinnaker.ticks import TickProgram

GOLDEN = Path(__file__).parents[2] / "golden" / "program_v1"

PARTS = {"brainscales2": ChipProgram, "spinnaker1": DigitalProgram, "spinnaker2": TickProgram}


@pytest.mark.parametrize("target", PARTS)
def test_programs_of_the_first_version_open(target):
    program = read_program(GOLDEN / target)
    assert (program.target, program.schema_version) == (target, PROGRAM_SCHEMA)
    assert isinstance(program.part_of(PARTS[target]), PARTS[target])
    assert {block.projection for block in program.synapses} == {"forward", "feedback"}


def test_clips_of_the_first_version_belong_to_the_program():
    program = read_program(GOLDEN / "brainscales2")
    assert {item.owner for item in program.scaling} >= {"forward", "feedback"}
    assert program.scaling_of("forward").total == 4


def test_ticks_of_the_first_version_keep_their_length():
    written = json.loads((GOLDEN / "spinnaker2" / "program.json").read_text())["program"]["digital"]
    assert read_program(GOLDEN / "spinnaker2").part.time_scale_factor == written["time_scale_factor"]


def test_a_changed_number_is_noticed(tmp_path):
    shutil.copytree(GOLDEN / "spinnaker1", tmp_path / "program")
    path = tmp_path / "program" / "program.json"
    document = json.loads(path.read_text())
    document["program"]["timestep_ms"] *= 2
    path.write_text(json.dumps(document))
    with pytest.raises(IntegrityError) as caught:
        read_program(tmp_path / "program")
    assert caught.value.problems[0].code == "E504"


def test_a_changed_array_is_noticed(tmp_path):
    shutil.copytree(GOLDEN / "spinnaker1", tmp_path / "program")
    path = tmp_path / "program" / "program.npz"
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name].copy() for name in arrays.files}
    found["synapses.0.weights"].flat[0] += 1.0
    np.savez(path, **found)
    with pytest.raises(IntegrityError):
        read_program(tmp_path / "program")


def test_a_newer_version_is_refused(tmp_path):
    shutil.copytree(GOLDEN / "spinnaker1", tmp_path / "program")
    path = tmp_path / "program" / "program.json"
    document = json.loads(path.read_text())
    document["program"]["schema_version"] = PROGRAM_SCHEMA + 1
    path.write_text(json.dumps(document))
    with pytest.raises(IntegrityError):
        read_program(tmp_path / "program")


def test_without_the_machines_package_the_part_stays_plain(monkeypatch):
    monkeypatch.setattr(registry, "names", lambda group: ())
    program = read_program(GOLDEN / "brainscales2")
    assert set(program.part["neurons"]) >= {"site", "v_leak_lsb"}
    with pytest.raises(TypeError, match="brainscales2 has no ChipProgram"):
        program.part_of(ChipProgram)

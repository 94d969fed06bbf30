"""The way to a SpiNNaker2 chip against stand-ins of py-spinnaker2: what is asked of it, results, and every failure.

The stand-ins in ``fakes/spinnaker2_stack`` accept only names and arguments that public code uses, and compute a chip in
a few lines of numpy, which share nothing with the emulator.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.errors import DeviceError, InputError, IntegrityError
from sal_hw.experiment.runner import run_program
from sal_hw.storage.files import npz_bytes, sha256
from sal_hw.workflow import api, import_results
from sal_hw_spinnaker.chunks.loop import ChunkLoop
from sal_hw_spinnaker.chunks.plan import chunk_plan
from sal_hw_spinnaker.emulation.backend import EmulatedMachineBackend as EmulatorBackend
from sal_hw_spinnaker.spinnaker2.backend import SpiNNaker2Backend
from sal_hw_spinnaker.spinnaker2.files import RUN_FILE, body, program_files
from sal_hw_spinnaker.spinnaker2.network import UnbelievableError, read_potentials, read_spikes
from sal_hw_spinnaker.spinnaker2.result import RecordedRun, read_result
from sal_hw_spinnaker.spinnaker2.sdk import CHIP, WHERE
from sal_hw_spinnaker.spinnaker2.target import spinnaker2_target, spinnaker2_with

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes" / "spinnaker2_stack"
ADDRESS = "board.example"
UPDATES = 2
SETTINGS = (
    "parameters.size=4",
    "parameters.update_every=300 ms",
    "parameters.duration=600 ms",
    "parameters.learning_rate=0.1",
    "experiment.average_last_updates=1",
)


def compiled(*overrides, target=spinnaker2_target, extra=""):
    recipe = _recipe(*overrides, extra=extra)
    return api.compile_recipe(recipe, target=target)


def _recipe(*overrides, extra=""):
    path = ROOT / "recipes" / "two_populations.yaml"
    if extra:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "recipe.yaml"
            copy.write_text(path.read_text() + extra)
            return api.load_recipe(copy, overrides=[*SETTINGS, *overrides])
    return api.load_recipe(path, overrides=[*SETTINGS, *overrides])


PROBES = "\nprobes:\n  - {kind: membrane, population: hidden, every: 1 ms}\n  - {kind: spikes, population: visible}\n"


@pytest.fixture
def chip(tmp_path, monkeypatch):
    """Make the stand-ins importable here and in processes, and return their folder."""
    folder = tmp_path / "chip"
    folder.mkdir()
    monkeypatch.setenv("SAL_HW_FAKE_SPINNAKER2", str(folder))
    monkeypatch.setenv(CHIP, ADDRESS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAKES), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    monkeypatch.syspath_prepend(str(FAKES))
    return folder


@pytest.fixture
def vendor(chip):
    names = ("spinnaker2", "spinnaker2.snn", "spinnaker2.hardware")
    yield importlib.import_module("spinnaker2.snn"), importlib.import_module("spinnaker2.hardware")
    for name in names:
        sys.modules.pop(name, None)


def calls(chip):
    return [json.loads(line) for line in (chip / "calls.jsonl").read_text().splitlines()]


def test_the_stand_ins_have_the_documented_signatures(vendor):
    snn, hardware = vendor
    # parameters as examples, the NIR conversion and the Fugu backend use them; that no more are needed is what counts
    documented = {
        snn.Population: ["size", "neuron_model", "params", "name", "record"],
        snn.Population.set_max_atoms_per_core: ["self", "n"],
        snn.Population.get_spikes: ["self"],
        snn.Population.get_voltages: ["self"],
        snn.Projection: ["pre", "post", "connections", "name"],
        snn.Network: ["name"],
        snn.Network.add: ["self", "parts"],
        snn.Network.validate: ["self"],
        snn.Network.reset: ["self"],
        hardware.SpiNNaker2Chip: ["eth_ip", "experiment_backend_type"],
        hardware.SpiNNaker2Chip.run: [
            "self",
            "net",
            "timesteps",
            "debug",
            "mapping_only",
            "reset_board",
            "sys_tick_in_s",
        ],
    }
    for function, names in documented.items():
        assert list(inspect.signature(function).parameters) == names, function


@pytest.mark.parametrize("overrides", [(), ("projections[0].delay=3 ms",)])
@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_the_machine_and_its_emulation_run_the_same_chunks(chip, overrides, rounding):
    program = compiled(*overrides, target=spinnaker2_with(rounding=rounding), extra=PROBES)
    spiked = {"machine": [], "emulator": []}
    sessions = {
        name: backend.open(
            program,
            OpenRequest(seed=3, recorder=lambda time, neuron, _, name=name: spiked[name].append((time, neuron))),
        )
        for name, backend in (("machine", SpiNNaker2Backend()), ("emulator", EmulatorBackend()))
    }
    seen = {name: session.learn(UPDATES) for name, session in sessions.items()}
    for name in ("forward", "feedback"):
        np.testing.assert_array_equal(*(session.weights(name) for session in sessions.values()))
    assert not np.array_equal(sessions["machine"].weights("feedback"), program.synapse_block("feedback").weights)
    for name in ("visible", "hidden"):
        np.testing.assert_array_equal(*(each.spike_counts[name] for each in seen.values()))
        assert seen["machine"].spike_counts[name].sum() > 0
    # a sum of three single-precision numbers in another order
    np.testing.assert_allclose(*(each.membrane_mv["hidden"] for each in seen.values()), rtol=0.0, atol=1e-5)
    np.testing.assert_array_equal(*(each.membrane_ms["hidden"] for each in seen.values()))
    np.testing.assert_array_equal(*(np.concatenate([times for times, _ in each]) for each in spiked.values()))
    assert sessions["machine"].chip_id == f"spinnaker2:{ADDRESS}"
    assert npz_bytes(sessions["machine"].checkpoint()) == npz_bytes(sessions["emulator"].checkpoint())
    asked = calls(chip)
    assert [(call["eth_ip"], call["timesteps"], call["sys_tick_in_s"]) for call in asked] == [(ADDRESS, 300, 1e-3)] * 2
    assert not any(call["mapping_only"] for call in asked), "a mapping has no spikes, which must not look like silence"


def test_a_run_on_the_machine_carries_its_name(chip):
    recipe = _recipe()
    found = run_program(compiled(), recipe.protocol, SpiNNaker2Backend(), seed=1)
    assert found.chip_id == f"spinnaker2:{ADDRESS}"
    assert found.backend == "spinnaker2"
    assert found.metrics["updates"] == UPDATES
    sizes = calls(chip)[0]["populations"]
    assert [item for item in sizes if item[1] != "spike_list"] == [[4, "lif_curr_exp_no_delay", 4]] * 2


# --- the run file -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Run the run file of a program in a process without sal-hw, and return the program and the folder."""
    program, folder = compiled(extra=PROBES), tmp_path_factory.mktemp("run_file")
    (folder / RUN_FILE).write_bytes(program_files(program, updates=UPDATES, seed=1)[RUN_FILE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAL_HW_FAKE_SPINNAKER2", str(folder))
        patch.setenv("PYTHONPATH", str(FAKES))
        finished = _start(folder)
    assert finished.returncode == 0, finished.stderr
    assert f"chunk {UPDATES} of {UPDATES}" in finished.stdout
    assert len(calls(folder)) == UPDATES
    return program, folder


@pytest.fixture
def ran(made, tmp_path):
    """Return a program and a copy of its result folder."""
    program, folder = made
    return program, Path(shutil.copytree(folder / "result", tmp_path / "result"))


def _start(folder, *options):
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT_SAL_HW, RUN_FILE, "--chip", ADDRESS, "--out", "result", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


#: runs a file as a program, with sal_hw made impossible to import
_WITHOUT_SAL_HW = """
import runpy, sys
sys.modules["sal_hw"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_run_file_does_what_the_session_does(ran):
    program, folder = ran
    session = EmulatorBackend().open(program, OpenRequest(seed=1))
    seen = session.learn(UPDATES)
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        plan = chunk_plan(program, 1)
        loop = ChunkLoop(plan.document(), plan.arrays)
        loop.stored = {name: arrays[f"stored.{name}"] for name in loop.stored}
        np.testing.assert_array_equal(loop.weights("feedback"), session.weights("feedback"))
        for name in ("visible", "hidden"):
            counts = np.bincount(arrays[f"neuron.{name}"], minlength=4)
            np.testing.assert_array_equal(counts, seen.spike_counts[name])


def test_a_result_is_played_back(ran):
    program, folder = ran
    result = read_result(folder, program)
    taken = []
    session = RecordedRun(result=result).open(
        program, OpenRequest(seed=99, recorder=lambda time, neuron, name: taken.append((name, len(time))))
    )
    emulated = EmulatorBackend().open(program, OpenRequest(seed=1))
    seen, expected = session.learn(UPDATES), emulated.learn(UPDATES)
    np.testing.assert_array_equal(session.weights("feedback"), emulated.weights("feedback"))
    np.testing.assert_array_equal(seen.spike_counts["hidden"], expected.spike_counts["hidden"])
    np.testing.assert_allclose(seen.membrane_mv["hidden"], expected.membrane_mv["hidden"], atol=1e-5)
    assert {name for name, _ in taken} == {"visible"}
    assert session.chip_id == f"spinnaker2:{ADDRESS}"
    for refused in (lambda: session.learn(1), lambda: session.observe(100.0)):
        with pytest.raises(DeviceError) as caught:
            refused()
        assert caught.value.code == "E808"


def test_a_result_is_imported_as_a_run(ran, tmp_path, monkeypatch):
    program, folder = ran
    monkeypatch.setattr(import_results, "read_manifest", lambda *_, **__: {})
    monkeypatch.setattr(import_results, "read_program", lambda _: program)
    monkeypatch.setattr(import_results, "_read_protocol", lambda _: _recipe().protocol)
    monkeypatch.setattr(import_results, "_backend", lambda _: SpiNNaker2Backend())
    compiled_folder = tmp_path / "program"
    compiled_folder.mkdir()
    (compiled_folder / "recipe.json").write_text("{}")
    run = import_results.import_result(folder, program_folder=compiled_folder, out=tmp_path / "run", figures=False)
    assert run.result.chip_id == f"spinnaker2:{ADDRESS}"
    assert run.result.metrics["updates"] == UPDATES


def _damage(folder, name, change):
    """Change a file of a result and correct its hash, as somebody would who wants it to be believed."""
    path = folder / name
    if name.endswith(".json"):
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
    else:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        change(arrays)
        path.write_bytes(npz_bytes(arrays))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"][name] = sha256(path.read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _early(arrays):
    arrays["tick.visible"][0] = -1


def _twice(arrays):
    arrays["tick.visible"][1], arrays["neuron.visible"][1] = arrays["tick.visible"][0], arrays["neuron.visible"][0]


def _fewer(arrays):
    arrays["count.visible"][0] -= 1


def _other_weights(arrays):
    arrays["stored.feedback"][0, 0] += 1


def _not_finite(arrays):
    arrays["potentials.hidden"][0, 0, 0] = np.nan


def _missing(arrays):
    del arrays["neuron.hidden"]


def _moved(arrays):
    # the weights no longer follow from the spikes
    arrays["tick.hidden"] = np.maximum(arrays["tick.hidden"] - 1, 0)


@pytest.mark.parametrize("change", [_early, _twice, _fewer, _other_weights, _not_finite, _missing, _moved])
def test_a_result_that_cannot_be_is_refused(ran, change):
    program, folder = ran
    _damage(folder, "arrays.npz", change)
    with pytest.raises(IntegrityError) as caught:
        read_result(folder, program)
    assert caught.value.code == "E804"


def test_a_result_of_something_else_is_refused(ran, tmp_path):
    program, folder = ran
    for change in ({"program_hash": "0"}, {"updates": -1}, {"seed": 1.5}, {"kind": "x"}, {"chip_id": 3}):
        original = (folder / "result.json").read_text()
        _damage(folder, "result.json", lambda document, change=change: document.update(change))
        with pytest.raises(IntegrityError):
            read_result(folder, program)
        (folder / "result.json").write_text(original)
    (folder / "arrays.npz").write_bytes(b"PK")
    with pytest.raises(IntegrityError, match="sha256"):
        read_result(folder, program)
    with pytest.raises(InputError) as caught:
        read_result(tmp_path / "nothing", program)
    assert caught.value.code == "E505"


def test_the_run_file_says_what_went_wrong(chip, tmp_path):
    (tmp_path / RUN_FILE).write_bytes(program_files(compiled(), updates=UPDATES, seed=1)[RUN_FILE])
    for answers, code, word in (
        ({"raise": "no board"}, 4, "no board"),
        ({"extra_spike": 300}, 6, "outside of 300 ticks"),
    ):
        (chip / "answers.json").write_text(json.dumps(answers))
        finished = _start(tmp_path)
        assert finished.returncode == code
        assert word in next(line for line in finished.stderr.splitlines() if line.startswith("cause: "))
        assert "Traceback" not in finished.stderr
        assert not (tmp_path / "result" / "manifest.json").exists()


def test_the_run_file_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / RUN_FILE).write_bytes(program_files(compiled(), updates=UPDATES, seed=1)[RUN_FILE])
    finished = _start(tmp_path)
    assert finished.returncode == 4
    assert WHERE in finished.stderr


def test_the_run_file_is_reproducible_and_holds_the_loop(tmp_path):
    program = compiled()
    one, other = (program_files(program, updates=5, seed=2)[RUN_FILE] for _ in range(2))
    assert one == other
    text = one.decode()
    assert body(importlib.import_module("sal_hw_spinnaker.chunks.loop")) in text
    assert "sal_hw." not in "".join(line for line in text.splitlines() if line.startswith(("import", "from")))
    assert not [line for line in text.splitlines() if line.startswith("#<")]
    assert max(len(line) for line in text.splitlines()) <= 120
    with pytest.raises(InputError) as caught:
        program_files(program, updates=5, seed=2, via="pynn")
    assert caught.value.code == "E812"


# --- failures of the machine ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "kind", "code", "word"),
    [
        ({"raise": "board is locked"}, DeviceError, "E802", "board is locked"),
        ({"extra_spike": 300}, IntegrityError, "E804", "outside of 300 ticks"),
        ({"hang_s": 60}, DeviceError, "E803", "deadline"),
    ],
)
def test_a_failing_machine_is_an_error(chip, answers, kind, code, word):
    (chip / "answers.json").write_text(json.dumps(answers))
    session = SpiNNaker2Backend(deadline_s=1.0 if "hang_s" in answers else None).open(compiled(), OpenRequest(seed=1))
    with pytest.raises(kind) as caught:
        session.learn(1)
    assert caught.value.code == code
    assert word in str(caught.value)


def test_missing_software_is_told_with_its_place(monkeypatch):
    monkeypatch.setenv(CHIP, ADDRESS)
    with pytest.raises(DeviceError) as caught:
        SpiNNaker2Backend().require("sal-hw run x --emulate")
    assert caught.value.code == "E801"
    assert WHERE in str(caught.value)
    assert "sal-hw run x --emulate" in caught.value.hint
    with pytest.raises(DeviceError):
        SpiNNaker2Backend().open(compiled(), OpenRequest(seed=1))


@pytest.mark.parametrize("address", ["", "two words", "line\nbreak"])
def test_a_chip_must_be_named(chip, monkeypatch, address):
    monkeypatch.setenv(CHIP, address)
    with pytest.raises(DeviceError) as caught:
        SpiNNaker2Backend().require()
    assert caught.value.code == "E840"
    SpiNNaker2Backend(address=ADDRESS).require()


def test_nothing_is_calibrated_and_there_is_one_front_end(tmp_path):
    backend = SpiNNaker2Backend()
    assert backend.through(None, None) is backend
    assert backend.through("py-spinnaker2", None) is backend
    for arguments in (("pynn", None), (None, tmp_path)):
        with pytest.raises(InputError) as caught:
            backend.through(*arguments)
        assert caught.value.code == "E812"


@pytest.mark.parametrize(
    "found",
    [None, [[1]], {0: [10]}, {3: [1]}, {0: [-1]}, {0: [1.5]}, {-1: [1]}, {0: [2, 2]}, {0: [float("nan")]}],
)
def test_impossible_spikes_are_refused(found):
    with pytest.raises(UnbelievableError):
        read_spikes(found, 3, 10, "p")


def test_spikes_come_in_order_of_time():
    tick, neuron = read_spikes({2: [7, 1], 0: [7], 1: []}, 3, 10, "p")
    assert (tick.tolist(), neuron.tolist()) == ([1, 7, 7], [2, 0, 2])
    assert read_spikes({}, 3, 10, "p")[0].size == 0


@pytest.mark.parametrize(
    "found", [None, {0: np.zeros(4)}, {0: np.zeros(3), 1: np.zeros(4)}, {0: np.zeros(4), 1: np.full(4, np.inf)}]
)
def test_impossible_potentials_are_refused(found):
    with pytest.raises(UnbelievableError):
        read_potentials(found, 2, 4, "p")

"""Runs on a SpiNNaker machine against stand-ins of its software: what is asked of it, results, and every failure.

The stand-ins in ``fakes/spynnaker_stack`` accept only documented names and arguments of sPyNNaker 1!7.4.1, and replay
words and spikes of a run of the emulated machine. No machine was there to run anything on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.contracts.backend import OpenRequest, WholeRun
from sal_hw.contracts.targets import load_backend
from sal_hw.errors import DeviceError, IntegrityError, SalHwError
from sal_hw.experiment.runner import run_program
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz
from sal_hw.workflow import api
from sal_hw_spinnaker.emulation.fixed_point.session import FixedPointSession
from sal_hw_spinnaker.spinnaker1 import process as spynnaker_process
from sal_hw_spinnaker.spinnaker1 import sdk
from sal_hw_spinnaker.spinnaker1.access import MachineAccess
from sal_hw_spinnaker.spinnaker1.backend import SpinnakerBackend
from sal_hw_spinnaker.spinnaker1.job import make_job
from sal_hw_spinnaker.spinnaker1.session import SpinnakerSession
from sal_hw_spinnaker.spinnaker1.target import spinnaker1_target

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes" / "spynnaker_stack"
BOARD = MachineAccess(machine_name="board.example")
UPDATES, SEED = 5, 3
SETTINGS = ("parameters.size=4", "parameters.duration=10 s", "experiment.average_last_updates=2")
PROBES = "probes:\n  - {kind: spikes, population: visible}\n\nexperiment:"


@dataclass(frozen=True)
class Recorded:
    """A run of the emulated machine: weights after every update, and all spikes."""

    program: CompiledProgram
    protocol: Any
    weights: list[NDArray[np.float64]]
    counts: list[NDArray[np.int64]]
    arrays: dict[str, NDArray[Any]]
    findings: list[Any]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    text = (ROOT / "recipes" / "two_populations.yaml").read_text()
    file = tmp_path_factory.mktemp("recipe") / "probed.yaml"
    file.write_text(text.replace("experiment:", PROBES))
    recipe = api.load_recipe(file, overrides=SETTINGS)
    program = api.compile_recipe(recipe, target=spinnaker1_target)
    job = make_job(program, "run", updates=UPDATES, seed=SEED)
    session = FixedPointSession(program, seed=SEED)
    (number,) = (index for index, item in enumerate(job.synapses) if item.stdp is not None)
    learning = job.synapses[number]
    lsb_mv = program.part.scale_of("visible", learning.receptor).lsb_mv
    part = next(item for item in program.part.synapses if item.name == learning.name)
    labels = {name: label for label, name in job.owners.items()}
    spikes: dict[str, list[Any]] = {labels[item.population]: [] for item in program.neurons}
    send = session._send_spikes
    weights, counts, words = [], [], []

    def keep(piece: Any) -> None:
        for block in program.neurons:
            mine = (piece.spike_neuron >= block.offset) & (piece.spike_neuron < block.offset + block.size)
            spikes[labels[block.population]].append((piece.spike_step[mine], piece.spike_neuron[mine] - block.offset))
        send(piece)

    session._send_spikes = keep  # type: ignore[method-assign]
    for _ in range(UPDATES):
        counts.append(session.learn(1).spike_counts["visible"])
        weights.append(session.weights("feedback"))
        # what the machine has stored still waits for the next pre spikes
        stored = session._simulation.machine.synapses.words[session._loaded.places[part.name]]
        words.append(stored.reshape(part.words.shape) * lsb_mv)
    assert all((one != other).any() for one, other in pairwise(weights)), "nothing was learned"
    arrays: dict[str, NDArray[Any]] = {f"weights.{number}": np.stack(words)}
    for label, parts in spikes.items():
        arrays[f"time_ms.{label}"] = np.concatenate([step for step, _ in parts]) * program.timestep_ms
        arrays[f"neuron.{label}"] = np.concatenate([neuron for _, neuron in parts])
    return Recorded(
        program=program,
        protocol=recipe.protocol,
        weights=weights,
        counts=counts,
        arrays=arrays,
        findings=list(session.findings()),
    )


Bench = Callable[..., SpinnakerBackend]


@pytest.fixture
def bench(recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Make the stand-ins what the machine's process imports, and return how a test sets them up."""

    def prepare(access: MachineAccess | None = BOARD, deadline_s: float = 60.0, **script: Any) -> SpinnakerBackend:
        script = {"provenance": {"Total_pre_synaptic_events": [9]}} | script
        (tmp_path / "script.json").write_text(json.dumps(script))
        (tmp_path / "script.npz").write_bytes(npz_bytes(recorded.arrays))
        return SpinnakerBackend(machine=access, deadline_s=deadline_s)

    monkeypatch.setenv("SAL_HW_FAKE_SPINNAKER", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(FAKES))
    monkeypatch.setattr(sdk, "missing", tuple)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return prepare


def _log(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "log.json").read_text())
    return found


def _calls(folder: Path, kind: str) -> list[list[Any]]:
    return [call[1:] for call in _log(folder)["calls"] if call[0] == kind]


def _refused(backend: SpinnakerBackend, recorded: Recorded) -> SalHwError:
    session = backend.open(recorded.program, OpenRequest(seed=SEED))
    assert isinstance(session, WholeRun)
    with pytest.raises(SalHwError) as caught:
        session.prepare(UPDATES)
    return caught.value


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_gives_the_machine_s_weights_and_spikes(bench: Bench, recorded: Recorded, tmp_path: Path) -> None:
    taken: list[NDArray[np.float64]] = []
    session = bench().open(
        recorded.program, OpenRequest(seed=SEED, recorder=lambda time_ms, neuron, population: taken.append(time_ms))
    )
    assert isinstance(session, WholeRun)
    assert session.chip_id is None
    session.prepare(UPDATES)
    assert session.chip_id == "board.example"
    for update in range(UPDATES):
        seen = session.learn(1)
        assert seen.duration_ms == recorded.program.update_ms
        np.testing.assert_array_equal(seen.spike_counts["visible"], recorded.counts[update])
        np.testing.assert_array_equal(session.weights("feedback"), recorded.weights[update])
    label = next(
        key for key, name in make_job(recorded.program, "run", updates=1, seed=1).owners.items() if name == "visible"
    )
    np.testing.assert_array_equal(np.concatenate(taken), recorded.arrays[f"time_ms.{label}"])
    assert list(session.findings()) == recorded.findings
    # one run per reading, and nothing after the last one from which synapses would learn
    assert _log(tmp_path)["runs"] == [2000.0] * UPDATES
    assert not list(tmp_path.glob("sal-hw-spinnaker-*")), "what a good run leaves is removed"


def test_the_experiment_is_the_emulator_s(bench: Bench, recorded: Recorded) -> None:
    backend = bench()
    found = run_program(recorded.program, recorded.protocol, backend, seed=SEED)
    emulated = run_program(recorded.program, recorded.protocol, load_backend("emulator:spinnaker"), seed=SEED)
    assert (found.backend, found.chip_id) == ("spinnaker1", "board.example")
    np.testing.assert_array_equal(found.weights["feedback"], emulated.weights["feedback"])
    assert found.metrics["angle_final"] == emulated.metrics["angle_final"]
    assert found.metrics["rate_mean_hz"] == emulated.metrics["rate_mean_hz"]


def test_what_the_machine_is_told_is_the_program(bench: Bench, recorded: Recorded, tmp_path: Path) -> None:
    session = bench().open(recorded.program, OpenRequest(seed=SEED))
    session.learn(UPDATES)
    digital = recorded.program.part
    assert _calls(tmp_path, "setup") == [[1.0, 1]]
    populations = {call[0]: call for call in _calls(tmp_path, "population")}
    neurons = [call for call in populations.values() if call[2] == "IF_curr_exp"]
    for (_, size, _, cell, extra), item in zip(neurons, digital.neurons, strict=True):
        shifts = [digital.scale_of(item.population, name).shift for name in ("excitatory", "inhibitory")]
        # sPyNNaker takes the smallest shift whose power of two is larger
        assert [int(np.floor(np.log2(most))) + 1 for most in extra["max_expected_summed_weight"]] == shifts
        assert (size, extra["neurons_per_core"]) == (4, item.neurons_per_core)
        # the machine counts the steps after that of a spike: 4 ms and the spike's own step are 5 ms
        assert (cell["cm"], cell["tau_m"], cell["tau_refrac"]) == (10.0, 10.0, 4.0)
    assert [call[1] for call in _calls(tmp_path, "set")] == [{"i_offset": [0.6] * 4}] * 2
    assert [call[1] for call in _calls(tmp_path, "initialize")] == [{"v": 0.0}] * 2
    seeds = [call[4]["seed"] for call in populations.values() if call[2] == "SpikeSourcePoisson"]
    assert len(set(seeds)) == len(seeds) == 4
    assert {call[2] for call in populations.values()} == {"IF_curr_exp", "SpikeSourcePoisson"}
    learning = [call for call in _calls(tmp_path, "projection") if call[4] is not None]
    (rule,) = digital.plasticity
    assert learning[0][2:4] == ["inhibitory", 1.0]
    assert learning[0][4] == {
        "tau_plus": rule.tau_plus_ms,
        "tau_minus": rule.tau_minus_ms,
        "A_plus": rule.amplitude_plus_mv,
        "A_minus": rule.amplitude_minus_mv,
        "w_min": 0.0,
        "w_max": rule.weight_max_mv,
    }


def test_nothing_of_the_user_is_read_or_written(
    bench: Bench, recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "user"
    (home / ".config").mkdir(parents=True)
    for place in (home, home / ".config"):
        (place / ".spynnaker.cfg").write_text("[Machine]\nvirtual_board = True\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    before = sorted(home.rglob("*"))
    bench().open(recorded.program, OpenRequest(seed=SEED)).learn(UPDATES)
    assert sorted(home.rglob("*")) == before
    log = _log(tmp_path)
    assert not log["home"].startswith(str(home))
    assert log["configuration"]["Machine"] == {"machine_name": "board.example", "version": "5"}
    assert log["configuration"]["Reports"]["read_placements_provenance_data"] == "True"


def test_overruns_and_lost_data_are_findings(bench: Bench, recorded: Recorded) -> None:
    provenance = {
        "Times_the_timer_tic_over_ran": [0, 7, 7],
        "Late spikes": [2, 1],
        "Skipped synapses": [0, 4],
        "Times_synaptic_weights_have_saturated": [0],
        "Times_the_dma_queue_was_overloaded": [1],
    }
    session = bench(provenance=provenance).open(recorded.program, OpenRequest(seed=SEED))
    session.learn(UPDATES)
    told = [item for item in session.findings() if item not in recorded.findings]
    found = {item.kind: (item.count, item.severity) for item in told}
    # the largest count of any reading: 2 late spikes and 4 skipped synapses
    assert found == {
        "timer_overruns": (7, "degraded"),
        "spikes_late": (6, "degraded"),
        "queues_overloaded": (1, "degraded"),
    }
    assert session.counters()["timer_overruns"] == 7


def test_counts_that_are_missing_are_not_taken_for_none(bench: Bench, recorded: Recorded) -> None:
    session = bench(provenance={}).open(recorded.program, OpenRequest(seed=SEED))
    session.learn(UPDATES)
    (found,) = (item for item in session.findings() if item not in recorded.findings)
    assert (found.kind, found.severity) == ("provenance_missing", "degraded")


def test_going_on_needs_no_machine(bench: Bench, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    session = bench().open(recorded.program, OpenRequest(seed=SEED))
    assert isinstance(session, WholeRun)
    session.prepare(UPDATES)
    session.learn(2)
    kept = read_npz(npz_bytes(session.checkpoint()))
    monkeypatch.setattr(subprocess, "Popen", None)
    other = bench().open(recorded.program, OpenRequest(seed=SEED))
    other.restore(kept)
    assert isinstance(other, WholeRun)
    other.prepare(UPDATES)
    np.testing.assert_array_equal(other.weights("feedback"), recorded.weights[1])
    np.testing.assert_array_equal(other.learn(3).spike_counts["visible"], session.learn(3).spike_counts["visible"])
    assert npz_bytes(other.checkpoint()) == npz_bytes(session.checkpoint())
    with pytest.raises(IntegrityError) as caught:
        other.prepare(UPDATES + 1)
    assert (caught.value.code, caught.value.value) == ("E834", str(UPDATES))


# --- failures ---------------------------------------------------------------------------------------------------------


def test_an_error_of_the_machine_says_what_it_was(bench: Bench, recorded: Recorded, tmp_path: Path) -> None:
    error = _refused(bench(fault="machine", said="board.example"), recorded)
    assert isinstance(error, DeviceError)
    assert (error.code, error.value, error.exit_code) == ("E832", "exit code 4", 4)
    assert "RuntimeError: could not reach board.example" in error.problems[0].allowed
    (left,) = tmp_path.glob("sal-hw-spinnaker-*")
    assert str(left / "spynnaker.log") in (error.hint or "")
    assert "Traceback" in (left / "spynnaker.log").read_text()
    assert not list(left.rglob(".spynnaker.cfg"))


def test_a_password_is_neither_shown_nor_kept(bench: Bench, recorded: Recorded, tmp_path: Path) -> None:
    server = "https://me:secret@spalloc.example/lend"
    error = _refused(bench(MachineAccess(spalloc_server=server), fault="machine", said=server), recorded)
    assert "could not reach spalloc.example" in error.problems[0].allowed
    assert "secret" not in str(error)
    (left,) = tmp_path.glob("sal-hw-spinnaker-*")
    assert not list(left.rglob(".spynnaker.cfg"))
    assert _log(tmp_path)["configuration"]["Machine"]["spalloc_server"] == server


def test_a_process_that_hangs_is_ended(bench: Bench, recorded: Recorded) -> None:
    error = _refused(bench(deadline_s=1.0, fault="hang"), recorded)
    assert (error.code, error.value, error.exit_code) == ("E833", "1 s", 4)


def test_a_virtual_board_s_empty_data_is_never_a_result(
    bench: Bench, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        spynnaker_process, "_configuration", lambda reports, access: "[Machine]\nvirtual_board = True\nversion = 5\n"
    )
    error = _refused(bench(), recorded)
    assert error.code == "E832"
    assert "virtual board, which runs nothing" in error.problems[0].allowed


@pytest.mark.parametrize("end", ["nothing", "torn", "mapped"])
def test_a_result_that_cannot_be_believed_is_refused(
    bench: Bench, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    def leave(folder: Path, access: Any, deadline_s: float) -> None:
        if end != "nothing":
            (folder / "result.json").write_text(json.dumps({"mode": "map", "virtual": True}))
            (folder / "result.npz").write_bytes(b"PK torn" if end == "torn" else npz_bytes({}))

    monkeypatch.setattr(spynnaker_process, "_run", leave)
    error = _refused(bench(), recorded)
    assert (error.code, error.exit_code) == ("E834", 6)


def test_what_a_machine_does_not_do_in_one_piece_is_refused(bench: Bench, recorded: Recorded) -> None:
    session = bench().open(recorded.program, OpenRequest(seed=SEED))
    with pytest.raises(DeviceError) as caught:
        session.observe(1000.0)
    assert caught.value.code == "E808"
    session.learn(UPDATES)
    with pytest.raises(DeviceError) as caught:
        session.learn(1)
    assert caught.value.code == "E808"


def test_programs_that_do_not_learn_are_refused(recorded: Recorded, tmp_path: Path) -> None:
    text = (ROOT / "recipes" / "two_populations.yaml").read_text()
    probe = "probes:\n  - {kind: membrane, population: visible, every: 1 ms}\n\nexperiment:"
    (tmp_path / "watched.yaml").write_text(text.replace("experiment:", probe))
    watched = api.compile_recipe(api.load_recipe(tmp_path / "watched.yaml"), target=spinnaker1_target)
    with pytest.raises(DeviceError) as caught:
        SpinnakerSession(watched, lambda updates: pytest.fail("it ran"))
    assert caught.value.code == "E808"
    assert "membrane" in caught.value.problems[0].allowed


# --- the stand-ins ----------------------------------------------------------------------------------------------------

_SIGNATURES = """
import inspect, json, sys
import pyNN.spiNNaker as sim
names = ("setup", "run", "end", "Population", "FromListConnector", "StaticSynapse", "STDPMechanism", "SpikePairRule",
         "AdditiveWeightDependence", "SpikeSourcePoisson", "SpikeSourceArray", "Projection")
methods = {"Population": ("set", "initialize", "record", "get_data"), "Projection": ("get",)}
owners = {"Population": sim.Population, "Projection": sim.Projection}
if not inspect.isclass(sim.Projection):  # the real one is a function that makes one
    owners["Projection"] = inspect.signature(sim.Projection, eval_str=True).return_annotation
found = {name: list(inspect.signature(getattr(sim, name)).parameters) for name in names}
for owner, members in methods.items():
    for name in members:
        found[f"{owner}.{name}"] = list(inspect.signature(getattr(owners[owner], name)).parameters)
sys.stdout.write("\\n" + json.dumps(found))
"""


@pytest.mark.slow
def test_the_stand_ins_have_the_real_signatures(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    if sdk.missing():
        pytest.skip(f"sPyNNaker is not installed: {', '.join(sdk.missing())} missing; pip install 'sal-hw[spinnaker]'")
    found = []
    for folder in (None, FAKES):
        environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "SAL_HW_FAKE_SPINNAKER": str(tmp_path)}
        if folder is not None:
            (tmp_path / "script.json").write_text("{}")
            (tmp_path / "script.npz").write_bytes(npz_bytes({"none": np.zeros(1)}))
            environment["PYTHONPATH"] = str(folder)
        done = subprocess.run(
            [sys.executable, "-c", _SIGNATURES], env=environment, cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert found[0] == found[1]

"""The chip as a backend: what is missing, run files in a process of their own, how they end, and the session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.backend import CalibrationReader, Machine, OpenRequest, ResultReader, Session, WholeRun
from sal_hw.contracts.job_queue import JobQueue
from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.errors import CalibrationError, DeviceError, InputError, IntegrityError, Problem
from sal_hw.experiment.runner import Interrupted, RunOptions, run_program
from sal_hw.results.store import RunStore
from sal_hw.storage.artifact import read_manifest
from sal_hw.storage.files import sha256
from sal_hw.workflow import api
from sal_hw.workflow.machines import Access, choose_backend
from sal_hw_brainscales2.emulation.model import nominal_chip
from sal_hw_brainscales2.machine import live, program_files, sdk
from sal_hw_brainscales2.machine.backend import BrainScaleS2Backend
from sal_hw_brainscales2.machine.importer import ChipResult
from sal_hw_brainscales2.machine.live import LiveRun, estimate_deadline
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.session import ChipSession

ROOT = Path(__file__).parents[4]

#: a run file of our own: copies a result that was made before, after doing what the test wants
RUN_FILE = """
import argparse, json, os, shutil, subprocess, sys, time
parser = argparse.ArgumentParser()
for name in ("out", "deadline", "calibration"):
    parser.add_argument("--" + name)
options = parser.parse_args()
print("a line of the vendor's software")
{body}
shutil.copytree({source!r}, options.out)
"""


@pytest.fixture
def run(recorded, tmp_path, monkeypatch):
    """Return a live run whose run file does what `body` says and then leaves the recorded result."""

    def make(body: str = "", **options) -> LiveRun:
        source = recorded.write(tmp_path / "recorded")
        text = RUN_FILE.format(body=textwrap.dedent(body), source=str(source))
        monkeypatch.setattr(live, "run_file", lambda *_, **__: text)
        monkeypatch.setattr(live.tempfile, "tempdir", str(tmp_path))
        return LiveRun(via="pynn", program=recorded.program, seed=1, **options)

    return make


# --- what is missing --------------------------------------------------------------------------------------------------


def test_without_the_software_the_message_says_what_where_and_how(tmp_path):
    command = [str(Path(sys.executable).with_name("sal-hw")), "run"]
    recipe = "recipes/chip_alignment.yaml"
    done = subprocess.run(
        [*command, recipe, "--target", "brainscales2", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    for words in (
        "E801",
        "pynn_brainscales, pygrenade_vx, dlens_vx_v3, powerpc-ppu-g++ are missing",
        "EBRAINS-experimental",
        "container",
        "module load ppu-toolchain",
        f"sal-hw run {recipe} --target brainscales2 --emulate",
    ):
        assert words in done.stderr, words
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_software_is_looked_for_and_not_imported(stack):
    home = stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    assert sdk.missing("pynn") == ()
    assert sdk.missing("hxtorch") == ("hxtorch",)
    assert not {"pynn_brainscales", "pygrenade_vx", "dlens_vx_v3"} & set(sys.modules)
    (home / "powerpc-ppu-g++").unlink()
    assert sdk.missing("pynn") == ("powerpc-ppu-g++",)
    with pytest.raises(DeviceError, match=r"powerpc-ppu-g\+\+ is missing"):
        sdk.require_stack("pynn")


def test_zeros_are_not_taken_for_a_chip(stack, monkeypatch):
    stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    monkeypatch.setenv("HXCOMM_ENABLE_ZERO_MOCK", "1")
    with pytest.raises(DeviceError, match="answers with zeros instead") as caught:
        sdk.require_stack("pynn")
    assert caught.value.code == "E802"


def test_ways_to_the_machine(stack):
    stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    target = load_target("brainscales2")
    assert choose_backend(target, emulate=False).via == "pynn"
    with pytest.raises(DeviceError, match="--via hxtorch: hxtorch is missing"):
        choose_backend(target, emulate=False, access=Access(via="hxtorch"))
    reached = choose_backend(target, emulate=False, access=Access(via="pynn", calibration_file=Path("c.pbin")))
    assert reached.calibration_file == Path("c.pbin")
    with pytest.raises(InputError) as caught:
        choose_backend(target, emulate=False, access=Access(via="nest"))
    assert caught.value.code == "E812"
    with pytest.raises(InputError) as caught:
        choose_backend(target, emulate=True, access=Access(via="pynn"))
    assert caught.value.code == "E812"


def test_the_backend_is_what_the_protocols_ask_for(recorded, stack):
    backend = load_backend("brainscales2")
    for kind in (Machine, ResultReader, CalibrationReader, JobQueue):
        assert isinstance(backend, kind)
    stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    session = backend.open(recorded.program, OpenRequest(seed=1))
    assert isinstance(session, WholeRun)
    assert {name for name in vars(Session) if not name.startswith("_")} <= set(dir(session))
    assert session.chip_id is None
    with pytest.raises(DeviceError) as caught:
        backend.open(recorded.program, OpenRequest(seed=1, chip=nominal_chip()))
    assert caught.value.code == "E316"


# --- ends of a run file -----------------------------------------------------------------------------------------------


def test_a_run_in_a_process_of_its_own(recorded, run, tmp_path):
    body = """
    open({note!r}, "w").write(json.dumps([os.getpid(), os.getpgid(0), options.calibration, float(options.deadline)]))
    """.format(note=str(tmp_path / "note.json"))
    result = run(body, calibration_file=Path("cal.pbin"), deadline_s=60.0)(6)
    assert isinstance(result, ChipResult)
    pid, group, calibration, deadline = json.loads((tmp_path / "note.json").read_text())
    assert pid == group != os.getpgid(0)
    assert (calibration, deadline) == (str(Path("cal.pbin").absolute()), 60.0)
    assert not list(tmp_path.glob("sal-hw-run-*"))


@pytest.mark.parametrize(
    ("code", "kind", "number"),
    [(2, InputError, "E809"), (3, CalibrationError, "E810"), (4, DeviceError, "E802"), (6, IntegrityError, "E804")],
)
def test_each_end_has_its_error_with_cause_and_next_command(run, tmp_path, code, kind, number):
    body = f"""
    print("cause: an older one", file=sys.stderr)
    print("cause: the links are down\\x1b[31m", file=sys.stderr)
    print("next: power-cycle the board", file=sys.stderr)
    sys.exit({code})
    """
    with pytest.raises(kind) as caught:
        run(body)(6)
    (problem,) = caught.value.problems
    assert type(caught.value) is kind
    assert (problem.code, caught.value.exit_code) == (number, code)
    assert problem.allowed.startswith("the links are down")
    assert problem.hint.startswith("power-cycle the board; the log is ")
    assert "\x1b" not in caught.value.render()
    log = Path(problem.hint.rpartition(" ")[2])
    assert "a line of the vendor's software" in log.read_text()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit(1)", "ended with code 1"),
        ("raise ValueError('deep inside')", "deep inside"),
        ("os.kill(os.getpid(), 11)", "ended with code -11"),
        ("sys.exit(4)", "ended with code 4"),
    ],
)
def test_an_end_without_a_cause_is_an_error_of_the_device(run, body, words):
    with pytest.raises(DeviceError) as caught:
        run(body)(6)
    assert caught.value.code == "E802"
    assert words in caught.value.problems[0].allowed


def test_a_run_file_that_leaves_nothing_is_not_believed(run):
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        run("sys.exit(0)")(6)


def test_a_hang_ends_at_its_deadline_with_all_its_processes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "GRACE_S", 0.2)
    note = tmp_path / "child"
    body = f"""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open({str(note)!r}, "w").write(str(child.pid))
    time.sleep(600)
    """
    with pytest.raises(DeviceError) as caught:
        run(body, deadline_s=1.0)(6)
    assert (caught.value.code, caught.value.exit_code) == ("E803", 4)
    for _ in range(100):
        # nobody may be left to collect the child: then it stays as a zombie
        state = Path(f"/proc/{note.read_text()}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("a process of the run is still there")


def test_a_run_file_that_ends_itself_at_its_deadline_hung(run):
    body = 'time.sleep(0.3); print("cause: no end within the deadline", file=sys.stderr); sys.exit(4)'
    with pytest.raises(DeviceError) as caught:
        run(body, deadline_s=0.2)(6)
    assert caught.value.code == "E803"


def test_deadlines_are_generous(recorded):
    # five minutes of calibration and 12 ms of chip time
    assert estimate_deadline(recorded.program, 6) > 3 * 300.0
    assert estimate_deadline(recorded.program, 1000) > estimate_deadline(recorded.program, 6) + 60.0


# --- the session ------------------------------------------------------------------------------------------------------


def test_an_experiment_runs_once_and_in_one_piece(recorded, run, tmp_path, stack, monkeypatch):
    calls = tmp_path / "calls"
    live_run = run(f'open({str(calls)!r}, "a").write("x")')
    stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    found = run_program(
        recorded.program, recorded.recipe.protocol, BrainScaleS2Backend(via="pynn"), seed=recorded.program.seed
    )
    assert calls.read_text() == "x"
    assert found.chip_id == recorded.header["chip_id"]
    np.testing.assert_allclose(found.weights["feedback"], recorded.weights[-1], atol=1e-12)
    assert live_run.via == "pynn"


def test_an_interrupted_run_goes_on_without_the_chip(recorded, run, tmp_path, stack):
    calls = tmp_path / "calls"
    run(f'open({str(calls)!r}, "a").write("x")')
    stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    backend, protocol, seed = BrainScaleS2Backend(via="pynn"), recorded.recipe.protocol, recorded.program.seed
    whole = run_program(recorded.program, protocol, backend, seed=seed)
    steps = iter([False, False, True])
    store = RunStore.create(tmp_path / "out", {})
    options = RunOptions(store=store, interrupted=lambda: next(steps))
    with store, pytest.raises(Interrupted):
        run_program(recorded.program, protocol, backend, seed=seed, options=options)
    options = RunOptions(store=RunStore.resume(tmp_path / "out", {}), resume=True)
    resumed = run_program(recorded.program, protocol, backend, seed=seed, options=options)
    assert calls.read_text() == "xx"
    assert resumed.metrics == whole.metrics
    np.testing.assert_array_equal(resumed.traces["alignment.angle"].values, whole.traces["alignment.angle"].values)


def test_what_a_chip_does_not_offer(recorded):
    session = ChipSession(recorded.program, lambda _: pytest.fail("no run was asked for"))
    calls = (
        lambda: session.observe(100.0),
        lambda: session.measure_moments("alignment", 100.0),
        lambda: session.set_moments("alignment", None),
    )
    for call in calls:
        with pytest.raises(DeviceError) as caught:
            call()
        assert caught.value.code == "E808"
        assert "--emulate" in caught.value.hint
    sampling = api.compile_recipe(api.load_recipe(ROOT / "recipes" / "chip_sampling.yaml"), target="brainscales2")
    with pytest.raises(DeviceError, match="programs that learn"):
        ChipSession(sampling, lambda _: pytest.fail("no run was asked for"))


# --- end to end against the stand-ins of the vendor's modules ---------------------------------------------------------


@pytest.fixture
def pynn_chip(recorded, stack, tmp_path, monkeypatch):
    """Let the stand-ins of PyNN replay the recorded run; return what calls api.run, with faults of the chip."""
    home = stack("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3")
    assert home.is_dir()
    fakes = ROOT / "tests" / "contract" / "fakes"
    monkeypatch.setenv("PYTHONPATH", f"{fakes / 'pynn_brainscales'}{os.pathsep}{fakes / 'kernels'}")
    monkeypatch.setattr(live.tempfile, "tempdir", str(tmp_path))
    np.savez(tmp_path / "replay.npz", **recorded.arrays)
    data = b"stand-in of a portable binary\n"
    (tmp_path / "calibration.pbin").write_bytes(data)
    document = {"chip_id": "chip63", "program_hash": recorded.program.hash, "neurons": {"usable": [1] * 512}}
    document["sha256"] = {"calibration.pbin": sha256(data)}
    (tmp_path / "calibration.json").write_text(json.dumps(document))

    def call(chip_id: str = "chip63", **faults) -> api.Run:
        script = {"chip_id": chip_id, "replay": str(tmp_path / "replay.npz"), "faults": faults}
        (tmp_path / "script.json").write_text(json.dumps(script))
        monkeypatch.setenv("SAL_HW_FAKE_PYNN", str(tmp_path / "script.json"))
        calibration = tmp_path / "calibration.pbin"
        options = {"via": "pynn", "calibration_file": calibration, "out": tmp_path / "out", "force": True}
        return api.run(recorded.recipe, target="brainscales2", figures=False, **options)

    return call


def test_through_pynn_the_run_is_that_of_the_emulated_chip(recorded, pynn_chip):
    found = pynn_chip()
    wanted = run_program(
        recorded.program, recorded.recipe.protocol, load_backend("emulator:brainscales2"), seed=recorded.program.seed
    )
    assert (found.result.backend, found.result.chip_id) == ("brainscales2", "chip63")
    stored = api.load_run(found.folder).result
    for name in ("angle_initial", "angle_final", "norm_ratio_final", "rate_mean_hz", "updates_missed"):
        assert stored.metrics[name] == pytest.approx(wanted.metrics[name], rel=1e-12), name
    np.testing.assert_allclose(stored.traces["alignment.angle"].values, wanted.traces["alignment.angle"].values)
    # the chip's clock ticks every 8 ns
    for name in ("visible", "hidden"):
        np.testing.assert_allclose(stored.spikes[name].time_ms, recorded.arrays[f"spikes.{name}.time_us"], atol=0.01)
        np.testing.assert_array_equal(stored.spikes[name].neuron, recorded.arrays[f"spikes.{name}.neuron"])


@pytest.mark.parametrize(
    ("faults", "kind", "code"),
    [
        ({"routing": "Placement unsuccessful."}, InputError, "E809"),
        ({"chip_id": "another"}, CalibrationError, "E810"),
        ({"playback": True}, DeviceError, "E802"),
        ({"crash": True}, DeviceError, "E802"),
        ({"short": True}, IntegrityError, "E804"),
    ],
)
def test_each_failure_of_the_chip_reaches_the_user(pynn_chip, faults, kind, code):
    with pytest.raises(kind) as caught:
        pynn_chip(**faults)
    assert caught.value.code == code
    assert "ended with code" not in caught.value.problems[0].allowed
    assert caught.value.hint


@pytest.mark.parametrize(
    ("faults", "finding"),
    [
        ({"missed": {"feedback.excitatory": 1, "feedback.inhibitory": 1}}, "updates_missed"),
        ({"dropped_spikes": 2}, "spikes_dropped"),
        ({"link_errors": 2}, "link_errors"),
    ],
)
def test_losses_make_the_run_degraded(pynn_chip, faults, finding):
    found = pynn_chip(**faults)
    assert found.health.verdict == "degraded"
    assert {item.kind: item.severity for item in found.health.findings}[finding] == "degraded"


# --- files to take along ----------------------------------------------------------------------------------------------


@pytest.fixture
def front_ends(monkeypatch):
    """Let the front ends' renderers accept or refuse a program."""

    def choose(*refusing: str) -> None:
        def render(data, front_end, kernels) -> str:
            if front_end in refusing:
                value, allowed = f'"{front_end}", with membranes', "none of them"
                raise InputError(Problem(code="E806", field="via", value=value, allowed=allowed))
            return f"# {front_end}, {len(kernels)} kernels\n"

        monkeypatch.setattr(program_files, "_render", render)

    return choose


def test_files_of_both_front_ends_kernels_and_calibration(recorded, front_ends):
    front_ends()
    files = program_files.program_files(recorded.program, updates=6, seed=1)
    assert files == program_files.program_files(recorded.program, updates=6, seed=1)
    kernels = {name for name in files if name.startswith("kernels/")}
    assert {name.rpartition(".")[2] for name in kernels} == {"cpp"}
    assert set(files) - kernels == {"run_hxtorch.py", "run_pynn.py", "calibrate_sal.py", "HOW_TO_RUN.txt"}
    notes = files["HOW_TO_RUN.txt"].decode()
    assert "not through" not in notes
    assert notes.index("run_pynn.py") < notes.index("run_hxtorch.py")
    assert "pynn-brainscales, grenade, haldls and halco from 2026-06-12 on, with calix from\n2026-06-11 on" in notes


def test_a_front_end_that_cannot_is_left_out_with_its_reason(recorded, front_ends):
    front_ends("hxtorch")
    files = program_files.program_files(recorded.program, updates=6, seed=1)
    assert "run_hxtorch.py" not in files
    words = 'not through "hxtorch", with membranes; it takes none of them'
    assert words in files["HOW_TO_RUN.txt"].decode()
    with pytest.raises(InputError, match='"hxtorch", with membranes'):
        program_files.program_files(recorded.program, updates=6, seed=1, via="hxtorch")
    front_ends("hxtorch", "pynn")
    with pytest.raises(InputError, match='"pynn", with membranes'):
        program_files.program_files(recorded.program, updates=6, seed=1)
    with pytest.raises(InputError, match="a front end of brainscales2"):
        program_files.program_files(recorded.program, updates=6, seed=1, via="nest")


def test_all_spikes_are_recorded_since_rates_are_part_of_a_result(recorded):
    populations = collect_run_data(recorded.program, updates=6, seed=1).populations
    assert [item.record_spikes for item in populations] == [True, True]
    bare = api.compile_recipe(api.load_recipe(ROOT / "recipes" / "chip_alignment.yaml"), target="brainscales2")
    populations = collect_run_data(bare, updates=6, seed=1).populations
    assert [item.record_spikes for item in populations] == [True, True]


def test_compile_says_why_there_is_no_run_file(tmp_path, capsys):
    recipe = str(ROOT / "recipes" / "chip_sampling.yaml")
    assert main(["compile", recipe, "--target", "brainscales2", "--no-figures", "-o", str(tmp_path / "build")]) == 0
    assert "no run file: a machine runs experiments of the kind align only" in capsys.readouterr().out


def test_what_compile_writes_stands_under_the_manifest(front_ends, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    front_ends("pynn")
    recipe = str(ROOT / "recipes" / "chip_alignment.yaml")
    words = ("compile", recipe, "--target", "brainscales2", "--set", "parameters.size=4", "--no-figures", "-o")
    assert main([*words, "build"]) == 0
    out = capsys.readouterr().out
    assert "file: build/run_hxtorch.py" in out
    listed = read_manifest(Path("build"), "program", schema_versions=(2,))["files"]
    assert {"run_hxtorch.py", "calibrate_sal.py", "experiment.json", "kernels/kernel_0_hxtorch.cpp"} <= set(listed)
    assert "run_pynn.py" not in listed
    assert main([*words, "other", "--via", "pynn"]) == 2
    assert "E806" in capsys.readouterr().err
    assert not Path("other").exists()

"""Calibration: the file for the vendor's calix, run against a stand-in of it, and what its results tell us."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.targets import load_target
from sal_hw.errors import InputError
from sal_hw.target.snapshot_io import check_snapshot, read_snapshot
from sal_hw_brainscales2.machine.calix import reading as calix_import
from sal_hw_brainscales2.machine.calix.reading import import_calix
from sal_hw_brainscales2.machine.calix.settings import DEFAULTS, calibration_targets, render_calibration
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.program import ChipProgram

ROOT = Path(__file__).parents[5]
FAKE = ROOT / "tests" / "contract" / "fakes" / "calix_stack"
SENSORS = {"amplitude_lsb": 1.0, "time_constant_us": 10.0}


@pytest.fixture(scope="module")
def data(recorded):
    return collect_run_data(recorded.program, updates=6, seed=1)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_targets_are_those_of_the_program_and_calix_s_own_elsewhere(recorded, data):
    targets = calibration_targets(data)
    chip = recorded.program.part_of(ChipProgram)
    used = np.flatnonzero(targets["used"])
    np.testing.assert_array_equal(used, np.sort(chip.neurons.site))
    order = np.argsort(chip.neurons.site)
    np.testing.assert_allclose(targets["leak_lsb"][used], np.rint(chip.neurons.v_leak_lsb[order]))
    np.testing.assert_allclose(targets["tau_mem_us"][used], chip.neurons.tau_mem_us[order])
    np.testing.assert_allclose(targets["tau_syn_inhibitory_us"][used], chip.neurons.tau_syn_inh_us[order])
    free = np.setdiff1d(np.arange(512), used)
    assert {name: set(targets[name][free].tolist()) for name in DEFAULTS} == {n: {v} for n, v in DEFAULTS.items()}


def test_the_file_is_sound_python_and_always_the_same(data, tmp_path):
    text = render_calibration(data, SENSORS)
    assert text == render_calibration(data, SENSORS)
    path = tmp_path / "calibrate_sal.py"
    path.write_text(text)
    compile(text, "calibrate_sal.py", "exec")
    config = ("--config", str(ROOT / "pyproject.toml"))
    ruff = Path(sys.executable).with_name("ruff")
    for words in (("check", *config), ("format", "--check", *config)):
        done = subprocess.run([ruff, *words, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert max(len(line) for line in text.splitlines()) <= 120


def calibrate(data, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "calibrate_sal.py"
    path.write_text(render_calibration(data, SENSORS))
    known = {**os.environ, "PYTHONPATH": str(FAKE), "SAL_HW_FAKE_CALIX": str(tmp_path / "calls.json"), **environment}
    return subprocess.run(
        [sys.executable, str(path), "--out", "calibration"],
        cwd=tmp_path,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_calibration_that_is_asked_for(data, tmp_path):
    # populations of one kind need one calibration
    arrays = {name: np.full_like(item, 640) if "bias" in name else item for name, item in data.arrays.items()}
    done = calibrate(replace(data, arrays=arrays), tmp_path)
    assert done.returncode == 0, done.stderr
    (call,) = json.loads((tmp_path / "calls.json").read_text())
    targets = calibration_targets(data)
    assert call["neurons"]["leak"] == targets["leak_lsb"].tolist()
    assert call["neurons"]["threshold"] == targets["threshold_lsb"].tolist()
    np.testing.assert_allclose(call["neurons"]["tau_mem"], targets["tau_mem_us"] * 1e-6)
    np.testing.assert_allclose(call["neurons"]["refractory_time"], targets["refractory_us"] * 1e-6)
    both = [targets[f"tau_syn_{polarity}_us"] * 1e-6 for polarity in ("excitatory", "inhibitory")]
    np.testing.assert_allclose(call["neurons"]["tau_syn"], np.stack(both, axis=1))
    assert (call["inputs"], call["biases"]) == ("CalibratedCubaSynapticInput", [640, 640])
    assert call["sensors"] == pytest.approx([1.0, 10e-6])
    assert (call["branches"], call["cache_paths"]) == ("BOTH", [])
    names = sorted(path.name for path in (tmp_path / "calibration").iterdir())
    assert names == [f"calibration.{each}" for each in ("coco.json.gz", "json", "pbin", "pkl")]
    assert "next: run the run file with" in done.stdout


def test_different_synaptic_inputs_take_a_second_calibration(recorded, data, tmp_path):
    assert calibrate(data, tmp_path).returncode == 0
    first, second = json.loads((tmp_path / "calls.json").read_text())
    targets = calibration_targets(data)
    used = targets["used"].astype(bool)
    medians = [int(np.median(targets[f"bias_{polarity}"][used])) for polarity in ("excitatory", "inhibitory")]
    assert (first["inputs"], first["biases"]) == ("CalibratedCubaSynapticInput", medians)
    assert second["inputs"] == "UncalibratedCubaSynapticInput"
    biases = np.array(second["biases"])
    # the stand-in found `number % 5` more for each circuit than it was asked for
    found = np.array(medians) + (np.arange(512) % 5)[:, None]
    wanted = np.stack([targets["bias_excitatory"], targets["bias_inhibitory"]], axis=1) / np.array(medians)
    np.testing.assert_allclose(biases[used], (found * wanted)[used], atol=0.5)
    np.testing.assert_array_equal(biases[~used], found[~used])


def test_failures_end_with_a_cause_and_a_next_command(data, tmp_path):
    done = calibrate(data, tmp_path, SAL_HW_FAKE_CALIX_FAIL="links are down")
    assert done.returncode == 4
    lines = done.stderr.splitlines()
    assert any(line.startswith("cause: ") and "links are down" in line for line in lines)
    assert any(line.startswith("next: ") for line in lines)
    assert not (tmp_path / "calibration").exists()
    done = calibrate(data, tmp_path, PYTHONPATH="")
    assert done.returncode == 4
    assert "cause: the module calix cannot be imported" in done.stderr


# --- what its results tell --------------------------------------------------------------------------------------------


def test_our_own_document_gives_the_usable_circuits(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert calibrate(data, tmp_path).returncode == 0
    assert main(["import", "--calix", "calibration/calibration.json", "-o", "chip"]) == 0
    assert "hxcube7fpga0chip63_1" in capsys.readouterr().out
    snapshot = read_snapshot(Path("chip"))
    check_snapshot(snapshot, load_target("brainscales2").description)
    (table,) = snapshot.tables
    assert (table.name, snapshot.origin) == ("usable", "measured")
    np.testing.assert_array_equal(np.flatnonzero(table.measured == 0), [3])
    # a circuit that failed is not placed
    recipe = str(ROOT / "recipes" / "chip_alignment.yaml")
    words = (
        "check",
        recipe,
        "--set",
        "parameters.size=4",
        "--target",
        "brainscales2",
        "--calibration",
        "chip",
        "--json",
    )
    assert main(words) == 0
    placement = json.loads(capsys.readouterr().out)["placement"]
    assert placement[0]["columns"][0] != [0, 3]


def settings(leak: int = 500, **other: Any) -> dict[str, Any]:
    """Return what the archive makes of the settings of one circuit."""
    return {
        "leak": {"v_leak": {"cereal_class_version": 0, "value0": leak}, "i_bias": {"value0": 20}},
        "reset": {"v_reset": {"value0": 400}},
        "threshold": {"enable": True, "v_threshold": 300},
        **other,
    }


def coco_list(*leaks: int) -> dict[str, Any]:
    neurons = [settings(leak) for leak in (*leaks, *[500] * (512 - len(leaks)))]
    pairs = [{"first": {"index": 7, "data": {"value0": n}}, "second": {"data": item}} for n, item in enumerate(neurons)]
    return {"value0": {"values": [{"first": {"index": 1}, "second": {"data": {"enable": True}}}, *pairs]}}


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_settings_at_the_end_of_their_range_mean_failure(tmp_path, suffix):
    path = tmp_path / f"list{suffix}"
    data = json.dumps(coco_list(500, 0, 1022, 1, 1021)).encode()
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    with pytest.raises(InputError, match="--chip-id"):
        import_calix(path)
    snapshot = import_calix(path, chip_id="chip63")
    np.testing.assert_array_equal(np.flatnonzero(snapshot.tables[0].measured == 0), [1, 2])
    assert snapshot.chip_id == "chip63"
    check_snapshot(snapshot, load_target("brainscales2").description)


OURS = {
    "kind": "sal-hw-calix",
    "chip_id": "c",
    "end_utc": "2026-01-01T00:00:00+00:00",
    "neurons": {"usable": [1] * 512},
}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.json", b"{", "JSON"),
        ("x.pbin", b"\0\1\2", "JSON"),
        ("x.json", b"[" * 100_000, "JSON"),
        ("x.json.gz", b"no gzip", "readable"),
        ("x.json.gz", gzip.compress(b"{}" * 1000, mtime=0)[:20], "readable"),
        ("x.json", b"{}", "all 512 circuits"),
        ("x.json", json.dumps([settings()] * 511).encode(), "it has 511"),
        ("x.json", json.dumps([settings(leak={})] * 512).encode(), "all 512 circuits"),
        ("x.json", json.dumps({**OURS, "neurons": {"usable": [1] * 511}}).encode(), "512 circuits"),
        ("x.json", json.dumps({**OURS, "neurons": {"usable": [2] * 512}}).encode(), "512 circuits"),
        ("x.json", json.dumps({**OURS, "end_utc": "yesterday"}).encode(), "a time"),
        ("x.json", json.dumps({**OURS, "chip_id": "d"}).encode(), "of c;"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        import_calix(path, chip_id="c")
    assert (caught.value.code, caught.value.exit_code) == ("E805", 2)
    assert words in f"{caught.value.problems[0].allowed} {caught.value.hint}"


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(calix_import, "MAX_BYTES", 2**16)
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b" " * 2**20))
    with pytest.raises(InputError, match="at most"):
        import_calix(path, chip_id="c")


class Trap:
    """Writes down in which process it was unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        code = "import os, pathlib; pathlib.Path('trap').write_text(str(os.getpid()))"
        return (exec, (code,))


def test_a_pickle_runs_only_by_consent_and_elsewhere(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("result.pkl").write_bytes(pickle.dumps(Trap()))
    assert main(["import", "--calix", "result.pkl", "--chip-id", "c", "-o", "chip"]) == 2
    err = capsys.readouterr().err
    assert "E805" in err
    assert "--trust-pickle" in err
    assert not Path("trap").exists()
    assert main(["import", "--calix", "result.pkl", "--chip-id", "c", "-o", "chip", "--trust-pickle"]) == 2
    assert "a result of calix" in capsys.readouterr().err
    assert int(Path("trap").read_text()) != os.getpid()


def test_a_trusted_pickle_gives_what_the_document_gives(data, tmp_path, monkeypatch):
    assert calibrate(data, tmp_path).returncode == 0
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.setenv("SAL_HW_FAKE_CALIX", str(tmp_path / "calls.json"))
    folder = tmp_path / "calibration"
    read = import_calix(folder / "calibration.pkl", trust_pickle=True, chip_id="hxcube7fpga0chip63_1")
    known = import_calix(folder / "calibration.json")
    np.testing.assert_array_equal(read.tables[0].measured, known.tables[0].measured)
    assert "calix" not in sys.modules


def test_a_pickle_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(calix_import, "TIME_LIMIT_S", 1.0)

    class Endless:
        def __reduce__(self) -> tuple[Any, ...]:
            return (exec, ("import time; time.sleep(600)",))

    path = tmp_path / "endless.pkl"
    path.write_bytes(pickle.dumps(Endless()))
    with pytest.raises(InputError, match="within 1 s"):
        import_calix(path, trust_pickle=True, chip_id="c")


class _Tells:
    """Runs code when it is read, and tells what it sees of the environment."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("import os, sys; sys.stderr.write(' '.join(os.environ)); sys.exit(3)",)


def test_the_process_that_reads_a_pickle_gets_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NMPI_TOKEN", "AWS_SECRET_ACCESS_KEY", "EBRAINS_PASSWORD", "SSH_AUTH_SOCK", "ANYTHING_ELSE"):
        monkeypatch.setenv(name, "secret")
    path = tmp_path / "calibration.pkl"
    path.write_bytes(pickle.dumps(_Tells()))
    with pytest.raises(InputError) as caught:
        import_calix(path, trust_pickle=True, chip_id="x")
    said = str(caught.value)
    assert "PATH" in said
    assert not {"NMPI_TOKEN", "AWS_SECRET_ACCESS_KEY", "EBRAINS_PASSWORD", "SSH_AUTH_SOCK", "ANYTHING_ELSE"} & set(
        said.replace('"', " ").split()
    )


@pytest.mark.parametrize("taken", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 7, ["x"]])
def test_a_time_that_no_calendar_has_is_refused(tmp_path: Path, taken: object) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"kind": "sal-hw-calix", "end_utc": taken, "neurons": {"usable": [1] * 512}}))
    with pytest.raises(InputError) as caught:
        import_calix(path, chip_id="x")
    assert caught.value.code == "E805"

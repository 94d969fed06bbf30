"""Results of run files: what is believed, what is refused, and that a run on a chip reads like any other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.backend import OpenRequest
from sal_hw.errors import DeviceError, InputError, IntegrityError
from sal_hw.experiment.runner import run_program
from sal_hw.plots import draw
from sal_hw.results.spike_store import read_spikes
from sal_hw.spec.probes import CorrelationProbe, WeightProbe
from sal_hw.workflow import api, import_results
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend as EmulatorBackend
from sal_hw_brainscales2.machine.backend import BrainScaleS2Backend, RecordedRun
from sal_hw_brainscales2.machine.importer import check_result, read_result
from sal_hw_brainscales2.machine.result_header import ResultHeader
from sal_hw_brainscales2.machine.session import ChipSession


def playback(recorded, folder: Path, recorder=None) -> ChipSession:
    result = read_result(folder, recorded.program)
    return ChipSession(recorded.program, lambda _: result, recorder=recorder)


def test_a_run_played_back_is_the_run(recorded, tmp_path):
    folder = recorded.write(tmp_path / "result")
    backend = BrainScaleS2Backend().read_result(folder, recorded.program)
    program, protocol = recorded.program, recorded.recipe.protocol
    found = run_program(program, protocol, backend, seed=program.seed)
    wanted = run_program(program, protocol, EmulatorBackend(), seed=program.seed)
    assert found.chip_id == "hxcube7fpga0chip63_1"
    assert found.backend == "brainscales2"
    for name in ("angle_initial", "angle_final", "norm_ratio_final", "rate_mean_hz", "difference_final", "updates"):
        assert found.metrics[name] == pytest.approx(wanted.metrics[name], rel=1e-12), name
    np.testing.assert_allclose(found.traces["alignment.angle"].values, wanted.traces["alignment.angle"].values)
    np.testing.assert_allclose(found.weights["feedback"], wanted.weights["feedback"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.weights_initial["forward"], wanted.weights_initial["forward"], atol=1e-12)
    assert found.metrics["updates_missed"] == 0
    assert found.metrics["angle_initial"] != found.metrics["angle_final"]


@pytest.mark.parametrize("steps", [(6,), (1, 1, 1, 1, 1, 1), (2, 3, 1)])
def test_steps_do_not_matter(recorded, tmp_path, steps):
    taken: list[Any] = []
    folder = recorded.write(tmp_path / "result")
    session = playback(recorded, folder, lambda time_ms, neuron, name: taken.append((name, time_ms, neuron)))
    session.prepare(6)
    done, counts = 0, 0
    for step in steps:
        seen = session.learn(step)
        done += step
        counts += int(seen.spike_counts["visible"].sum())
        assert seen.duration_ms == pytest.approx(2000.0 * step)
        np.testing.assert_allclose(session.weights("feedback"), recorded.weights[done], atol=1e-12)
    times = np.concatenate([time_ms for name, time_ms, _ in taken if name == "visible"])
    np.testing.assert_allclose(times, recorded.arrays["spikes.visible.time_us"])
    assert counts == len(times) > 0


def test_missed_updates_leave_gaps_not_shifts(recorded, tmp_path):
    kept = [0, 1, 3, 5]
    changed = {name.replace(".", "__"): recorded.arrays[name][kept] for name in recorded.arrays if "weights" in name}
    counters = {**recorded.header["counters"], "updates_missed": 2}
    session = playback(recorded, recorded.write(tmp_path / "result", {"counters": counters}, **changed))
    session.prepare(6)
    for done, last in enumerate([0, 1, 2, 2, 4, 4, 6]):
        np.testing.assert_allclose(session.weights("feedback"), recorded.weights[last], atol=1e-12, err_msg=str(done))
        if done < 6:
            session.learn(1)
    (finding,) = (item for item in session.findings() if item.kind == "updates_missed")
    assert (finding.count, finding.severity) == (2, "degraded")
    assert session.counters()["updates_missed"] == 2


def unprobed(program, *others):
    """Return the program without its probes of weights, or with others."""
    return replace(program, probes=(*(each for each in program.probes if each.kind != "weights"), *others))


def test_without_a_probe_weights_come_back_once(recorded, tmp_path):
    last = {name.replace(".", "__"): recorded.arrays[name][-1:] for name in recorded.arrays if "weights" in name}
    bare = replace(recorded, program=unprobed(recorded.program))
    session = playback(bare, bare.write(tmp_path / "result", {"program_hash": bare.program.hash}, **last))
    session.prepare(6)
    session.learn(5)
    np.testing.assert_allclose(session.weights("feedback"), recorded.weights[0], atol=1e-12)
    session.learn(1)
    np.testing.assert_allclose(session.weights("feedback"), recorded.weights[6], atol=1e-12)
    assert "weights_recorded" in {item.kind for item in session.findings()}


def test_a_front_end_may_leave_the_last_weights_only_where_no_probe_asks_for_more(recorded, tmp_path):
    last = {name.replace(".", "__"): recorded.arrays[name][-1:] for name in recorded.arrays if "weights" in name}
    with pytest.raises(IntegrityError, match="6 to 6 records"):
        playback(recorded, recorded.write(tmp_path / "probed", **last))
    for every, records in ((4, 1), (3, 2)):
        program = unprobed(recorded.program, WeightProbe(projection="feedback", every_updates=every))
        result = recorded.write(tmp_path / str(every), {"program_hash": program.hash}, **last)
        if records == 1:
            assert len(read_result(result, program).arrays["weights.feedback.excitatory"]) == 1
        else:
            with pytest.raises(IntegrityError, match="2 to 6 records"):
                read_result(result, program)


@pytest.mark.parametrize(
    ("counter", "severity"),
    [
        ("updates_missed", "degraded"),
        ("scheduler_dropped", "degraded"),
        ("spikes_dropped", "degraded"),
        ("link_errors", "degraded"),
    ],
)
def test_what_a_run_lost_makes_it_degraded(recorded, tmp_path, counter, severity):
    counters = {**recorded.header["counters"], counter: 3}
    header = {"counters": counters, "messages": ["scheduler: 3 calls\nlost"]}
    session = playback(recorded, recorded.write(tmp_path / "result", header))
    session.prepare(6)
    found = {item.kind: item for item in session.findings()}
    kind = "updates_missed" if counter == "scheduler_dropped" else counter
    assert (found[kind].severity, found[kind].count) == (severity, 3)
    assert found["message"].advice == "scheduler: 3 calls lost"


def test_link_errors_without_any_spike_are_a_failure(recorded, tmp_path):
    none = {name.replace(".", "__"): values[:0] for name, values in recorded.arrays.items() if "spikes" in name}
    header = {"counters": {**recorded.header["counters"], "link_errors": 1}}
    session = playback(recorded, recorded.write(tmp_path / "result", header, **none))
    session.prepare(6)
    found = {item.kind: item for item in session.findings()}
    assert found["link_errors"].severity == "failed"
    assert found["neurons_silent"].count == 8


def test_a_run_without_recorded_spikes_says_so(recorded, tmp_path):
    left_out = {"spikes__visible__time_us": None, "spikes__visible__neuron": None}
    session = playback(recorded, recorded.write(tmp_path / "result", **left_out))
    session.learn(6)
    found = {item.kind: item for item in session.findings()}
    assert (found["spikes_not_recorded"].count, found["spikes_not_recorded"].severity) == (1, "degraded")


# --- what is refused --------------------------------------------------------------------------------------------------

NOT_A_NUMBER = {"spikes__visible__time_us": np.array([np.nan]), "spikes__visible__neuron": np.array([0])}
WRONG: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("of the program", {"program_hash": "0" * 64}, {}),
    ("format 1", {"format": 2}, {}),
    ("whole number of updates", {"updates": -1}, {}),
    ("whole number of updates", {"updates": True}, {}),
    ("whole number of updates", {"updates": 6.0}, {}),
    ("from 1 to", {"updates": 10**12}, {}),
    ("whole number of spikes_dropped", {"counters": {"updates_missed": 0}}, {}),
    ("whole number of", {"counters": [1]}, {}),
    ("names of the front end", {"front_end": "nest"}, {}),
    ("names of the front end", {"front_end": ["pynn"]}, {}),
    ("names of the front end", {"chip_id": None}, {}),
    ("list of messages", {"messages": [3]}, {}),
    ("versions of software", {"software": ["hxtorch"]}, {}),
    ("shape (records, 4, 4)", {}, {"weights__feedback__excitatory": np.zeros((6, 4, 3), dtype=np.uint8)}),
    ("0 to 63", {}, {"weights__feedback__excitatory": np.full((6, 4, 4), 64, dtype=np.uint8)}),
    ("0 to 63", {}, {"weights__feedback__excitatory": np.full((6, 4, 4), -1, dtype=np.int8)}),
    ("0 to 63", {}, {"weights__feedback__excitatory": np.zeros((6, 4, 4))}),
    ("in order of time", {}, {"weights__feedback__excitatory__time_us": np.arange(6.0)[::-1]}),
    ("and its times", {}, {"weights__feedback__excitatory": None}),
    (
        "6 to 6 records",
        {"updates": 6},
        {
            name: np.zeros((5, 4, 4)[: 3 if "time" not in name else 1], dtype=np.uint8)
            for name in ("weights__feedback__excitatory", "weights__feedback__excitatory__time_us")
        },
    ),
    ("finite times", {}, NOT_A_NUMBER),
    ("within the run", {}, {"spikes__visible__time_us": np.array([-1.0]), "spikes__visible__neuron": np.array([0])}),
    ("within the run", {}, {"spikes__visible__time_us": np.array([2e4]), "spikes__visible__neuron": np.array([0])}),
    ("from 0 to 3", {}, {"spikes__visible__time_us": np.array([1.0]), "spikes__visible__neuron": np.array([4])}),
    ("from 0 to 3", {}, {"spikes__visible__time_us": np.array([1.0]), "spikes__visible__neuron": np.array([-1])}),
    ("one each per spike", {}, {"spikes__visible__neuron": np.zeros(1, dtype=np.int64)}),
    ("one each per spike", {}, {"spikes__visible__neuron": None}),
    ("only populations", {}, {"spikes__other__time_us": np.zeros(1)}),
]


@pytest.mark.parametrize(("words", "header", "arrays"), WRONG, ids=[f"{i}-{row[0]}" for i, row in enumerate(WRONG)])
def test_what_cannot_be_is_refused_with_the_reason(recorded, tmp_path, words, header, arrays):
    with pytest.raises(IntegrityError) as caught:
        read_result(recorded.write(tmp_path / "result", header, **arrays), recorded.program)
    assert (caught.value.code, caught.value.exit_code) == ("E804", 6)
    assert words in caught.value.problems[0].allowed


@pytest.mark.parametrize("name", ["result.json", "arrays.npz"])
def test_every_byte_is_checked(recorded, tmp_path, name):
    path = recorded.write(tmp_path / "result") / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        read_result(tmp_path / "result", recorded.program)
    assert caught.value.code == "E804"
    path.unlink()
    with pytest.raises(IntegrityError, match="readable file"):
        read_result(tmp_path / "result", recorded.program)


def test_unfinished_and_absurd_folders(recorded, tmp_path):
    folder = recorded.write(tmp_path / "result")
    manifest = json.loads((folder / "manifest.json").read_text())
    for broken in (
        "[" * 100_000,
        "{}",
        json.dumps({**manifest, "sha256": {}}),
        json.dumps({**manifest, "kind": "run"}),
    ):
        (folder / "manifest.json").write_text(broken)
        with pytest.raises(IntegrityError) as caught:
            read_result(folder, recorded.program)
        assert caught.value.code == "E804"
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        read_result(folder, recorded.program)


def test_a_run_of_another_length_is_refused(recorded, tmp_path):
    session = playback(recorded, recorded.write(tmp_path / "result"))
    with pytest.raises(IntegrityError, match="a run of 5 updates"):
        session.prepare(5)
    with pytest.raises(DeviceError, match="all asked for before"):
        session.learn(7)


# --- sal-hw import ----------------------------------------------------------------------------------------------------


@pytest.fixture
def compiled(recorded, tmp_path) -> Path:
    return program_folder(recorded, tmp_path / "build")


def program_folder(recorded, path) -> Path:
    """Return a program folder as sal-hw compile writes it, without the files for the chip."""
    from sal_hw.program import PROGRAM_SCHEMA
    from sal_hw.results.store import write_program
    from sal_hw.storage.codec import encode
    from sal_hw.storage.folder import ArtifactFolder

    folder = ArtifactFolder.create(path, "program")
    folder.write_json("recipe.json", dict(recorded.recipe.file.document))
    folder.write_json("experiment.json", encode(recorded.recipe.protocol)[0])
    write_program(folder, recorded.program)
    folder.finish({"target": "brainscales2"}, schema_version=PROGRAM_SCHEMA)
    return folder.path


def test_an_imported_run_is_an_ordinary_run(recorded, compiled, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorded.write(compiled / "result")
    assert main(["import", str(compiled / "result"), "--out", "run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["chip_id"] == "hxcube7fpga0chip63_1"
    assert len(document["figures"]) > 0
    run = api.load_run("run")
    assert run.result.chip_id == "hxcube7fpga0chip63_1"
    assert run.result.metrics["updates"] == 6
    np.testing.assert_allclose(read_spikes(Path("run"))["hidden"].time_ms, recorded.arrays["spikes.hidden.time_us"])
    assert draw("alignment", {"chip": run.result}).axes
    assert main(["plot", "alignment", "run"]) == 0


def test_final_values_are_of_recorded_weights_only(recorded, tmp_path, capsys, monkeypatch):
    # two updates are to be averaged, but no probe asks for records, so that only the last weights are there
    recorded = replace(recorded, program=unprobed(recorded.program))
    compiled = program_folder(recorded, tmp_path / "build")
    last = {name.replace(".", "__"): recorded.arrays[name][-1:] for name in recorded.arrays if "weights" in name}
    monkeypatch.chdir(tmp_path)
    recorded.write(compiled / "result", {"program_hash": recorded.program.hash}, **last)
    assert main(["import", str(compiled / "result"), "--out", "run", "--json"]) == 0
    capsys.readouterr()
    result = api.load_run("run").result
    forward = playback(recorded, compiled / "result").weights("forward")
    pair = forward.T.ravel(), recorded.weights[-1].ravel()
    angle = np.degrees(np.arccos(pair[0] @ pair[1] / np.linalg.norm(pair[0]) / np.linalg.norm(pair[1])))
    assert result.metrics["angle_final"] == pytest.approx(angle, abs=1e-6)
    assert result.metrics["records_averaged"] == 1
    assert result.metrics["weight_sum_drift"] is None
    assert "weights probe" in result.undefined["weight_sum_drift"]
    trace = next(values for name, values in result.traces.items() if name.endswith(".angle"))
    np.testing.assert_array_equal(trace.at, [0, 6])


def test_import_names_what_does_not_fit(recorded, compiled, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = recorded.write(tmp_path / "elsewhere", {"program_hash": "0" * 64})
    assert main(["import", str(result), "--program", str(compiled), "--out", "run"]) == 6
    assert "E804" in capsys.readouterr().err
    assert main(["import", str(result), "--out", "run"]) == 2
    assert "E505" in capsys.readouterr().err
    assert main(["import"]) == 2
    assert main(["import", str(result), "--calix", "x.json"]) == 2


def test_only_experiments_in_one_piece_are_imported(recorded, compiled, tmp_path):
    path = compiled / "experiment.json"
    document = json.loads(path.read_text())
    from sal_hw.storage.artifact import read_manifest

    manifest = read_manifest(compiled, "program", schema_versions=(2,))
    for kind, code in (("sample", "E808"), ("align", "E504")):
        path.write_text(json.dumps({"kind": kind} if kind == "align" else {**document, "kind": kind}))
        from sal_hw.storage.files import sha256

        manifest["files"]["experiment.json"] = sha256(path.read_bytes())
        # manifests of older versions have no checksum of themselves
        manifest.pop("manifest_sha256", None)
        (compiled / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises((InputError, IntegrityError)) as caught:
            import_results.import_result(tmp_path, program_folder=compiled, out=tmp_path / "run")
        assert caught.value.code == code


@pytest.fixture
def sampled(sampled_program):
    """A program without a rule whose membranes are recorded, a header and the arrays of a run of 20 us."""
    header = {"updates": 0, "runtime_us": 20.0}
    time_us = 2.0 * np.arange(1, 11)
    codes = np.arange(20).reshape(10, 2)
    return sampled_program, header, {"membrane.cells": codes, "membrane.cells.time_us": time_us}


def test_samples_of_membranes_are_read(recorded, sampled, tmp_path):
    program, header, arrays = sampled
    whole = {**recorded.header, **header, "program_hash": program.hash}
    result = read_result(replace(recorded, header=whole, arrays=arrays).write(tmp_path / "result"), program)
    assert result.updates == 0
    assert result.arrays["membrane.cells"].dtype == np.uint8
    for name, expected in arrays.items():
        np.testing.assert_array_equal(result.arrays[name], expected)
    for wrong in ({"runtime_us": None}, {"runtime_us": 0}, {"runtime_us": 1e9}, {"runtime_us": True}, {"updates": 1}):
        folder = replace(recorded, header={**whole, **wrong}, arrays=arrays).write(tmp_path / "wrong")
        with pytest.raises(IntegrityError, match="a runtime_us of at most"):
            read_result(folder, program)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("one time per sample", {"membrane.cells": None}),
        ("one time per sample", {"membrane.cells.time_us": None}),
        ("one time per sample", {"membrane.cells": np.zeros((10, 3), dtype=np.uint8)}),
        ("one time per sample", {"membrane.cells": np.zeros((9, 2), dtype=np.uint8)}),
        ("from 0 to 255", {"membrane.cells": np.full((10, 2), 256)}),
        ("from 0 to 255", {"membrane.cells": np.full((10, 2), -1)}),
        ("from 0 to 255", {"membrane.cells": np.full((10, 2), 1.0)}),
        ("in order of time", {"membrane.cells.time_us": np.full(10, 3.0)}),
        ("within the run", {"membrane.cells.time_us": np.arange(10) - 1.0}),
        ("is none", {"membrane.others": np.zeros((10, 2), dtype=np.uint8)}),
    ],
)
def test_samples_that_cannot_be_are_refused(recorded, sampled, words, wrong):
    program, header, arrays = sampled
    changed = {name: values for name, values in {**arrays, **wrong}.items() if values is not None}
    with pytest.raises(IntegrityError, match=words) as caught:
        check_result(ResultHeader.of({**recorded.header, **header}), changed, program)
    assert caught.value.code == "E804"


def test_sessions_of_a_recorded_run_take_no_chip(recorded, tmp_path):
    from sal_hw_brainscales2.emulation.model import nominal_chip

    backend = RecordedRun(result=read_result(recorded.write(tmp_path / "result"), recorded.program))
    with pytest.raises(DeviceError, match="its own chip"):
        backend.open(recorded.program, OpenRequest(seed=1, chip=nominal_chip()))


def test_saturated_readings_are_counted_where_they_are_recorded(recorded, tmp_path):
    """The reliable range of the CADC ends at 30, and readings fall with correlation; absent synapses do not count."""
    program = replace(recorded.program, probes=(*recorded.program.probes, CorrelationProbe(projection="feedback")))
    readings, exists = {}, program.synapse_block("feedback").exists
    for polarity in ("excitatory", "inhibitory"):
        for branch in ("causal", "anticausal"):
            readings[f"{branch}__feedback__{polarity}"] = np.full((6, *exists.shape), 30, dtype=np.uint8)
            readings[f"{branch}__feedback__{polarity}__time_us"] = recorded.arrays[
                f"weights.feedback.{polarity}.time_us"
            ]
    low = np.argwhere(exists)[:3]
    for pre, post in low:
        readings["causal__feedback__excitatory"][2, pre, post] = 29
        readings["anticausal__feedback__inhibitory"][5, pre, post] = 0
    folder = recorded.write(tmp_path / "result", {"program_hash": program.hash}, **readings)
    session = ChipSession(program, lambda _: read_result(folder, program))
    session.prepare(6)
    session.learn(6)
    assert session.counters()["readings_saturated"] == 6
    (told,) = (item for item in session.findings() if item.kind == "sensors_saturated")
    # 6 of 4 x 6 x 16 readings are more than 1 %
    assert (told.count, told.severity) == (6, "degraded")
    assert f"6 of {4 * 6 * int(exists.sum())} readings" in told.advice


def test_a_run_without_readings_says_that_saturation_would_not_show(recorded, tmp_path):
    session = playback(recorded, recorded.write(tmp_path / "result"))
    session.prepare(6)
    assert "readings_saturated" not in session.counters()
    (told,) = (item for item in session.findings() if item.kind == "readings_not_recorded")
    assert told.severity == "ok"

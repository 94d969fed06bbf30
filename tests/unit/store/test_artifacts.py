"""What stands on disk is whole, checked and never overwritten by accident; what was interrupted goes on exactly."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError, IntegrityError, SalHwError
from sal_hw.experiment import runner
from sal_hw.experiment.runner import Interrupted
from sal_hw.results.store import CHECKPOINT, read_program, read_run, store_program
from sal_hw.storage.artifact import MANIFEST, MARKER, ArtifactFolder, is_unfinished, read_manifest
from sal_hw.storage.files import json_bytes, npz_bytes, read_npz, write_atomic
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
ARRAYS = ("traces.npz", "weights.npz", "metrics.json")
SHORT = (
    "experiment.updates=20",
    "experiment.validation.every_updates=2",
    "experiment.validation.duration=10 s",
    "experiment.validation.warmup=0.5 s",
)


def _failing(original: Callable[..., Any], at: int, error: BaseException) -> Callable[..., Any]:
    """Return a function that works as `original` but raises at its call number `at`."""
    calls = 0

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise error
        return original(*arguments, **options)

    return call


def _temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob("*.tmp"))


def _sampling(overrides: tuple[str, ...] = SHORT, seed: int = 5) -> api.Recipe:
    return api.load_recipe(RECIPES / "sampling.yaml", overrides=overrides, seed=seed)


def _content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ARRAYS}


# --- single files -----------------------------------------------------------------------------------------------------

#: everything that write_atomic asks of the operating system, and whether it comes before the new name is taken
_WRITE_POINTS = [
    (tempfile, "mkstemp", 1),
    (os, "fdopen", 1),
    (os, "fsync", 1),
    (Path, "chmod", 1),
    (Path, "replace", 1),
]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()], ids=["EIO", "ctrl-c"])
@pytest.mark.parametrize(("owner", "name", "at"), _WRITE_POINTS, ids=[point[1] for point in _WRITE_POINTS])
@pytest.mark.parametrize("old", [b"old content", None], ids=["replaces", "new"])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: bytes | None,
    owner: object,
    name: str,
    at: int,
    error: BaseException,
) -> None:
    path = tmp_path / "file.json"
    if old is not None:
        path.write_bytes(old)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _failing(getattr(owner, name), at, error))
        with pytest.raises((InputError, KeyboardInterrupt)) as caught:
            write_atomic(path, b"new content")
    assert isinstance(caught.value, KeyboardInterrupt) == isinstance(error, KeyboardInterrupt)
    assert (path.read_bytes() if path.exists() else None) == old
    assert _temporaries(tmp_path) == []


def test_a_write_is_flushed_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, order = tmp_path / "file", []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("replace"), replace(self, to))[1])
    write_atomic(path, b"content")
    assert order == ["fsync", "replace", "fsync"], "file, name, folder"
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")], ids=["fsync", "replace"])
def test_a_failed_program_is_unfinished_and_has_only_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, at: int
) -> None:
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml")
    program = api.compile_recipe(recipe)
    store_program(tmp_path / "whole", program, recipe.file.document)
    out = tmp_path / "out"
    points = 5 * (2 if name == "fsync" else 1)  # marker, recipe, program.json, program.npz, manifest
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _failing(getattr(owner, name), at, OSError(errno.EIO, "broken")))
        if at > points:
            store_program(out, program, recipe.file.document)
            assert read_manifest(out, "program", schema_versions=(2,))["program_hash"] == program.hash
            return
        with pytest.raises(InputError) as caught:
            store_program(out, program, recipe.file.document)
    assert caught.value.code == "E502"
    assert _temporaries(out) == []
    for path in out.iterdir():
        if path.name not in (MANIFEST, MARKER):
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
    if at < points:
        with pytest.raises(InputError) as refused:
            read_manifest(out, "program", schema_versions=(2,))
        assert refused.value.code == "E505"


def test_equal_arrays_give_equal_bytes() -> None:
    arrays = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([1, 2])}
    again = dict(reversed(list(arrays.items()))) | {"b": np.asfortranarray(arrays["b"])}
    assert npz_bytes(arrays) == npz_bytes(again)
    found = read_npz(npz_bytes(arrays))
    np.testing.assert_array_equal(found["b"], arrays["b"])


def test_single_numbers_stay_single_numbers() -> None:
    assert read_npz(npz_bytes({"done": np.array(7)}))["done"].shape == ()


def test_objects_and_nan_are_never_written() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_bytes({"a": np.array([object()])})
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"a": float("nan")})


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize("force", [False, True])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, kind: str, force: bool) -> None:
    path, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / MANIFEST).write_text("{}")
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
        (path / "notes.txt").write_text("mine")
    else:
        path.symlink_to(elsewhere)
    with pytest.raises(InputError) as caught:
        ArtifactFolder.create(path, "run", force=force)
    assert caught.value.code == "E501"
    assert caught.value.exit_code == 2
    assert str(path) in (caught.value.value or "")
    assert "--force" not in (caught.value.hint or "")
    assert path.exists()
    assert (elsewhere / MANIFEST).exists()


@pytest.mark.parametrize("finished", [True, False])
def test_force_replaces_a_folder_of_ours(tmp_path: Path, finished: bool) -> None:
    path = tmp_path / "out"
    folder = ArtifactFolder.create(path, "run")
    folder.write("old.bin", b"old")
    if finished:
        folder.finish({}, schema_version=1)
    with pytest.raises(InputError) as caught:
        ArtifactFolder.create(path, "run")
    assert caught.value.code == "E501"
    assert "--force" in (caught.value.hint or "")
    assert (path / "old.bin").read_bytes() == b"old"
    ArtifactFolder.create(path, "run", force=True)
    assert not (path / "old.bin").exists()
    assert is_unfinished(path)


@pytest.mark.parametrize(
    ("owner", "name"), [(Path, "mkdir"), (tempfile, "mkstemp"), (os, "fsync")], ids=["mkdir", "open", "fsync"]
)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "E502"),
        (OSError(errno.EROFS, "Read-only file system"), "E502"),
        (OSError(errno.ENOSPC, "No space left on device"), "E503"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "E503"),
    ],
    ids=["EACCES", "EROFS", "ENOSPC", "EDQUOT"],
)
def test_a_refusal_of_the_operating_system_has_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: OSError, code: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _failing(getattr(owner, name), 1, error))
        with pytest.raises(InputError) as caught:
            api.run(_sampling(), out=tmp_path / "out")
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    assert "--out" in (caught.value.hint or "")
    assert not (tmp_path / "out" / MANIFEST).exists()


# --- manifests --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return api.run(_sampling(), out=tmp_path_factory.mktemp("finished") / "run", figures=False)


@pytest.fixture
def copy(finished: api.Run, tmp_path: Path) -> Path:
    import shutil

    assert finished.folder is not None
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


_LISTED = ("recipe.json", "program.json", "program.npz", "metrics.json", "health.json", "weights.npz", "traces.npz")


def test_a_finished_run_lists_its_files(finished: api.Run) -> None:
    assert finished.folder is not None
    manifest = read_manifest(finished.folder, "run", schema_versions=(1,))
    assert set(_LISTED) <= set(manifest["files"])
    assert not (finished.folder / MARKER).exists()
    assert not (finished.folder / CHECKPOINT).exists()
    for name in ("created_utc", "tool_version", "seed", "spec_hash", "program_hash", "snapshot_hash", "chip_id"):
        assert name in manifest


@pytest.mark.parametrize("name", _LISTED)
def test_one_flipped_bit_is_found(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # values are cut after 80 characters, and temporary folders may have longer names
    monkeypatch.chdir(copy.parent)
    short = Path(copy.name)
    read_run(short)
    data = bytearray((short / name).read_bytes())
    data[len(data) // 2] ^= 1
    (short / name).write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        read_run(short)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)
    assert name in (caught.value.value or "")


@pytest.mark.parametrize("name", _LISTED)
def test_a_missing_file_is_found(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(IntegrityError) as caught:
        read_run(copy)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


@pytest.mark.parametrize("name", ["extra.txt", "spikes/000000.npz"])
def test_an_extra_file_is_found(copy: Path, name: str) -> None:
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(b"")
    with pytest.raises(IntegrityError) as caught:
        read_run(copy)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


@pytest.mark.parametrize(
    "change", [{"kind": "program"}, {"schema_version": 2}, {"schema_version": "1"}, {"files": None}, {"files": [3]}]
)
def test_a_wrong_manifest_is_refused(copy: Path, change: dict[str, object]) -> None:
    manifest = json.loads((copy / MANIFEST).read_bytes())
    (copy / MANIFEST).write_bytes(json_bytes(manifest | change))
    with pytest.raises(IntegrityError) as caught:
        read_run(copy)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"files": {}}'])
def test_a_torn_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / MANIFEST).write_text(text)
    with pytest.raises(IntegrityError) as caught:
        read_run(copy)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


def test_a_folder_without_manifest_is_no_run(copy: Path, tmp_path: Path) -> None:
    (copy / MANIFEST).unlink()
    for path in (copy, tmp_path / "nowhere"):
        with pytest.raises(InputError) as caught:
            read_run(path)
        assert (caught.value.code, caught.value.exit_code) == ("E505", 2)


def test_a_run_reads_back_as_it_was(finished: api.Run) -> None:
    assert finished.folder is not None
    written, found = finished.result, read_run(finished.folder)
    for name in ("program_hash", "backend", "target", "seed", "chip_id", "metrics", "health", "timings_s", "warnings"):
        assert getattr(found, name) == getattr(written, name), name
    for name in ("weights", "weights_initial"):
        one, other = getattr(found, name), getattr(written, name)
        assert set(one) == set(other) == {"recurrent"}
        np.testing.assert_array_equal(one["recurrent"], other["recurrent"], strict=True)
    assert set(found.traces) == set(written.traces)
    for name, trace in written.traces.items():
        assert found.traces[name].axis == trace.axis
        np.testing.assert_array_equal(found.traces[name].at, trace.at, strict=True)
        np.testing.assert_array_equal(found.traces[name].values, trace.values, strict=True)


@pytest.mark.parametrize("name", ["sampling", "two_neuron", "two_neuron_onesided"])
def test_a_program_reads_back_with_the_same_hash(tmp_path: Path, name: str) -> None:
    recipe = api.load_recipe(RECIPES / f"{name}.yaml")
    program = api.compile_recipe(recipe)
    store_program(tmp_path / "program", program, recipe.file.document)
    found = read_program(tmp_path / "program")
    assert found.hash == program.hash
    assert found.rules[0].gain == program.rules[0].gain
    np.testing.assert_array_equal(found.synapses[0].weights, program.synapses[0].weights, strict=True)


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"program": {}, "hash": ""}'])
def test_an_unreadable_program_is_an_integrity_error(copy: Path, text: str | None) -> None:
    assert read_program(copy).target == "ideal"
    if text is None:
        (copy / "program.json").unlink()
    else:
        (copy / "program.json").write_text(text)
    with pytest.raises(IntegrityError) as caught:
        read_program(copy)
    assert caught.value.code == "E504"


def test_a_changed_program_does_not_have_its_hash(copy: Path) -> None:
    document = json.loads((copy / "program.json").read_bytes())
    document["program"]["rules"][0]["gain"] *= 2.0
    (copy / "program.json").write_bytes(json_bytes(document))
    with pytest.raises(IntegrityError) as caught:
        read_program(copy)
    assert caught.value.code == "E504"


# --- interrupted runs -------------------------------------------------------------------------------------------------


def _interrupt(out: Path, asked: int, recipe: api.Recipe) -> None:
    remaining = iter(range(asked))
    with pytest.raises(Interrupted) as caught:
        api.run(recipe, out=out, figures=False, interrupted=lambda: next(remaining, None) is None)
    assert (caught.value.code, caught.value.exit_code) == ("E602", 130)
    assert "--resume" in (caught.value.hint or "")
    assert is_unfinished(out)


@pytest.mark.parametrize("asked", [0, 1, 4, 8])
def test_an_interrupted_run_goes_on_exactly(finished: api.Run, tmp_path: Path, asked: int) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    _interrupt(out, asked, _sampling())
    begun_at: list[int] = []
    api.run(_sampling(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert begun_at[0] == 2 * (asked + 1), "it begins where it stopped"
    assert _content(out) == _content(finished.folder)
    assert read_run(out).metrics == finished.metrics


def test_an_interruption_after_the_last_update_changes_nothing(finished: api.Run, tmp_path: Path) -> None:
    assert finished.folder is not None
    calls = iter([False] * 9)
    api.run(_sampling(), out=tmp_path / "out", figures=False, interrupted=lambda: next(calls, True))
    assert _content(tmp_path / "out") == _content(finished.folder)


def test_an_interrupted_run_without_a_folder_says_that_nothing_is_kept() -> None:
    with pytest.raises(Interrupted) as caught:
        api.run(_sampling(), interrupted=lambda: True)
    assert "nothing was kept" in caught.value.problems[0].allowed
    assert "--out" in (caught.value.hint or "")


def test_recorded_spikes_of_a_resumed_run_are_neither_lost_nor_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (RECIPES / "two_neuron.yaml").read_text()
    source = tmp_path / "spikes.yaml"
    source.write_text(text.replace("probes:", "probes:\n  - {kind: spikes, population: upper}"))
    overrides = ["experiment.duration=30 s", "experiment.average_last_updates=1"]
    recipe = api.load_recipe(source, overrides=overrides)
    monkeypatch.setattr("sal_hw.results.spike_store.SPIKES_PER_PART", 300)
    whole = api.run(recipe, out=tmp_path / "whole", figures=False)
    out = tmp_path / "out"
    _interrupt(out, 20, recipe)
    # what was written after the checkpoint, when the power failed, must not count
    (out / "spikes" / "000090.npz").write_bytes(npz_bytes({"time_ms.upper": np.ones(1), "neuron.upper": np.ones(1)}))
    api.run(recipe, out=out, resume=True, figures=False)
    assert whole.folder is not None
    found, expected = read_run(out).spikes["upper"], read_run(whole.folder).spikes["upper"]
    assert len(expected.time_ms) > 600
    np.testing.assert_array_equal(found.time_ms, expected.time_ms)
    np.testing.assert_array_equal(found.neuron, expected.neuron)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (_sampling(seed=6), "seed"),
        (_sampling(("parameters.learning_rate=0.5", *SHORT)), "program_hash"),
        (_sampling(("experiment.updates=40", *SHORT[1:])), "experiment_hash"),
    ],
    ids=["seed", "program", "experiment"],
)
def test_another_run_is_not_resumed(tmp_path: Path, other: api.Recipe, what: str) -> None:
    out = tmp_path / "out"
    _interrupt(out, 1, _sampling())
    before = (out / CHECKPOINT).read_bytes()
    with pytest.raises(InputError) as caught:
        api.run(other, out=out, resume=True)
    assert (caught.value.code, caught.value.exit_code) == ("E506", 2)
    assert what in caught.value.problems[0].allowed
    assert (out / CHECKPOINT).read_bytes() == before


def test_only_an_unfinished_run_is_resumed(copy: Path, tmp_path: Path) -> None:
    for path in (copy, tmp_path / "nowhere"):
        with pytest.raises(InputError) as caught:
            api.run(_sampling(), out=path, resume=True)
        assert caught.value.code == "E505"


@pytest.mark.parametrize("name", [CHECKPOINT, "identity.json"])
def test_a_torn_file_of_an_interrupted_run_is_an_integrity_error(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    _interrupt(out, 1, _sampling())
    data = (out / name).read_bytes()
    (out / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(SalHwError) as caught:
        api.run(_sampling(), out=out, resume=True)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


def test_a_full_disk_at_the_end_does_not_cost_the_run(
    finished: api.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    monkeypatch.setattr(runner, "CHECKPOINT_EVERY_S", 0.0)
    with monkeypatch.context() as patch:
        full = OSError(errno.ENOSPC, "No space left on device")
        patch.setattr("sal_hw.results.store.write_program", _failing(lambda *_: None, 1, InputError(_full(full))))
        with pytest.raises(InputError):
            api.run(_sampling(), out=out, figures=False)
    begun_at: list[int] = []
    api.run(_sampling(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert begun_at[0] == 20, "nothing is computed again"
    assert _content(out) == _content(finished.folder)


def _full(error: OSError) -> Any:
    from sal_hw.storage.files import writing

    with pytest.raises(InputError) as caught, writing(Path("out")):
        raise error
    assert caught.value.code == "E503"
    return caught.value.problems


#: a run that keeps a checkpoint after each step, and is killed where it flushes a file, or a folder, to the disk
_KILLED = """
import os
import signal
import sys
from sal_hw.cli.main import main
from sal_hw.experiment import runner
runner.CHECKPOINT_EVERY_S = 0.0
fsync, calls = os.fsync, iter(range(int(sys.argv.pop(1))))
def killed(handle):
    if next(calls, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)
os.fsync = killed
main()
"""


@pytest.mark.parametrize("flushes", [8, 13, 18])
def test_a_killed_run_is_unfinished_and_goes_on_exactly(finished: api.Run, tmp_path: Path, flushes: int) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    settings = [word for override in SHORT for word in ("--set", override)]
    words = ["run", str(RECIPES / "sampling.yaml"), "--seed", "5", "--no-figures", "--out", str(out), *settings]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(flushes), *words], stderr=subprocess.DEVNULL, check=False
    )
    assert ended.returncode == -signal.SIGKILL, "it finished before it could be killed"
    assert not (out / MANIFEST).exists()
    assert is_unfinished(out)
    begun_at: list[int] = []
    api.run(_sampling(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert 0 < begun_at[0] < 20, "it was killed between its first and its last checkpoint"
    assert _content(out) == _content(finished.folder)
    read_run(out)

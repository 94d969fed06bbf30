"""Finished runs and programs are read back as they were, and every damage is found."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError, IntegrityError
from sal_hw.results.store import CHECKPOINT, read_program, store_program
from sal_hw.results.stored_run import read_run
from sal_hw.storage.artifact import MANIFEST, MARKER, read_manifest
from sal_hw.storage.files import json_bytes
from sal_hw.storage.locks import LOCK
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
Failing = Callable[[Any, int, BaseException], Callable[..., Any]]


def temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob("*.tmp"))


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")], ids=["fsync", "replace"])
def test_a_failed_program_is_unfinished_and_has_only_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, at: int, failing: Failing
) -> None:
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml")
    program = api.compile_recipe(recipe)
    store_program(tmp_path / "whole", program, recipe.file.document)
    out = tmp_path / "out"
    points = 5 * (2 if name == "fsync" else 1)  # marker, recipe, program.json, program.npz, manifest
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), at, OSError(errno.EIO, "broken")))
        if at > points:
            store_program(out, program, recipe.file.document)
            assert read_manifest(out, "program", schema_versions=(2,))["program_hash"] == program.hash
            return
        with pytest.raises(InputError) as caught:
            store_program(out, program, recipe.file.document)
    assert caught.value.code == "E502"
    assert temporaries(out) == []
    for path in out.iterdir():
        if path.name not in (MANIFEST, MARKER, LOCK):
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
    if at < points:
        with pytest.raises(InputError) as refused:
            read_manifest(out, "program", schema_versions=(2,))
        assert refused.value.code == "E505"


@pytest.mark.parametrize(
    ("owner", "name"), [(Path, "mkdir"), (Path, "replace"), (os, "fsync")], ids=["mkdir", "replace", "fsync"]
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
    short: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    error: OSError,
    code: str,
    failing: Failing,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), 1, error))
        with pytest.raises(InputError) as caught:
            api.run(short.recipe(), out=tmp_path / "out")
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    assert "--out" in (caught.value.hint or "")
    assert not (tmp_path / "out" / MANIFEST).exists()


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

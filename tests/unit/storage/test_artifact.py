"""A folder of ours is replaced only if it is ours and that is wanted, and read only if it is as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sal_hw.errors import InputError, IntegrityError
from sal_hw.storage.artifact import MANIFEST, MARKER, SEAL, is_unfinished, read_arrays, read_manifest
from sal_hw.storage.files import json_bytes, sha256
from sal_hw.storage.folder import ArtifactFolder


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
    folder.close()
    with pytest.raises(InputError) as caught:
        ArtifactFolder.create(path, "run")
    assert caught.value.code == "E501"
    assert "--force" in (caught.value.hint or "")
    assert (path / "old.bin").read_bytes() == b"old"
    ArtifactFolder.create(path, "run", force=True)
    assert not (path / "old.bin").exists()
    assert is_unfinished(path)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    folder = ArtifactFolder.create(tmp_path / "finished", "run")
    folder.write("deep/er/data.bin", b"data")
    folder.write_json("note.json", {"a": 1})
    folder.finish({"seed": 3}, schema_version=2)
    return folder.path


def test_the_manifest_comes_last_and_holds_every_file(finished: Path) -> None:
    manifest = read_manifest(finished, "run", schema_versions=(1, 2))
    assert (manifest["kind"], manifest["schema_version"], manifest["seed"]) == ("run", 2, 3)
    assert manifest["files"] == {
        "deep/er/data.bin": sha256(b"data"),
        "note.json": sha256((finished / "note.json").read_bytes()),
    }
    assert not (finished / MARKER).exists()
    assert not is_unfinished(finished)


def test_a_folder_without_manifest_is_unfinished_and_says_how_to_go_on(tmp_path: Path) -> None:
    ArtifactFolder.create(tmp_path / "run", "run")
    assert is_unfinished(tmp_path / "run")
    with pytest.raises(InputError) as caught:
        read_manifest(tmp_path / "run", "run", schema_versions=(1,))
    assert caught.value.code == "E505"
    assert "--resume" in (caught.value.hint or "")
    with pytest.raises(InputError) as caught:
        read_manifest(tmp_path / "none", "snapshot", schema_versions=(1,))
    assert "sal-hw snapshot draw" in (caught.value.hint or "")


@pytest.mark.parametrize(("kind", "versions"), [("program", (2,)), ("run", (1, 3))])
def test_another_kind_and_another_version_are_refused(finished: Path, kind: str, versions: tuple[int, ...]) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_manifest(finished, kind, schema_versions=versions)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


def test_a_header_that_was_changed_is_found_by_the_seal(finished: Path) -> None:
    manifest = json.loads((finished / MANIFEST).read_bytes())
    (finished / MANIFEST).write_bytes(json_bytes(manifest | {"seed": 4}))
    with pytest.raises(IntegrityError, match="sha256 differs"):
        read_manifest(finished, "run", schema_versions=(2,))


def test_folders_from_before_the_seal_are_read_where_that_is_allowed(finished: Path) -> None:
    manifest = json.loads((finished / MANIFEST).read_bytes())
    (finished / MANIFEST).write_bytes(json_bytes({key: value for key, value in manifest.items() if key != SEAL}))
    assert read_manifest(finished, "run", schema_versions=(2,))["seed"] == 3
    with pytest.raises(IntegrityError):
        read_manifest(finished, "run", schema_versions=(2,), sealed_from=2)


def test_unlisted_files_are_refused_unless_results_may_lie_there(finished: Path) -> None:
    (finished / "result.npz").write_bytes(b"")
    with pytest.raises(IntegrityError, match="manifest lists"):
        read_manifest(finished, "run", schema_versions=(2,))
    assert read_manifest(finished, "run", schema_versions=(2,), strict=False)["seed"] == 3


@pytest.mark.parametrize("data", [None, b"", b"PK", b"\x00" * 100])
def test_arrays_that_cannot_be_read_are_an_integrity_error(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "arrays.npz").write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        read_arrays(tmp_path / "arrays.npz")
    assert caught.value.code == "E504"

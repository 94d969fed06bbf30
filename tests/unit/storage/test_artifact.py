"""A folder of ours is made new, replaced only if it is ours and only if that is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.storage.artifact import MANIFEST, ArtifactFolder, is_unfinished


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

"""Single files: --force replaces what is provably ours, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sal_hw.errors import InputError, Problem
from sal_hw.storage.folder import ArtifactFolder
from sal_hw.storage.single_files import NewFile, has_digest, head_of, is_json_of, refuse_existing


def ours(path: Path) -> NewFile:
    return NewFile(path=path, kind="a note", is_ours=lambda path: head_of(path).startswith(b"ours"))


def refused(*paths: Path, force: bool, named: bool = True) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        refuse_existing(*map(ours, paths), force=force, named=named)
    assert {problem.code for problem in caught.value.problems} == {"E501"}
    return list(caught.value.problems)


def test_nothing_is_replaced_by_accident(tmp_path: Path) -> None:
    path, new = tmp_path / "note", tmp_path / "new"
    refuse_existing(ours(new), force=False)
    path.write_bytes(b"ours, all of it")
    (problem,) = refused(path, new, force=False)
    assert "--force" in str(problem.hint)
    # who named no file is not told to replace one
    (problem,) = refused(path, force=False, named=False)
    assert "--force" not in str(problem.hint)
    refuse_existing(ours(path), force=True)


def test_force_spares_what_is_not_provably_ours(tmp_path: Path) -> None:
    mine, link, folder, pipe = (tmp_path / name for name in ("mine", "link", "folder", "pipe"))
    mine.write_bytes(b"mine")
    (tmp_path / "note").write_bytes(b"ours")
    link.symlink_to(tmp_path / "note")
    folder.mkdir()
    os.mkfifo(pipe)
    for problem in refused(mine, link, folder, pipe, force=True):
        assert "not provably one" in problem.allowed
        assert "--force" not in str(problem.hint)
    # without it, nobody is sent to it either
    (problem,) = refused(mine, force=False)
    assert "--force" not in str(problem.hint)


def test_no_file_goes_into_a_folder_with_a_manifest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ArtifactFolder.create(run, "run") as folder:
        folder.finish({}, schema_version=1)
    for path in (run / "plot.png", run / "figures" / "a.png", run / "deep" / "new" / "a.csv"):
        (problem,) = refused(path, force=True)
        assert "outside of" in problem.allowed


def test_marks_of_files_that_cannot_be_read_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert (head_of(path), is_json_of(path, "note"), has_digest(path, None)) == (b"", False, False)
    path.write_text('{"kind": "note"}')
    assert is_json_of(path, "note")
    assert not is_json_of(path, "report")
    path.write_text("[" * 100_000)
    assert not is_json_of(path, "note")

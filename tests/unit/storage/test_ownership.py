"""What may be replaced: nothing that is not provably ours, of the same kind, and alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.storage.files import json_bytes
from sal_hw.storage.folder import ArtifactFolder
from sal_hw.storage.locks import LOCK
from sal_hw.storage.ownership import MANIFEST, MARKER, SEAL, check_new, files_below, why_foreign


@pytest.fixture(params=[True, False], ids=["finished", "unfinished"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = ArtifactFolder.create(tmp_path / "run", "run", names=["figures/*.png"])
    folder.write("deep/er/data.bin", b"data")
    (tmp_path / "run" / "figures").mkdir()
    (tmp_path / "run" / "figures" / "a.png").write_bytes(b"picture")
    if request.param:
        folder.finish({"seed": 3}, schema_version=2)
    folder.close()
    return folder.path


def content(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in files_below(path) if (path / name).is_file()}


def refuse(path: Path, kind: str, *words: str) -> None:
    """Check that a folder is refused with words, before and when it is made, and that nothing is lost."""
    before = content(path)
    for make in (lambda: check_new(path, kind, force=True), lambda: ArtifactFolder.create(path, kind, force=True)):
        with pytest.raises(InputError) as caught:
            make()
        assert caught.value.code == "E501"
        assert all(word in caught.value.problems[0].allowed for word in words), caught.value.problems[0].allowed
        assert "--force" not in (caught.value.hint or "")
    assert content(path) == before


def test_what_is_ours_is_replaced_whole(run: Path) -> None:
    assert why_foreign(run, "run") is None
    folder = ArtifactFolder.create(run, "run", force=True)
    assert sorted(path.name for path in run.iterdir()) == [LOCK, MARKER]
    folder.close()


@pytest.mark.parametrize("name", ["thesis.tex", "deep/notes.txt", "figures/b.svg", "notes.tmp", ".hidden"])
def test_a_foreign_file_is_never_deleted(run: Path, name: str) -> None:
    (run / name).write_text("years of work")
    refuse(run, "run", name)


def test_a_foreign_picture_goes_by_the_manifest(run: Path) -> None:
    (run / "figures" / "b.png").write_bytes(b"mine")
    if (run / MANIFEST).exists():
        refuse(run, "run", "figures/b.png")


def test_a_link_and_what_it_leads_to_stay(run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    (run / "link").symlink_to(tmp_path / "thesis")
    refuse(run, "run", "link")
    assert (tmp_path / "thesis" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("kind", ["snapshot", "program", "mapping"])
def test_another_kind_is_never_replaced(run: Path, kind: str) -> None:
    refuse(run, kind, "it is a run", kind)


def test_a_file_that_was_changed_since_is_not_ours_any_more(run: Path) -> None:
    if (run / MANIFEST).exists():
        (run / "deep" / "er" / "data.bin").write_bytes(b"my own data")
        refuse(run, "run", "deep/er/data.bin")


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"name": "web app", "icons": []},
        {"kind": "run"},
        {"kind": "run", "files": {"thesis.tex": None}},
        ["run"],
        "not even JSON",
    ],
    ids=["empty", "web", "kind", "files", "list", "text"],
)
def test_a_manifest_of_something_else_proves_nothing(tmp_path: Path, manifest: object) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / MANIFEST).write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    (tmp_path / "web" / "thesis.tex").write_text("years of work")
    refuse(tmp_path / "web", "run", "not written by this program")


def test_a_manifest_that_was_changed_proves_nothing(tmp_path: Path) -> None:
    folder = ArtifactFolder.create(tmp_path / "run", "run")
    folder.finish({}, schema_version=1)
    manifest = json.loads((folder.path / MANIFEST).read_bytes())
    assert SEAL in manifest
    (folder.path / MANIFEST).write_bytes(json_bytes(manifest | {"files": {"thesis.tex": "0"}}))
    refuse(folder.path, "run", "manifest was changed")


def test_what_comes_into_an_unfinished_folder_does_not_become_ours(tmp_path: Path) -> None:
    folder = ArtifactFolder.create(tmp_path / "run", "run")
    (folder.path / "thesis.tex").write_text("years of work")
    folder.write("data.bin", b"data")
    folder.finish({}, schema_version=1)
    assert list(json.loads((folder.path / MANIFEST).read_bytes())["files"]) == ["data.bin"]
    refuse(folder.path, "run", "thesis.tex")


def test_clearing_that_was_killed_can_be_repeated(run: Path) -> None:
    (run / "deep" / "er" / "data.bin").unlink()
    assert why_foreign(run, "run") is None


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ArtifactFolder.create(tmp_path / "empty", "run").close()
    assert (tmp_path / "empty" / MARKER).exists()


def test_a_folder_in_which_not_even_the_first_file_was_written_is_free(tmp_path: Path) -> None:
    ArtifactFolder.create(tmp_path / "begun", "run").close()
    ArtifactFolder.create(tmp_path / "begun", "run").close()
    refuse(tmp_path / "begun", "snapshot", "it is a run")


def test_numbers_are_added_to_a_name_that_is_taken(tmp_path: Path) -> None:
    made = [ArtifactFolder.make(tmp_path / "run", "run", numbered=True) for _ in range(3)]
    assert [folder.path.name for folder in made] == ["run", "run-2", "run-3"]


def test_what_cannot_become_a_folder_is_known_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    check_new(tmp_path / "new" / "deep", "run", force=False)
    check_new(run, "run", force=True)
    (tmp_path / "file").write_text("mine")
    for path, code in ((run, "E501"), (tmp_path / "file", "E501"), (tmp_path / "file" / "deep", "E502")):
        with pytest.raises(InputError) as caught:
            check_new(path, "run", force=False)
        assert caught.value.code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "run"]

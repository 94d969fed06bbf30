"""What stands where a recipe was expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.recipe import read_recipe_file


def refused(path: Path | str) -> Problem:
    with pytest.raises(InputError) as caught:
        read_recipe_file(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def write(folder: Path, content: bytes) -> Path:
    path = folder / "recipe.yaml"
    path.write_bytes(content)
    return path


def test_missing_file_names_the_similar_one(recipe_path: Path) -> None:
    found = refused(recipe_path.with_name("bsae.yaml"))
    assert found.code == "E101"
    assert found.file == str(recipe_path.with_name("bsae.yaml"))
    assert found.hint == f'did you mean "{recipe_path}"?'


def test_forgotten_suffix(recipe_path: Path) -> None:
    assert refused(recipe_path.with_name("base")).hint == f'did you mean "{recipe_path}"?'


def test_missing_folder(tmp_path: Path) -> None:
    assert "there is no folder" in (refused(tmp_path / "no" / "base.yaml").hint or "")


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000])
def test_impossible_name(name: str) -> None:
    found = refused(name)
    assert found.code == "E101"
    assert (found.file or "").isprintable()


def test_directory(recipe_path: Path) -> None:
    found = refused(recipe_path.parent)
    assert found.code == "E102"
    assert "base.yaml" in (found.hint or "")


def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert refused(tmp_path / "pipe.yaml").code == "E102"


def test_device() -> None:
    assert refused("/dev/null").code == "E102"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(recipe_path: Path) -> None:
    recipe_path.chmod(0)
    assert "Permission denied" in refused(recipe_path).allowed


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"# only a comment\n", b"\xef\xbb\xbf"])
def test_empty(tmp_path: Path, content: bytes) -> None:
    assert refused(write(tmp_path, content)).code == "E103"


def test_byte_order_mark_is_fine(recipe_path: Path) -> None:
    recipe_path.write_bytes(b"\xef\xbb\xbf" + recipe_path.read_bytes())
    assert read_recipe_file(recipe_path).name == "base"


def test_windows_line_ends_are_fine(recipe_path: Path) -> None:
    recipe_path.write_bytes(recipe_path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_recipe_file(recipe_path).name == "base"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"recipe: 1\nname: caf\xe9\n", (2, 10)),
        (b"recipe: 1\nname: a\x00b\n", (2, 8)),
        (b"recipe: 1\r\nname: \x1b[31m\r\n", (2, 7)),
        ("recipe: 1\nname: a\u2028b\n".encode(), (2, 8)),
        (b"\x7fELF\x02\x01\x01", (1, 1)),
        ("recipe: 1".encode("utf-16"), (None, None)),
    ],
)
def test_not_text(tmp_path: Path, content: bytes, place: tuple[int | None, int | None]) -> None:
    found = refused(write(tmp_path, content))
    assert found.code == "E104"
    assert (found.line, found.column) == place
    assert found.hint


def test_too_large(tmp_path: Path) -> None:
    assert refused(write(tmp_path, b"# x\n" * 300_000)).code == "E105"


@pytest.mark.parametrize("content", [b"5\n", b"- a\n", b"text\n", b"---\n", b"null\n"])
def test_not_a_mapping(tmp_path: Path, content: bytes) -> None:
    assert refused(write(tmp_path, content)).code == "E112"

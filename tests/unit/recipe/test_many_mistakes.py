"""Many mistakes cost little: reading ends after a thousand, and work grows no faster than the file."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.errors import MAX_PROBLEMS, InputError
from sal_hw.workflow.api import load_recipe

BASE = (Path(__file__).parents[3] / "recipes" / "two_populations.yaml").read_text(encoding="utf-8")


#: so much text that the fast parser reads it
COMMENTS = "# a comment of forty characters, or more\n" * 1000


def below(key: str, lines: str) -> str:
    """Return the recipe with lines put in front of what stands below a key."""
    return BASE.replace(f"\n{key}:\n", f"\n{key}:\n{lines}", 1)


def repeated(line: str, count: int) -> str:
    return "".join(line.replace("#", str(index)) + "\n" for index in range(count))


#: recipes with so many mistakes of one kind
KINDS: dict[str, Callable[[int], str]] = {
    "unknown keys": lambda count: BASE + repeated("key#: 1", count),
    "unknown keys of an entry": lambda count: BASE.replace("    size: $size\n", repeated("    k#: 1", count), 1),
    "empty entries": lambda count: BASE + "probes:\n" + repeated("  - {}", count),
    "unknown names": lambda count: BASE + "probes:\n" + repeated("  - {kind: spikes, population: n#}", count),
    "unused parameters": lambda count: below("parameters", repeated("  p#: 1", count)),
    "unknown parameters among many": lambda count: (
        below("parameters", repeated("  p#: 1", count)) + "x:\n" + repeated("  - $q#", count)
    ),
    "broken populations": lambda count: below("populations", repeated("  p#: {}", count)),
    "keys given twice": lambda count: BASE + repeated("key: 1", count),
    "tags": lambda count: BASE + "x:\n" + repeated("  - !x a", count),
}


def problems_and_calls(text: str, folder: Path) -> tuple[list[str], int]:
    """Return the codes of all findings and how many functions were called to find them."""
    path = folder / "r.yaml"
    path.write_text(text, encoding="utf-8")
    profile = cProfile.Profile()
    with pytest.raises(InputError) as caught:
        profile.runcall(load_recipe, path)
    assert len(str(caught.value).splitlines()) < 100
    calls: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return [problem.code for problem in caught.value.problems], calls


@pytest.mark.parametrize("kind", KINDS)
def test_work_grows_no_faster_than_the_file(kind: str, tmp_path: Path) -> None:
    problems_and_calls(KINDS[kind](10), tmp_path)  # what is only done once
    found, few = problems_and_calls(KINDS[kind](2000), tmp_path)
    assert len(found) == MAX_PROBLEMS + 1
    assert "E105" in found, "that reading ended is said"
    _, many = problems_and_calls(KINDS[kind](4000), tmp_path)
    assert many < 2.2 * few


def test_a_long_file_is_read_as_a_short_one_is(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(BASE + COMMENTS, encoding="utf-8")
    long = load_recipe(path)
    path.write_text(BASE, encoding="utf-8")
    assert long.file.document == load_recipe(path).file.document
    assert long.file.positions.values == load_recipe(path).file.positions.values


def test_a_syntax_error_is_worded_the_same_in_a_long_file(tmp_path: Path) -> None:
    found = []
    for comments in ("", COMMENTS):
        path = tmp_path / "r.yaml"
        path.write_text(BASE + "x: [1\n" + comments)
        with pytest.raises(InputError) as caught:
            load_recipe(path)
        found.append((caught.value.problems[0].allowed, caught.value.hint))
    assert found[0] == found[1]


def test_fewer_mistakes_are_all_told(tmp_path: Path) -> None:
    found, _ = problems_and_calls(BASE + repeated("key#: 1", 30), tmp_path)
    assert found == ["E201"] * 30

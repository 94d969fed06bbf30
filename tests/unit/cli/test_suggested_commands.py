"""What a command suggests as the next one can be copied into a shell as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from nir_graphs import RECIPE
from terminal import Terminal

RECIPES = Path(__file__).parents[3] / "recipes"
SHORT = ("--set", "experiment.duration=6 s", "--set", "experiment.average_last_updates=1")
AWKWARD = ("my recipe", "-an option ü", "$(touch oops);'")


def follow(terminal: Terminal) -> list[str]:
    """Return the words that a shell makes of the suggestion in the last line, without the program's name."""
    before, mark, line = terminal.last_line.partition("next: ")
    assert (before, mark) == ("", "next: ")
    program, *words = shlex.split(line)
    assert program == "sal-hw"
    return words


@pytest.mark.parametrize("name", AWKWARD)
def test_names_with_blanks_dashes_and_signs(terminal: Terminal, name: str) -> None:
    file = Path(f"{name}.yaml")
    file.write_bytes((RECIPES / "two_neuron.yaml").read_bytes())
    assert terminal("check", f"./{file}") == 0
    assert terminal(*follow(terminal), *SHORT, "--no-figures", "--out", f"./{name}") == 0
    assert terminal(*follow(terminal)) == 0
    assert "alignment" in terminal.out
    assert Path(follow(terminal)[-1]) == Path(name)
    assert terminal("run", f"./{file}", "--dry-run") == 0
    assert Path(follow(terminal)[1]) == file
    assert {path.name for path in Path().iterdir()} == {str(file), name}


def test_brackets_are_quoted(terminal: Terminal) -> None:
    assert terminal("nir", "export", str(RECIPE), "-o", "a b.nir", "--set", "parameters.size=3") == 0
    assert terminal(*follow(terminal)) == 0
    assert terminal.last_line == "next: sal-hw run imported.yaml --set 'plasticity[0].enabled=true'"


def test_an_unfinished_folder_is_continued_by_its_name(terminal: Terminal) -> None:
    out = Path("-my run")
    out.mkdir()
    (out / "unfinished.json").write_text("{}")
    assert terminal("plot", "--list", f"./{out}") == 2
    assert "--out './-my run'" in terminal.err

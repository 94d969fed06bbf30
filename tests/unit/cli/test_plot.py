"""``sal-hw plot``: which kinds a run can show, and that nothing is overwritten by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.workflow import api

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("finished") / "run"
    overrides = ("experiment.duration=6 s", "experiment.average_last_updates=1")
    api.run(api.load_recipe(RECIPE, overrides=overrides), out=out, figures=False)
    return str(out)


def test_a_figure_has_its_numbers_beside_it(terminal: Terminal, finished: str) -> None:
    found = terminal.document_of("plot", "alignment", finished, "-o", "deep/angle.png")
    assert [Path(name).name for name in found["files"]] == ["angle.png", "angle.csv"]
    assert Path("deep/angle.png").read_bytes().startswith(b"\x89PNG")
    header, *rows = Path("deep/angle.csv").read_text().splitlines()
    assert header.startswith("run,")
    assert len({row.split(",")[0] for row in rows}) == 1


def test_nothing_is_overwritten_by_accident(terminal: Terminal, finished: str) -> None:
    Path("alignment.png").write_text("mine")
    assert terminal("plot", "alignment", finished) == 2
    assert "E501" in terminal.err
    assert "--force" not in terminal.err
    # nor is it destroyed on demand: a picture of ours says so
    assert terminal("plot", "alignment", finished, "--force") == 2
    assert Path("alignment.png").read_text() == "mine"


def test_a_picture_of_ours_is_replaced_with_its_numbers(terminal: Terminal, finished: str) -> None:
    words = ("plot", "alignment", finished, "-o", "angle.png")
    assert terminal(*words) == 0
    drawn = Path("angle.png").read_bytes()
    assert terminal(*words) == 2
    assert "--force" in terminal.err
    assert terminal(*words, "--force") == 0
    assert Path("angle.png").read_bytes() == drawn
    # numbers that were changed, or another program's picture, are somebody's work
    Path("angle.csv").write_text("mine")
    assert terminal(*words, "--force") == 2
    assert "numbers of angle.png" in terminal.err
    assert Path("angle.csv").read_text() == "mine"
    Path("angle.png").write_bytes(drawn.replace(b"sal-hw", b"editor"))
    assert terminal(*words, "--force") == 2
    assert b"editor" in Path("angle.png").read_bytes()


def test_kinds_are_listed_that_the_run_can_show(terminal: Terminal, finished: str) -> None:
    kinds = terminal.document_of("plot", "--list", finished)["kinds"]
    assert "alignment" in kinds
    assert "raster" not in kinds


def test_a_kind_that_the_run_cannot_show_says_what_it_needs(terminal: Terminal, finished: str) -> None:
    assert terminal("plot", "raster", finished) == 2
    assert "E508" in terminal.err
    assert terminal("plot", "rster", finished) == 2
    assert 'did you mean "raster"?' in terminal.err
    assert list(Path().iterdir()) == []

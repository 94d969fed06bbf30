"""Pictures of chip programs show what the program stores, number by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_brainscales2.report.data import in_degrees, tabulate_in_degree, tabulate_synapses, tabulate_weights
from sal_hw_brainscales2.report.figures import paint_in_degree, paint_synapses, paint_weights, write_program_figures

RECIPES = Path(__file__).parents[4] / "recipes"
SMALL = ("parameters.size=8",)
GRID = {"hemispheres": 2, "rows": 256, "columns": 256, "buses": 4}


def compiled(name, *overrides, snapshot=None):
    recipe = api.load_recipe(RECIPES / f"{name}.yaml", overrides=overrides)
    return api.compile_recipe(recipe, target="brainscales2", snapshot=snapshot)


@pytest.fixture(scope="module")
def program():
    return compiled("chip_alignment", *SMALL)


@pytest.fixture(scope="module")
def chip():
    return draw_chip(7)


def test_every_synapse_is_listed_once_at_a_place_of_its_own(program):
    table = tabulate_synapses(program)
    assert len(table) == sum(int(tile.exists.sum()) for tile in program.part_of(ChipProgram).tiles)
    places = set(zip(*(table[name].tolist() for name in ("hemisphere", "row", "column")), strict=True))
    assert len(places) == len(table)
    for name, top in (("row", 255), ("column", 255), ("label", 63), ("code", 63)):
        assert 0 <= table[name].min() <= table[name].max() <= top


def test_the_map_colours_exactly_the_used_synapses(program):
    table = tabulate_synapses(program)
    figure = paint_synapses(table, **GRID)
    for hemisphere, axes in enumerate(figure.axes):
        (image,) = axes.get_images()
        used = (np.asarray(image.get_array()) < 1.0).any(axis=2)
        here = table["hemisphere"] == hemisphere
        assert used.sum() == here.sum()
        assert used[table["row"][here], table["column"][here]].all()
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [*dict.fromkeys(table["owner"].tolist()), "paler: inhibitory"]


def test_inhibitory_synapses_are_paler_than_excitatory_ones_of_the_same_owner(program):
    table = tabulate_synapses(program)
    picture = np.asarray(paint_synapses(table, **GRID).axes[0].get_images()[0].get_array())
    light = picture[table["row"], table["column"]].sum(axis=1)
    feedback = table["owner"] == "feedback"
    shades = [set(np.round(light[feedback & (table["polarity"] == sign)], 6)) for sign in ("excitatory", "inhibitory")]
    assert [len(shade) for shade in shades] == [1, 1]
    assert shades[0].pop() < shades[1].pop()


@pytest.mark.parametrize("known", [False, True], ids=["nothing known", "all known"])
@pytest.mark.parametrize(("name", "overrides"), [("chip_alignment", SMALL), ("chip_sampling", ())])
def test_errors_are_those_of_the_compiler(name, overrides, known, chip):
    snapshot = chip if known else None
    program = compiled(name, *overrides, snapshot=snapshot)
    table = tabulate_weights(program, snapshot)
    for (owner,), piece in table.groups("owner"):
        scaling = program.scaling_of(owner)
        assert len(piece) == scaling.total
        assert (piece["code"] == 0).sum() == scaling.zeroed
        error = np.abs(piece["stored"] - piece["wanted"])
        assert error.max() == pytest.approx(scaling.worst_error, rel=1e-9, abs=1e-12)
        assert (np.abs(piece["error_lsb"]) > 0.5 + 1e-6).sum() <= scaling.clipped


def test_weights_are_named_by_neuron_and_unit(program):
    table = tabulate_weights(program)
    forward = table.where(table["owner"] == "forward")
    wanted = program.synapse_block("forward").weights
    np.testing.assert_allclose(forward["wanted"], wanted[forward["pre"], forward["post"]])
    assert set(table["unit"].tolist()) == {"mV"}
    assert set(tabulate_weights(compiled("chip_sampling"))["unit"].tolist()) == {"log-odds"}


def test_the_figure_of_weights_shows_every_synapse(program):
    table = tabulate_weights(program)
    left, right = paint_weights(table).axes
    for axes, column in ((left, "stored"), (right, "error_lsb")):
        points = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
        np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in points]), table[column])
    assert left.get_xlabel() == "wanted weight (mV)"


def test_in_degree_counts_rows_of_both_signs(program):
    rows = in_degrees(program)
    # visible neurons: 8 sources that learn have two rows each, and one of each noise
    assert rows[:8].tolist() == [18] * 8
    # hidden neurons: 8 sources with a fixed sign, or fewer where a weight is exactly zero
    assert rows[8:].tolist() == [10] * 8
    table = tabulate_in_degree(program)
    assert table["rows"].sum() == sum(int(tile.exists.sum()) for tile in program.part_of(ChipProgram).tiles)
    (axes,) = paint_in_degree(table, limit=256).axes
    assert "18 at most, of 256" in axes.get_title(loc="left")


def test_pictures_have_their_numbers_beside_them_and_equal_programs_equal_bytes(program, tmp_path):
    for name in ("one", "other"):
        written = write_program_figures(program, tmp_path / name, buses=4)
        assert [path.name for path in written] == ["synapses.png", "stored-weights.png", "in-degree.png"]
        assert all(path.with_suffix(".csv").is_file() for path in written)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_a_program_without_a_chip_has_no_such_pictures(tmp_path):
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml")
    with pytest.raises(TypeError, match="has no ChipProgram"):
        write_program_figures(api.compile_recipe(recipe), tmp_path, buses=4)

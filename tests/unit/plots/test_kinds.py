"""Kinds of figures by name: which ones a run can show, and what is refused."""

import pytest

from sal_hw.errors import InputError
from sal_hw.plots import all_kinds, available, collect, draw, unusable_kinds, write_figures


def test_available_names_what_a_run_can_show(make_pair, make_layers, make_sampler, make_spiking, make_membranes):
    assert available(make_pair()) == ("alignment", "phase-plane")
    assert available(make_layers()) == ("alignment", "weights")
    assert available(make_sampler()) == ("weights", "asymmetry", "dkl", "distribution")
    assert available(make_spiking()) == ("raster",)
    assert available(make_membranes()) == ("membrane",)


def test_unknown_kind_is_refused_with_the_list():
    with pytest.raises(InputError) as caught:
        draw("aligment", {})
    assert caught.value.code == "E507"
    assert caught.value.hint == 'did you mean "alignment"?'
    assert all(kind in caught.value.problems[0].allowed for kind in all_kinds())


def test_runs_that_recorded_different_things_are_not_overlaid(make_pair, make_layers):
    with pytest.raises(InputError) as caught:
        draw("alignment", {"pair": make_pair(), "layers": make_layers()})
    assert (caught.value.code, caught.value.value) == ("E508", '"layers"')


def test_a_figure_needs_a_run():
    with pytest.raises(ValueError, match="at least one run"):
        draw("dkl", {})


def test_labels_are_shown_letter_by_letter(make_sampler):
    labels = ["$broken", "_hidden", "two\nlines", "x" * 200]
    figure = draw("dkl", {label: make_sampler() for label in labels})
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == len(labels) + 1
    assert max(map(len, texts)) <= 45


FOREIGN = """
from sal_hw.plots import FigureTable, Kind, style

def tabulate(result):
    return FigureTable.of(seed=[result.seed])

def paint(table):
    figure = style.new_figure()
    figure.subplots().plot(table["seed"])
    return figure

KIND = Kind(
    name="seeds", title="Seeds", description="Seeds.", needs="a seed", source="run", tabulate=tabulate, paint=paint
)
"""


def test_a_package_of_somebody_else_brings_a_kind(install, make_pair):
    install("foreign", FOREIGN, plots={"seeds": "foreign:KIND"})
    assert list(all_kinds())[-1] == "seeds"
    assert available(make_pair()) == ("alignment", "phase-plane", "seeds")
    assert collect("seeds", {"a": make_pair(seed=3)})["seed"].tolist() == [3]
    assert draw("seeds", {"a": make_pair()}).axes[0].has_data()


@pytest.mark.parametrize(
    ("source", "name", "code"),
    [
        ("import not_there_at_all", "seeds", "E318"),
        ("KIND = 3", "seeds", "E318"),
        (FOREIGN, "other-name", "E318"),
        (FOREIGN.replace('"seeds"', '"raster"'), "raster", "E317"),
    ],
)
def test_a_kind_that_cannot_be_used_is_told_of_and_harms_no_other(install, make_pair, tmp_path, source, name, code):
    install("foreign", source, plots={name: "foreign:KIND"})
    (problem,) = unusable_kinds()
    assert (problem.code, problem.field, problem.value) == (code, "kind of figure", f'"{name}"')
    assert "of the package foreign" in problem.allowed
    assert name not in all_kinds()
    with pytest.raises(InputError) as caught:
        draw(name, {"a": make_pair()})
    assert caught.value.problems == (problem,)
    with pytest.warns(RuntimeWarning, match=f'{code}  kind of figure = "{name}"'):
        written = write_figures(make_pair(), tmp_path / "figures")
    assert [path.stem for path in written] == ["alignment", "phase-plane"]

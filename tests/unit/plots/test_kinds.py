"""Every kind of figure: what it needs, what it draws, and that its table holds the drawn numbers."""

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.plots import all_kinds, available, collect, draw, render, unusable_kinds, write_figures
from sal_hw.results.result import Trace


def lines(axes, length):
    """Return the drawn lines of a length, without reference lines."""
    return [line for line in axes.get_lines() if len(line.get_xdata()) == length]


def test_available_names_what_a_run_can_show(make_pair, make_layers, make_sampler, make_spiking, make_membranes):
    assert available(make_pair()) == ("alignment", "phase-plane")
    assert available(make_layers()) == ("alignment", "weights")
    assert available(make_sampler()) == ("weights", "asymmetry", "dkl", "distribution")
    assert available(make_spiking()) == ("raster",)
    assert available(make_membranes()) == ("membrane",)


def test_alignment_of_a_pair_shows_weights_mean_and_decay(make_pair):
    runs = {"seed 1": make_pair()}
    table = collect("alignment", runs)
    upper, lower = render("alignment", table).axes
    drawn = [line.get_ydata() for line in lines(upper, 61)]
    for column, values in zip(("weight_forward", "weight_backward", "mean"), drawn, strict=True):
        np.testing.assert_array_equal(values, table[column])
    np.testing.assert_array_equal(lines(lower, 61)[0].get_ydata(), table["difference"])
    fallen = table["update"][table["difference"] <= table["difference"][0] / np.e][0]
    assert lines(lower, 1)[0].get_xdata()[0] == fallen
    starts = sorted(line.get_ydata()[0] for line in lines(upper, 2))
    assert starts == sorted([table["weight_forward"][0], table["weight_backward"][0]])


def test_overlaid_pairs_give_one_line_per_run_and_weight(make_pair):
    runs = {f"seed {seed}": make_pair(seed=seed) for seed in (1, 2, 3)}
    figure = draw("alignment", runs)
    upper, lower = figure.axes
    assert len(lines(upper, 61)) == 2 * 3
    assert len(lines(lower, 61)) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()][:3] == list(runs)
    (plane,) = draw("phase-plane", runs).axes
    assert len(lines(plane, 61)) == 3


def test_phase_plane_runs_from_start_to_end(make_pair):
    table = collect("phase-plane", {"a": make_pair()})
    (axes,) = render("phase-plane", table).axes
    (path,) = lines(axes, 61)
    np.testing.assert_array_equal(path.get_xdata(), table["weight_forward"])
    np.testing.assert_array_equal(path.get_ydata(), table["weight_backward"])
    assert axes.get_xlim() == axes.get_ylim()


def test_alignment_of_layers_shows_one_angle_per_rule_and_run(make_layers):
    runs = {"a": make_layers(seed=1), "b": make_layers(seed=2)}
    table = collect("alignment", runs)
    figure = render("alignment", table)
    upper, lower = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()][:4] == [
        "a, first",
        "a, second",
        "b, first",
        "b, second",
    ]
    for axes, column in ((upper, "angle_deg"), (lower, "norm_ratio")):
        drawn = np.concatenate([line.get_ydata() for line in lines(axes, 41)])
        np.testing.assert_array_equal(drawn, table[column])
    assert upper.get_lines()[-1].get_ydata()[0] == 90.0


def test_weights_pair_each_synapse_with_its_partner(make_layers):
    run = make_layers()
    table = collect("weights", {"a": run})
    assert len(table) == 12 + 6
    row = 5
    pre, post = table["pre_backward"][row], table["post_backward"][row]
    assert table["projection_forward"][row] == "up1"
    assert table["forward_end"][row] == run.weights["up1"][post, pre]
    assert table["backward_start"][row] == run.weights_initial["down1"][pre, post]
    before, after = render("weights", table).axes
    for axes, when in ((before, "start"), (after, "end")):
        points = [line for line in axes.get_lines() if line.get_marker() in ("o", "s")]
        for name, place in (("forward", "get_xdata"), ("backward", "get_ydata")):
            drawn = np.concatenate([getattr(line, place)() for line in points])
            np.testing.assert_array_equal(drawn, table[f"{name}_{when}"])


def test_recurrent_weights_are_paired_across_the_diagonal(make_sampler):
    run = make_sampler()
    table = collect("weights", {"a": run})
    weights = run.weights["recurrent"]
    np.testing.assert_array_equal(table["backward_end"], weights[[0, 0, 1], [1, 2, 2]])
    np.testing.assert_array_equal(table["forward_end"], weights[[1, 2, 2], [0, 0, 1]])


@pytest.mark.parametrize(("kind", "column"), [("asymmetry", "asymmetry"), ("dkl", "dkl_nat")])
def test_curves_are_logarithmic_with_one_line_per_run(kind, column, make_sampler):
    runs = {"a": make_sampler(seed=1), "b": make_sampler(seed=2)}
    table = collect(kind, runs)
    (axes,) = render(kind, table).axes
    assert axes.get_yscale() == "log"
    drawn = lines(axes, 10)
    assert len(drawn) == len(runs)
    np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in drawn]), table[column])


def test_dkl_shows_the_floor_of_a_perfect_sampler(make_sampler):
    (axes,) = draw("dkl", {"a": make_sampler()}).axes
    assert [line.get_ydata()[0] for line in lines(axes, 2)] == [3e-4]


def test_asymmetry_follows_from_probed_recurrent_weights(make_sampler):
    trained = make_sampler()
    weights = trained.traces["weights.recurrent"]
    distances = [np.linalg.norm(np.triu(matrix - matrix.T)) for matrix in weights.values]
    traces = {"rule.difference": Trace(at=weights.at, values=np.array(distances)), "weights.recurrent": weights}
    table = collect("asymmetry", {"a": replace(trained, traces=traces)})
    upper = np.triu_indices(3, k=1)
    expected = [np.var((matrix - matrix.T)[upper]) for matrix in weights.values]
    np.testing.assert_allclose(table["asymmetry"], expected)


def test_curves_without_anything_positive_stay_linear(make_sampler):
    trained = make_sampler()
    zero = Trace(at=np.arange(3), values=np.zeros(3))
    (axes,) = draw("asymmetry", {"a": replace(trained, traces={"asymmetry": zero})}).axes
    assert axes.get_yscale() == "linear"


def test_distribution_is_sorted_and_names_states(make_sampler):
    table = collect("distribution", {"a": make_sampler()})
    assert table["state"].tolist()[0] == "111"
    assert table["state"].tolist()[-1] == "000"
    assert np.all(np.diff(table["target"]) < 0)
    assert table["count"][-1] == 0
    np.testing.assert_allclose(table["ratio"], table["sampled"] / table["target"])
    figure = render("distribution", table)
    upper, lower = figure.axes
    assert [text.get_text() for text in lower.get_xticklabels()] == table["state"].tolist()
    seen = lines(upper, 7)[0]
    np.testing.assert_array_equal(seen.get_ydata(), table["sampled"][:7])
    assert "never seen" in figure.legends[0].get_texts()[-1].get_text()


def test_raster_shows_the_first_second_and_all_rates(make_spiking):
    run = make_spiking()
    table = collect("raster", {"a": run})
    assert np.nanmax(table["time_s"]) < np.nanmin(table["time_s"]) + 1.0
    late = table.where((table["population"] == "output") & (table["neuron"] == 1))
    assert np.isnan(late["time_s"]).all()
    assert late["rate_hz"][0] == pytest.approx(0.5, rel=0.02)
    left, right = render("raster", table).axes
    drawn = np.concatenate([line.get_xdata() for line in left.get_lines()])
    np.testing.assert_array_equal(drawn, table["time_s"])
    assert len(right.patches) == 4 + 2


def test_membranes_of_the_first_neurons_in_the_first_half_second(make_membranes):
    run = make_membranes()
    table = collect("membrane", {"a": run})
    assert (table["time_ms"].min(), table["time_ms"].max()) == (1.0, 500.0)
    shown = {name: sorted(set(part["neuron"].tolist())) for (name,), part in table.groups("population")}
    assert shown == {"small": [0, 1], "large": [0, 1, 2, 3]}
    panels = render("membrane", table).axes
    for axes, name in zip(panels, ("small", "large"), strict=True):
        for neuron, line in enumerate(axes.get_lines()):
            np.testing.assert_array_equal(line.get_ydata(), run.traces[f"membrane.{name}"].values[:500, neuron])
    assert panels[-1].get_xlabel() == "model time (ms)"
    assert panels[0].get_ylabel() == "membrane (mV)"


def test_times_in_ms_become_seconds(make_sampler):
    trace = Trace(at=np.array([0.0, 500.0]), values=np.array([1.0, 0.5]), axis="ms")
    table = collect("dkl", {"a": replace(make_sampler(), traces={"dkl": trace})})
    assert table["time_s"].tolist() == [0.0, 0.5]
    assert render("dkl", table).axes[0].get_xlabel() == "model time (s)"


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

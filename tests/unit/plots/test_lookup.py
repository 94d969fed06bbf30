"""Recognising which projections a rule aligned."""

from dataclasses import replace

import numpy as np

from sal_hw.plots.lookup import find_reciprocal


def names(result):
    return [(pair.rule, pair.forward, pair.backward) for pair in find_reciprocal(result)]


def test_forward_and_backward_are_told_apart_by_the_norm_ratio(make_layers):
    assert names(make_layers()) == [("first", "up1", "down1"), ("second", "up2", "down2")]


def test_the_order_of_the_stored_arrays_does_not_matter(make_pair, make_layers):
    for run in (make_pair(), make_layers()):
        turned = replace(run, weights=dict(reversed(run.weights.items())))
        assert names(turned) == names(run)


def test_projections_of_the_same_shape_are_told_apart(make_pair):
    run, other = make_pair(seed=1), make_pair(seed=40)
    decoys = {f"other_{name}": values for name, values in other.weights.items()}
    start = {f"other_{name}": values for name, values in other.weights_initial.items()}
    both = replace(run, weights=decoys | run.weights, weights_initial=start | run.weights_initial)
    assert names(both) == [("alignment", "forward", "backward")]


def test_synapses_without_a_partner_do_not_hide_the_pair(make_layers):
    run = make_layers()
    weights = {name: values.copy() for name, values in run.weights.items()}
    start = {name: values.copy() for name, values in run.weights_initial.items()}
    for arrays in (weights, start):
        arrays["up1"][0, 0] = 0.0
    ends = [np.linalg.norm((arrays["up1"].T - arrays["down1"])[arrays["up1"].T != 0.0]) for arrays in (start, weights)]
    mutual = weights["up1"].T != 0.0
    ratio = np.linalg.norm(weights["down1"][mutual]) / np.linalg.norm(weights["up1"].T[mutual])
    difference, ratios = run.traces["first.difference"], run.traces["first.norm_ratio"]
    traces = {
        "first.difference": replace(difference, values=np.linspace(*ends, len(difference.at))),
        "first.norm_ratio": replace(ratios, values=np.full(len(ratios.at), ratio)),
    }
    found = replace(run, weights=weights, weights_initial=start, traces=traces)
    assert names(found) == [("first", "up1", "down1")]


def test_nothing_is_guessed_where_nothing_fits(make_pair):
    run = make_pair()
    difference = run.traces["alignment.difference"]
    traces = {"alignment.difference": replace(difference, values=2.0 * difference.values)}
    assert names(replace(run, traces=traces)) == []

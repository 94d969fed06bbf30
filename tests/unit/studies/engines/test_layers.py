"""The layer engine against a plain computation from its spikes, and its promises about batches, threads and cuts."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at
from sal_hw_studies.engines.layers import ChainState, LayerLearning, LayerModel, exponential_window, simulate

TAU = 4


def make_model(sizes=(6, 5, 3), seed=1, *, psp=TAU, dead=TAU, window=None, spread=1.0):
    rng = np.random.default_rng(seed)
    up = list(pairwise(sizes))
    return LayerModel(
        forward=tuple(rng.normal(0.0, spread / np.sqrt(shape[0]), shape) for shape in up),
        feedback=tuple(rng.normal(0.0, spread / np.sqrt(shape[1]), shape[::-1]) for shape in up),
        biases=tuple(rng.normal(0.0, 0.5, size) for size in sizes),
        tau_ref_steps=TAU,
        psp_steps=psp,
        dead_steps=dead,
        window=exponential_window(TAU, 2 * TAU) if window is None else window,
    )


def plain_spikes(model, state, steps):
    """Return who spikes when, step by step from the definition, with the engine's random numbers."""
    first = model.first
    last = np.full(first[-1], -1000)
    found = []
    for step in range(steps):
        on = ((step - last >= 1) & (step - last <= model.psp_steps)).astype(float)
        u = np.concatenate(model.biases)
        for layer, (up, down) in enumerate(zip(model.forward, model.feedback, strict=True)):
            below, above = slice(first[layer], first[layer + 1]), slice(first[layer + 1], first[layer + 2])
            u[above] += on[below] @ up
            u[below] += on[above] @ down
        p = 1.0 / (1.0 + model.tau_ref_steps * np.exp(-u))
        counters = [np.uint64(step * len(u) + neuron) for neuron in range(len(u))]
        r = np.array([unit_interval(np.uint64(word_at(state.key[0], counter))) for counter in counters])
        for neuron in np.flatnonzero((r < p) & (step - last > model.dead_steps)):
            found.append((step, int(neuron)))
            last[neuron] = step
    return found


def plain_pairs(model, steps, neurons):
    """Return D[pre, post] of each connection by looking at every pair of spikes."""
    first = model.first
    sums = [np.zeros(weights.shape) for weights in model.feedback]
    for layer, total in enumerate(sums):
        below = (neurons >= first[layer]) & (neurons < first[layer + 1])
        above = (neurons >= first[layer + 1]) & (neurons < first[layer + 2])
        for t, i in zip(steps[below], neurons[below] - first[layer], strict=True):
            apart = steps[above] - t
            near = (apart != 0) & (np.abs(apart) < len(model.window))
            weights = np.sign(apart[near]) * model.window[np.abs(apart[near])]
            np.add.at(total, (neurons[above][near] - first[layer + 1], i), weights)
    return sums


@pytest.mark.parametrize(
    ("psp", "dead"),
    [(TAU, TAU), (TAU - 1, TAU), (TAU, TAU - 1), (TAU - 1, TAU - 1)],
    ids=["salnet", "published", "buesing", "consistent"],
)
def test_spikes_are_those_of_the_definition(psp, dead):
    model, state = make_model(psp=psp, dead=dead, spread=2.0), ChainState.fresh(14, 5)
    expected = plain_spikes(model, state, 700)
    result = simulate(model, state, 700, record=True)
    found = list(zip(result.spike_steps.tolist(), result.spike_neurons.tolist(), strict=True))
    assert found == expected
    np.testing.assert_array_equal(result.spike_counts, np.bincount(result.spike_neurons, minlength=14))


def test_a_chain_of_two_neurons_by_hand():
    """Below spikes at 0, 5, 10, ... by its bias, above one step later by its PSP, which nothing else makes spike."""
    model = LayerModel(
        forward=(np.array([[100.0]]),),
        feedback=(np.array([[0.0]]),),
        biases=(np.array([50.0]), np.array([-50.0])),
        tau_ref_steps=TAU,
        psp_steps=1,
        dead_steps=TAU,
        window=exponential_window(TAU, 5),
    )
    result = simulate(model, ChainState.fresh(2, 1), 16, record=True)
    assert result.spike_steps.tolist() == [0, 1, 5, 6, 10, 11, 15]
    assert result.spike_neurons.tolist() == [0, 1, 0, 1, 0, 1, 0]
    # below is 1 step ahead three times and 4 steps behind three times; 6 steps are outside the window
    expected = 3.0 * math.exp(-1 / TAU) - 3.0 * math.exp(-4 / TAU)
    np.testing.assert_allclose(result.differences[0], [[expected]], rtol=1e-14)


def test_pair_sums_are_those_of_all_pairs():
    """More neurons than a piece has columns, more steps than a block has."""
    model = make_model((70, 9, 3))
    result = simulate(model, ChainState.fresh(82, 2), 1100, record=True)
    expected = plain_pairs(model, result.spike_steps, result.spike_neurons)
    for found, wanted in zip(result.differences, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())


def test_any_window_counts_as_given():
    window = np.array([7.0, 0.0, -2.0, 1.0])
    model = make_model(window=window)
    result = simulate(model, ChainState.fresh(14, 3), 300, record=True)
    for found, wanted in zip(
        result.differences, plain_pairs(model, result.spike_steps, result.spike_neurons), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_pairs_in_one_step_cancel():
    """Strong biases make all neurons spike together: pairs in a step do not count, and the others are symmetric."""
    sizes = (3, 2)
    model = LayerModel(
        forward=(np.zeros(sizes),),
        feedback=(np.zeros(sizes[::-1]),),
        biases=tuple(np.full(size, 50.0) for size in sizes),
        tau_ref_steps=TAU,
        psp_steps=TAU,
        dead_steps=TAU,
        window=exponential_window(TAU, 3 * TAU),
    )
    result = simulate(model, ChainState.fresh(5, 1), 100)
    assert (result.spike_counts == 20).all()
    np.testing.assert_array_equal(result.differences[0], np.zeros((2, 3)))


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 600), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_a_run_may_be_cut_anywhere(cuts, seed):
    model = make_model(seed=seed)
    whole, state = ChainState.fresh(14, seed), ChainState.fresh(14, seed)
    expected = simulate(model, whole, sum(cuts), record=True)
    pieces = []
    for steps in cuts:
        state = ChainState.from_arrays(state.to_arrays())
        pieces.append(simulate(model, state, steps, record=True))
    np.testing.assert_array_equal(np.concatenate([piece.spike_steps for piece in pieces]), expected.spike_steps)
    np.testing.assert_array_equal(np.concatenate([piece.spike_neurons for piece in pieces]), expected.spike_neurons)
    for layer, wanted in enumerate(expected.differences):
        # the order of adding differs
        np.testing.assert_allclose(sum(piece.differences[layer] for piece in pieces), wanted, rtol=1e-12, atol=1e-11)
    for name, values in whole.to_arrays().items():
        np.testing.assert_array_equal(state.to_arrays()[name], values)


def test_the_rate_of_a_single_neuron():
    """An uncoupled neuron waits dead_steps, then a geometric time of mean 1/p, variance (1-p)/p^2."""
    bias, steps = 0.3, 200_000
    model = LayerModel(
        forward=(np.zeros((1, 1)),),
        feedback=(np.zeros((1, 1)),),
        biases=(np.array([bias]), np.array([bias])),
        tau_ref_steps=TAU,
        psp_steps=TAU,
        dead_steps=TAU,
        window=np.ones(2),
    )
    p = 1.0 / (1.0 + TAU * math.exp(-bias))
    interval = TAU + 1.0 / p
    # renewal theory: the number of spikes has the variance steps * var / mean^3
    deviation = math.sqrt(steps * (1.0 - p) / p**2 / interval**3)
    counts = simulate(model, ChainState.fresh(2, 9), steps).spike_counts
    assert np.abs(counts - steps / interval).max() < 4.0 * deviation


def learn(model, *, chains=3, threads=1, seed=11, steps=300):
    entropies = [np.random.SeedSequence(seed, spawn_key=(chain,)) for chain in range(chains)]
    return LayerLearning(model, learning_rate=0.5, steps_per_update=steps, entropies=entropies, threads=threads)


def run_epochs(learning, epochs):
    while learning.updates < epochs:
        learning.advance()


def test_a_batch_is_the_mean_of_its_chains():
    model = make_model()
    batch = learn(model)
    run_epochs(batch, 1)
    singles = []
    for chain in range(3):
        state = ChainState.fresh(14, np.random.SeedSequence(11, spawn_key=(chain,)))
        singles.append(simulate(model, state, 300).differences)
    for layer, found in enumerate(batch.model.feedback):
        mean = (singles[0][layer] + singles[1][layer] + singles[2][layer]) / 3
        np.testing.assert_array_equal(found, model.feedback[layer] + 0.5 / (2 * TAU) * mean)
        assert not np.array_equal(singles[0][layer], singles[1][layer])


def test_threads_change_nothing():
    results = []
    for threads in (1, 2, 5):
        learning = learn(make_model(), chains=4, threads=threads)
        run_epochs(learning, 3)
        results.append(learning.checkpoint())
    for other in results[1:]:
        assert other.keys() == results[0].keys()
        assert all(other[name].tobytes() == values.tobytes() for name, values in results[0].items())


@pytest.mark.parametrize("after", [1, 2, 4, 5])
def test_a_resumed_batch_ends_the_same(after):
    whole, first, second = (learn(make_model()) for _ in range(3))
    run_epochs(whole, 3)
    for _ in range(after):
        first.advance()
    second.restore(first.checkpoint())
    run_epochs(second, 3)
    expected = whole.checkpoint()
    assert all(second.checkpoint()[name].tobytes() == values.tobytes() for name, values in expected.items())


def test_weights_are_replaced_and_chains_go_on():
    """Spikes of two calls with different weights are those of the definition, from where the first one ended."""
    first, second = make_model(seed=1), make_model(seed=2)
    learning = LayerLearning(first, learning_rate=0.3, steps_per_update=50, entropies=[5])
    learning.advance()
    parts = {name: getattr(second, name) for name in ("forward", "feedback", "biases")}
    learning.replace_weights(**parts, learning_rate=0.1)
    learning.advance()
    state = ChainState.fresh(sum(first.sizes), 5)
    simulate(first, state, 50)
    expected = simulate(second, state, 50)
    for weights, start, pairs in zip(learning.model.feedback, second.feedback, expected.differences, strict=True):
        np.testing.assert_allclose(weights, start + 0.1 * pairs / (2 * TAU), rtol=1e-12)
    assert learning.updates == 2
    with pytest.raises(ValueError, match="sizes"):
        learning.replace_weights(**{name: getattr(make_model((6, 5, 4)), name) for name in parts})


def test_weights_are_not_replaced_between_the_chains_of_an_update():
    model = make_model()
    learning = LayerLearning(model, learning_rate=0.3, steps_per_update=50, entropies=[5, 6])
    learning.advance()
    with pytest.raises(ValueError, match="last chain"):
        learning.replace_weights(forward=model.forward, feedback=model.feedback, biases=model.biases)


def test_very_large_weights_get_more_bits():
    """Weights of 10^4 need 64 bits; what decides are signs, as in the definition."""
    model = make_model(spread=1e4)
    state = ChainState.fresh(14, 4)
    with np.errstate(over="ignore"):
        expected = plain_spikes(model, state, 200)
    result = simulate(model, state, 200, record=True)
    assert list(zip(result.spike_steps.tolist(), result.spike_neurons.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"psp_steps": 0},
        {"psp_steps": TAU + 2},
        {"tau_ref_steps": 0},
        {"window": np.zeros(0)},
        {"biases": (np.zeros(6), np.zeros(5))},
        {"forward": (np.zeros((5, 6)), np.zeros((5, 3)))},
        {"feedback": (np.zeros((5, 6)), np.full((3, 5), np.nan))},
    ],
)
def test_misfits_are_refused(change):
    model = make_model()
    fields = {name: getattr(model, name) for name in LayerModel.__dataclass_fields__}
    with pytest.raises(ValueError, match=r"need|must be|at most"):
        LayerModel(**fields | change)

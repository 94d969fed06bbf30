"""Extremes: saturation, single neurons, many states, long PSPs, refused input."""

import numpy as np
import pytest

from sal_hw_emulator.engines.sampling import (
    PairWindow,
    SamplingModel,
    SamplingState,
    choose_algorithm,
    simulate,
)

ALGORITHMS = ["event", "stepped"]


def build(weights, biases, **lengths):
    defaults = {"tau_ref_steps": 5, "psp_steps": 4, "dead_steps": 4, "state_steps": 5}
    return SamplingModel(
        weights=np.array(weights, dtype=float), biases=np.array(biases, dtype=float), **(defaults | lengths)
    )


def spikes_of(model, steps, algorithm, seed=0):
    train = np.zeros((steps, model.n_neurons), dtype=bool)

    def sink(when, who):
        train[when, who] = True

    simulate(model, SamplingState.fresh(model.n_neurons, seed), steps, algorithm=algorithm, spike_sink=sink)
    return train


@pytest.mark.parametrize("bias", [700.0, 710.0, 1e6, 1e12])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [2, 16])
def test_strong_drive_is_a_clock(n, algorithm, bias):
    model = build(np.zeros((n, n)), np.full(n, bias))
    expected = np.zeros((23, n), dtype=bool)
    expected[::5] = True
    np.testing.assert_array_equal(spikes_of(model, 23, algorithm), expected)


@pytest.mark.parametrize("bias", [-700.0, -1e4, -1e12])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [2, 16])
def test_strong_inhibition_is_silence(n, algorithm, bias):
    assert not spikes_of(build(np.zeros((n, n)), np.full(n, bias)), 100_000, algorithm).any()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [2, 16])
def test_strong_weights_cancel_exactly(n, algorithm):
    """Excitation and inhibition of the same size leave the bias: neuron 0 drives, the others follow at its PSP."""
    weights = np.zeros((n, n))
    weights[0, 1:] = 900.0
    biases = np.full(n, -600.0)
    biases[0] = 600.0
    train = spikes_of(build(weights, biases), 50, algorithm)
    np.testing.assert_array_equal(np.flatnonzero(train[:, 0]), np.arange(0, 50, 5))
    np.testing.assert_array_equal(train[1:, 1:], np.repeat(train[:-1, :1], n - 1, axis=1))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [3, 16])
def test_a_psp_longer_than_the_refractory_time_is_renewed(n, algorithm):
    """Neuron 0 spikes every second step for ever; its PSP of 7 steps never ends, so the others never rest."""
    weights = np.zeros((n, n))
    weights[0, 1] = 100.0
    weights[1, 2] = -100.0
    biases = np.full(n, -50.0)
    biases[0] = 50.0
    biases[2] = 50.0
    train = spikes_of(build(weights, biases, psp_steps=7, dead_steps=1), 60, algorithm)
    np.testing.assert_array_equal(np.flatnonzero(train[:, 0]), np.arange(0, 60, 2))
    np.testing.assert_array_equal(np.flatnonzero(train[:, 1]), np.arange(1, 60, 2))
    np.testing.assert_array_equal(np.flatnonzero(train[:, 2]), [0])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [2, 16])
@pytest.mark.parametrize(("psp", "dead"), [(12, 2), (3, 6), (0, 3), (5, 0), (1, 0)])
def test_psps_act_for_as_long_as_they_last(n, algorithm, psp, dead):
    """Neuron 1 fires, as often as it may, exactly while a PSP of neuron 0 is on."""
    weights = np.zeros((n, n))
    weights[0, 1] = 200.0
    biases = np.full(n, -100.0)
    biases[0] = -2.0
    model = build(weights, biases, psp_steps=psp, dead_steps=dead)
    train = spikes_of(model, 3000, algorithm, seed=3)
    assert train[:, 0].sum() > 20
    since = {0: 10**6, 1: 10**6}
    for step in range(3000):
        fires = since[0] <= psp and since[1] > dead
        assert train[step, 1] == fires
        since = {neuron: 1 if train[step, neuron] else since[neuron] + 1 for neuron in since}


def test_twenty_neurons_have_a_million_states():
    n = 20
    biases = np.full(n, -60.0)
    biases[0] = biases[19] = 60.0
    model = build(np.zeros((n, n)), biases, state_steps=5)
    got = simulate(model, SamplingState.fresh(n, 0), 1001, record_states=True)
    assert got.state_counts.size == 2**20
    assert got.state_counts[(1 << 19) + 1] == 500
    assert got.state_counts[0] == 1
    assert got.state_counts.sum() == 501


def test_twenty_one_neurons_have_too_many_states():
    model = build(np.zeros((21, 21)), np.zeros(21))
    with pytest.raises(ValueError, match="21 neurons"):
        simulate(model, SamplingState.fresh(21, 0), 10, record_states=True)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [1, 3, 16])
def test_no_steps_change_nothing(n, algorithm):
    model = build(np.zeros((n, n)), np.zeros(n))
    window = PairWindow(shape="triangular", tau_steps=5.0, pairing="all", coincidence=0.5)
    state = SamplingState.fresh(n, 0)
    simulate(model, state, 100, windows=[window], algorithm=algorithm)
    before = state.to_arrays()
    got = simulate(model, state, 0, windows=[window], record_states=True, algorithm=algorithm)
    assert got.steps == 0
    assert not got.spike_counts.any()
    assert not got.causal.any()
    assert not got.state_counts.any()
    for name, array in state.to_arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_without_windows_and_states_the_results_are_empty():
    got = simulate(build([[0.0]], [0.0]), SamplingState.fresh(1, 0), 1000)
    assert got.causal.shape == (0, 1, 1)
    assert got.state_counts.shape == (0,)
    assert got.spike_counts[0] > 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e13])
def test_unusable_weights_are_named(value):
    weights = np.zeros((4, 4))
    weights[2, 1] = weights[3, 3] = value
    with pytest.raises(ValueError, match=r"weights\[pre=2, post=1\]"):
        build(weights, np.zeros(4))
    with pytest.raises(ValueError, match=r"biases\[3\]"):
        build(np.zeros((4, 4)), [0, 0, 0, value])


def test_input_that_does_not_fit_is_refused():
    model = build(np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        build(np.zeros((2, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="tau_ref_steps"):
        build(np.zeros((2, 2)), np.zeros(2), tau_ref_steps=0)
    with pytest.raises(ValueError, match="-1 steps"):
        simulate(model, SamplingState.fresh(2, 0), -1)
    with pytest.raises(ValueError, match="from 3 neurons"):
        simulate(model, SamplingState.fresh(3, 0), 1)
    with pytest.raises(ValueError, match="no algorithm 'fast'"):
        simulate(model, SamplingState.fresh(2, 0), 1, algorithm="fast")
    with pytest.raises(ValueError, match="gaussian"):
        PairWindow(shape="gaussian", tau_steps=1.0, pairing="all", coincidence=0.0)
    with pytest.raises(ValueError, match="tau_steps"):
        PairWindow(shape="triangular", tau_steps=0.0, pairing="all", coincidence=0.0)


def test_few_neurons_and_slow_ones_are_simulated_from_event_to_event():
    assert choose_algorithm(7, 50) == "event"
    assert choose_algorithm(100, 100_000) == "event"
    assert choose_algorithm(500, 10) == "stepped"

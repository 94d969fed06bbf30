"""Pair sums and counts against sums written out over the recorded spikes."""

import itertools

import numpy as np
import pytest

from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate

ALL_WINDOWS = [
    PairWindow(shape=shape, tau_steps=tau, pairing=pairing, coincidence=coincidence)
    for shape, pairing, (tau, coincidence) in itertools.product(
        ("exponential", "triangular"), ("nearest", "all"), ((4.5, 0.5), (20.0, 0.0))
    )
]


def network(n, tau, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return SamplingModel(
        weights=rng.normal(0, scale / np.sqrt(n), (n, n)),
        biases=rng.normal(0.5, 0.5, n),
        tau_ref_steps=tau,
        psp_steps=tau - 1,
        dead_steps=tau - 1,
        state_steps=tau,
    )


def kernel(window, dt):
    if window.shape == "triangular":
        return max(0.0, 1 - dt / window.tau_steps)
    return float(np.exp(-dt / window.tau_steps))


def written_out(train, window):
    """Sum over all pairs of a (steps, n) table of spikes, as [pre, post]."""
    steps, n = train.shape
    weights = np.array([window.coincidence] + [kernel(window, dt) for dt in range(1, steps)])
    past = np.zeros((steps, n))
    for spike, pre in np.argwhere(train):
        if window.pairing == "nearest":
            past[spike:, pre] = weights[: steps - spike]
        else:
            past[spike:, pre] += weights[: steps - spike]
    causal = past.T @ train
    np.fill_diagonal(causal, 0)
    return causal


def recorded(model, state, steps, **options):
    train = np.zeros((steps, model.n_neurons), dtype=bool)
    start = state.step

    def sink(when, who):
        train[when - start, who] = True

    return train, simulate(model, state, steps, spike_sink=sink, **options)


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize("n", [4, 18])
def test_sums_equal_those_over_the_recorded_spikes(n, algorithm):
    model = network(n, 3, 1)
    train, got = recorded(model, SamplingState.fresh(n, 2), 400, windows=ALL_WINDOWS, algorithm=algorithm)
    assert (train.sum(axis=1) > 1).any()
    np.testing.assert_array_equal(got.spike_counts, train.sum(axis=0))
    for window, causal in zip(ALL_WINDOWS, got.causal, strict=True):
        np.testing.assert_allclose(causal, written_out(train, window), rtol=0, atol=1e-9)


def test_large_networks_count_the_same_pairs():
    model = network(310, 4, 3)
    train, got = recorded(model, SamplingState.fresh(310, 2), 60, windows=ALL_WINDOWS)
    assert got.spike_counts.sum() > 2000
    for window, causal in zip(ALL_WINDOWS, got.causal, strict=True):
        np.testing.assert_allclose(causal, written_out(train, window), rtol=0, atol=1e-9)


def test_many_rows_of_a_large_network():
    """Several blocks of rows and several buffers of spikes, in one call or in many, give the same."""
    model = network(310, 4, 3)
    window = PairWindow(shape="exponential", tau_steps=6.0, pairing="all", coincidence=0.5)
    whole = simulate(model, SamplingState.fresh(310, 2), 1500, windows=[window]).causal
    state = SamplingState.fresh(310, 2)
    parts = sum(simulate(model, state, 50, windows=[window]).causal for _ in range(30))
    np.testing.assert_allclose(whole, parts, rtol=1e-12)


def test_pairs_of_quiet_neurons_do_not_vanish_when_traces_get_a_new_origin():
    """Spikes thousands of time constants apart, and a trace that has gone to nothing."""
    model = SamplingModel(
        weights=np.array([[0, 0, 30.0], [0, 0, 30.0], [0, 0, 0]]),
        biases=np.array([-8.0, -2.0, -30.0]),
        tau_ref_steps=1,
        psp_steps=1,
        dead_steps=0,
        state_steps=1,
    )
    windows = [window for window in ALL_WINDOWS if window.tau_steps < 5]
    windows.append(PairWindow(shape="exponential", tau_steps=0.5, pairing="all", coincidence=0.0))
    train, got = recorded(model, SamplingState.fresh(3, 4), 20_000, windows=windows, algorithm="event")
    assert train[:, 0].sum() >= 2
    for window, causal in zip(windows, got.causal, strict=True):
        np.testing.assert_allclose(causal, written_out(train, window), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("window", ALL_WINDOWS)
def test_pairs_across_calls_count_in_the_later_call(window):
    model = network(3, 4, 5)
    train, whole = recorded(model, SamplingState.fresh(3, 6), 300, windows=[window])
    state = SamplingState.fresh(3, 6)
    first, second = (simulate(model, state, steps, windows=[window]) for steps in (130, 170))
    np.testing.assert_allclose(first.causal[0], written_out(train[:130], window), atol=1e-9)
    np.testing.assert_allclose(first.causal + second.causal, whole.causal, atol=1e-9)


@pytest.mark.parametrize("state_steps", [0, 1, 3, 7, 12])
@pytest.mark.parametrize("algorithm", ["event", "stepped"])
def test_state_counts_equal_those_of_the_recorded_spikes(state_steps, algorithm):
    model = SamplingModel(
        weights=np.zeros((3, 3)),
        biases=np.array([1.0, 0.0, -1.0]),
        tau_ref_steps=4,
        psp_steps=3,
        dead_steps=4,
        state_steps=state_steps,
    )
    state = SamplingState.fresh(3, 8)
    train, got = recorded(model, state, 700, record_states=True, algorithm=algorithm)
    expected = np.zeros(8, dtype=int)
    for step in range(0, 700, max(1, state_steps // 2)):
        on = train[max(0, step - state_steps) : step].any(axis=0)
        expected[on @ np.array([4, 2, 1])] += 1
    np.testing.assert_array_equal(got.state_counts, expected)

"""Random networks, windows and cuts: sums equal those over the recorded spikes, cuts change nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate

WINDOWS = st.builds(
    PairWindow,
    shape=st.sampled_from(["exponential", "triangular"]),
    tau_steps=st.floats(0.3, 40.0),
    pairing=st.sampled_from(["nearest", "all"]),
    coincidence=st.sampled_from([0.0, 0.5]),
)


@st.composite
def models(draw):
    n = draw(st.one_of(st.integers(1, 5), st.integers(15, 17)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return SamplingModel(
        weights=rng.normal(0, draw(st.sampled_from([0.0, 0.5, 3.0, 40.0])), (n, n)),
        biases=rng.normal(draw(st.floats(-3, 5)), 1.0, n),
        tau_ref_steps=draw(st.integers(1, 12)),
        psp_steps=draw(st.integers(0, 20)),
        dead_steps=draw(st.integers(0, 12)),
        state_steps=draw(st.integers(0, 15)),
    )


def weights_of_ages(window, n_ages):
    ages = np.arange(n_ages)
    if window.shape == "exponential":
        weights = np.exp(-ages / window.tau_steps)
    else:
        weights = np.maximum(0, 1 - ages / window.tau_steps)
    weights[0] = window.coincidence
    return weights


def written_out(train, window):
    """Sum over all pairs of a (steps, n) table of spikes, as [pre, post]."""
    steps, n = train.shape
    weights = weights_of_ages(window, steps)
    past = np.zeros((steps, n))
    for pre in range(n):
        for spike in np.flatnonzero(train[:, pre]):
            seen = weights[: steps - spike]
            if window.pairing == "nearest":
                past[spike:, pre] = seen
            else:
                past[spike:, pre] += seen
    causal = past.T @ train
    np.fill_diagonal(causal, 0)
    return causal


@settings(max_examples=60)
@given(
    model=models(),
    windows=st.lists(WINDOWS, max_size=3),
    cut=st.integers(0, 200),
    seed=st.integers(0, 2**64),
    algorithm=st.sampled_from(["event", "stepped"]),
)
def test_sums_equal_those_over_the_recorded_spikes(model, windows, cut, seed, algorithm):
    n, steps = model.n_neurons, 200
    train = np.zeros((steps, n), dtype=bool)

    def sink(when, who):
        assert not train[when, who].any()
        train[when, who] = True

    state = SamplingState.fresh(n, seed)
    parts = [
        simulate(model, state, length, windows=windows, record_states=n < 10, algorithm=algorithm, spike_sink=sink)
        for length in (cut, steps - cut)
    ]
    whole = simulate(
        model,
        SamplingState.fresh(n, seed),
        steps,
        windows=windows,
        record_states=n < 10,
        algorithm=algorithm,
    )
    np.testing.assert_array_equal(whole.spike_counts, train.sum(axis=0))
    np.testing.assert_array_equal(whole.state_counts, parts[0].state_counts + parts[1].state_counts)
    np.testing.assert_allclose(parts[0].causal + parts[1].causal, whole.causal, rtol=0, atol=1e-9)
    for window, causal in zip(windows, whole.causal, strict=True):
        np.testing.assert_allclose(causal, written_out(train, window), rtol=0, atol=1e-9)


@settings(max_examples=60)
@given(model=models(), seed=st.integers(0, 2**64), algorithm=st.sampled_from(["event", "stepped"]))
def test_refractory_neurons_are_silent_and_states_follow_the_spikes(model, seed, algorithm):
    n, steps = model.n_neurons, 300
    train = np.zeros((steps, n), dtype=bool)

    def sink(when, who):
        train[when, who] = True

    state = SamplingState.fresh(n, seed)
    got = simulate(model, state, steps, record_states=n < 10, algorithm=algorithm, spike_sink=sink)
    for neuron in range(n):
        intervals = np.diff(np.flatnonzero(train[:, neuron]))
        assert (intervals > model.dead_steps).all()
    if n < 10:
        expected = np.zeros(2**n, dtype=int)
        for step in range(0, steps, max(1, model.state_steps // 2)):
            on = train[max(0, step - model.state_steps) : step].any(axis=0)
            expected[int(on @ (1 << np.arange(n)[::-1]))] += 1
        np.testing.assert_array_equal(got.state_counts, expected)

"""Cut calls, checkpoints, processes and threads change nothing."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate

#: (neurons, algorithm): the table, thinning, and stepping
ENGINES = [(5, "event"), (17, "event"), (5, "stepped"), (40, "stepped")]
WINDOWS = [
    PairWindow(shape="triangular", tau_steps=9.0, pairing="all", coincidence=0.5),
    PairWindow(shape="exponential", tau_steps=9.0, pairing="nearest", coincidence=0.0),
]


def network(n, seed=0, psp=9, dead=9):
    rng = np.random.default_rng(seed)
    return SamplingModel(
        weights=rng.normal(0, 1 / np.sqrt(n), (n, n)),
        biases=rng.normal(0, 1, n),
        tau_ref_steps=10,
        psp_steps=psp,
        dead_steps=dead,
        state_steps=10,
    )


def run(model, state, calls, algorithm):
    """Return spikes and sums over several calls."""
    when, who = [], []

    def sink(steps, neurons):
        when.append(steps)
        who.append(neurons)

    states = model.n_neurons < 10
    results = [
        simulate(model, state, steps, windows=WINDOWS, record_states=states, algorithm=algorithm, spike_sink=sink)
        for steps in calls
    ]
    counts = [sum(result.spike_counts for result in results), sum(result.state_counts for result in results)]
    return np.concatenate(when), np.concatenate(who), counts, sum(result.causal for result in results)


def assert_same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    for counts, others in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(counts, others)
    np.testing.assert_allclose(one[3], other[3], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("psp", "dead"), [(9, 9), (9, 10), (10, 9), (25, 4)])
@pytest.mark.parametrize(("n", "algorithm"), ENGINES)
def test_cut_calls_repeat_the_whole_one(n, algorithm, psp, dead):
    model = network(n, psp=psp, dead=dead)
    whole, cut = SamplingState.fresh(n, 1), SamplingState.fresh(n, 1)
    calls = [1, 1, 0, 3, 495, 7, 93, 2, 1398]
    assert_same(run(model, whole, [sum(calls)], algorithm), run(model, cut, calls, algorithm))
    assert whole.step == cut.step == sum(calls)


def test_a_call_longer_than_the_spike_buffer_repeats_short_ones():
    model = network(6)
    long, short = SamplingState.fresh(6, 1), SamplingState.fresh(6, 1)
    one = run(model, long, [60_000], "event")
    assert one[0].size > 2 * 8192
    assert_same(one, run(model, short, [10_000] * 6, "event"))


@pytest.mark.parametrize(("n", "algorithm"), ENGINES)
def test_a_checkpoint_goes_on_like_the_original(n, algorithm, tmp_path):
    model = network(n)
    state = SamplingState.fresh(n, 2)
    run(model, state, [777], algorithm)
    np.savez(tmp_path / "state.npz", **state.to_arrays())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as arrays:
        restored = SamplingState.from_arrays(arrays)
    copied = state.copy()
    original = run(model, state, [500], algorithm)
    assert_same(original, run(model, restored, [500], algorithm))
    assert_same(original, run(model, copied, [500], algorithm))


def test_checkpoints_that_do_not_fit_are_refused():
    arrays = SamplingState.fresh(3, 0).to_arrays()
    with pytest.raises(ValueError, match="words"):
        SamplingState.from_arrays({name: array for name, array in arrays.items() if name != "words"})
    with pytest.raises(ValueError, match="clock"):
        SamplingState.from_arrays(arrays | {"clock": np.zeros(3, np.int64)})
    with pytest.raises(ValueError, match="last_spike"):
        SamplingState.from_arrays(arrays | {"last_spike": np.zeros(3, np.int32)})
    pair = {
        "recent_steps": np.zeros(1, np.int64),
        "recent_neurons": np.full(1, 2, np.int32),
        "clock": np.ones(2, np.int64),
    }
    SamplingState.from_arrays(arrays | pair)
    for wrong in (
        {"recent_steps": np.zeros(2, np.int64)},
        {"recent_neurons": np.full(1, 3, np.int32)},
        {"recent_neurons": np.full(1, -1, np.int32)},
        {"recent_steps": np.ones(1, np.int64)},
        {"last_spike": np.ones(3, np.int64)},
        {"clock": np.array([1, 2])},
        {"last_spike": np.zeros(0, np.int64)},
    ):
        with pytest.raises(ValueError, match="fit each other"):
            SamplingState.from_arrays(arrays | pair | wrong)


def test_weights_may_change_between_calls():
    """A strong new weight acts on the PSP that is on at the boundary."""
    quiet = SamplingModel(
        weights=np.zeros((2, 2)),
        biases=np.array([50.0, -50.0]),
        tau_ref_steps=10,
        psp_steps=9,
        dead_steps=100,
        state_steps=10,
    )
    loud = SamplingModel(
        weights=np.array([[0, 100.0], [0, 0]]),
        biases=quiet.biases,
        tau_ref_steps=10,
        psp_steps=9,
        dead_steps=100,
        state_steps=10,
    )
    for algorithm in ("event", "stepped"):
        state = SamplingState.fresh(2, 0)
        assert simulate(quiet, state, 5, algorithm=algorithm).spike_counts.tolist() == [1, 0]
        assert simulate(loud, state, 1, algorithm=algorithm).spike_counts.tolist() == [0, 1]
        state = SamplingState.fresh(2, 0)
        simulate(quiet, state, 10, algorithm=algorithm)
        assert simulate(loud, state, 80, algorithm=algorithm).spike_counts.tolist() == [0, 0]


def test_algorithms_may_take_turns():
    """Rates stay right when event-driven and stepped calls alternate and weights jitter."""
    model = network(5)
    state = SamplingState.fresh(5, 3)
    rng = np.random.default_rng(0)
    blocks = []
    for index in range(4000):
        changed = SamplingModel(
            weights=model.weights + 1e-9 * rng.normal(size=(5, 5)),
            biases=model.biases,
            tau_ref_steps=10,
            psp_steps=9,
            dead_steps=9,
            state_steps=10,
        )
        blocks.append(simulate(changed, state, 13, algorithm=("event", "stepped")[index % 2]).spike_counts)
    steady = SamplingState.fresh(5, 4)
    counts = [simulate(model, steady, 520, algorithm="stepped").spike_counts for _ in range(100)]
    ours = np.reshape(blocks, (100, 40, 5)).sum(axis=1)
    error = np.sqrt((np.var(ours, axis=0) + np.var(counts, axis=0)) / 99)
    assert (np.abs(np.mean(ours, axis=0) - np.mean(counts, axis=0)) < 4 * error).all()


PROGRAM = """
import sys, numpy as np
sys.path.insert(0, {folder!r})
from test_continuation import digest
print(digest({n}, {algorithm!r}, 5))
"""


def digest(n, algorithm, seed):
    """Return a checksum of spikes and sums of a run."""
    when, who, counts, causal = run(network(n), SamplingState.fresh(n, seed), [3000], algorithm)
    return hashlib.sha256(b"".join(x.tobytes() for x in (when, who, *counts, causal))).hexdigest()


@pytest.mark.parametrize(("n", "algorithm"), ENGINES[1:3])
def test_another_process_gives_the_same_bytes(n, algorithm, request):
    program = PROGRAM.format(folder=str(request.path.parent), n=n, algorithm=algorithm)
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(n, algorithm, 5)
    assert digest(n, algorithm, 6) != digest(n, algorithm, 5)


@pytest.mark.parametrize(("n", "algorithm"), ENGINES)
def test_threads_do_not_disturb_each_other(n, algorithm):
    serial = [digest(n, algorithm, seed) for seed in range(8)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda seed: digest(n, algorithm, seed), range(8))) == serial

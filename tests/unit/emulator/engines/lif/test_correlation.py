"""What correlation sensors hold, against sums written out over the recorded spikes in double precision.

"To 1e-6" is meant relative to the largest sum of a run: sensors hold 24 bits, and what matters to a reading is the
error in units of its range. It holds for some hundred additions per sensor, which is what a chip's sensors can take
between two readings and more than an ideal run collects between two updates. Each addition rounds, so that errors grow
with the square root of their number; the longer runs are held against that law.
"""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_emulator.engines.lif.fast_exponential import LARGEST, exp_minus
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    ExternalModel,
    LifModel,
    NeuronModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.simulation import LifSimulation

SIZE, SOURCES = 14, 5
ACCURACY = 1e-6


def neurons(size):
    values = {
        "v_leak": 0.0,
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": 100.0,
        "tau_exc": 50.0,
        "tau_inh": 50.0,
        "refractory": 30.0,
        "noise": 0.0,
    }
    return NeuronModel(**{name: np.full(size, value) for name, value in values.items()})


def tile(rng, source, target, shape, *, inhibitory=False, taus=(20.0, 300.0), all_pairs=False):
    """Return a tile whose sensors all differ."""

    def draw(low, high):
        return rng.uniform(low, high, shape).astype(np.float32)

    return TileModel(
        source=source,
        target=target,
        inhibitory=inhibitory,
        weights=draw(0.0, 0.3),
        sensors=SensorModel(
            amplitude_causal=draw(0.2, 2.0),
            amplitude_anticausal=draw(0.2, 2.0),
            tau_causal=draw(*taus),
            tau_anticausal=draw(*taus),
            all_pairs=all_pairs,
        ),
    )


def background(size, rate_per_step, weight, seed):
    return BackgroundModel(
        size=size,
        rate=rate_per_step,
        target=np.arange(size),
        weight=np.full(size, weight),
        inhibitory=np.zeros(size, dtype=np.int64),
        seed=np.random.SeedSequence(seed),
    )


def two_populations(seed, all_pairs, taus=(20.0, 300.0)):
    """Both directions, one of them of two polarities, and neurons that are pre and post of each other."""
    rng = np.random.default_rng(seed)
    rest = SIZE - SOURCES
    tiles = [
        tile(rng, 0, SOURCES, (SOURCES, rest), taus=taus, all_pairs=all_pairs),
        tile(rng, 0, SOURCES, (SOURCES, rest), inhibitory=True, taus=taus, all_pairs=all_pairs),
        tile(rng, SOURCES, 0, (rest, SOURCES), taus=taus, all_pairs=all_pairs),
        tile(rng, 2, 1, (6, 7), taus=taus, all_pairs=all_pairs),
    ]
    drive = background(SIZE, 0.05, 0.8, seed)
    return LifModel(neurons=neurons(SIZE), tiles=tiles, background=[drive])


def trains(piece, size):
    return [piece.spike_step[piece.spike_neuron == n].tolist() for n in range(size)]


def written_out(first, second, amplitude, tau, all_pairs):
    """Sum over pairs of a spike of `second` and the last spike of `first` before it, or all of them."""
    total = []
    for now in second:
        earlier = [then for then in first if then < now]
        for then in earlier if all_pairs else earlier[-1:]:
            total.append(amplitude * math.exp(-(now - then) / tau))
    return math.fsum(total)


def expected_sums(model, spikes):
    """Return, per tile, the causal and the anti-causal sums of all its synapses."""
    sums = []
    for each in model.tiles:
        rows, columns = each.weights.shape
        causal, anticausal = np.zeros((rows, columns)), np.zeros((rows, columns))
        held = each.sensors
        for row, column in np.ndindex(rows, columns):
            pre, post = spikes[each.source + row], spikes[each.target + column]
            at = (row, column)
            causal[at] = written_out(
                pre, post, float(held.amplitude_causal[at]), float(held.tau_causal[at]), held.all_pairs
            )
            anticausal[at] = written_out(
                post, pre, float(held.amplitude_anticausal[at]), float(held.tau_anticausal[at]), held.all_pairs
            )
        sums.append((causal, anticausal))
    return sums


def rounding(additions):
    """Return five deviations of a random walk of roundings by up to 2^-24 of the sum, and the exponential's error."""
    return 5 * math.sqrt(additions / 3) * 2.0**-24 + 2e-7


def assert_sums(run, expected, accuracy=ACCURACY):
    largest = max(each.max() for pair in expected for each in pair)
    for index, (causal, anticausal) in enumerate(expected):
        np.testing.assert_allclose(run.causal(index), causal, rtol=0, atol=accuracy * largest)
        np.testing.assert_allclose(run.anticausal(index), anticausal, rtol=0, atol=accuracy * largest)


@pytest.mark.parametrize(("all_pairs", "steps"), [(False, 8000), (True, 2000)])
@pytest.mark.parametrize("seed", [1, 2])
def test_sums_over_one_piece(all_pairs, steps, seed):
    model = two_populations(seed, all_pairs)
    run = LifSimulation(model, np.random.SeedSequence(seed))
    piece = run.run(steps)
    spikes = trains(piece, SIZE)
    assert min(map(len, spikes)) > 15
    # spikes of one step occur, so that the test would notice if they paired with each other
    assert len(np.unique(piece.spike_step)) < len(piece.spike_step) - 10
    assert_sums(run, expected_sums(model, spikes))


@pytest.mark.parametrize("all_pairs", [False, True])
def test_sums_do_not_depend_on_pieces_and_remember_spikes_before_a_reset(all_pairs):
    model = two_populations(3, all_pairs)
    run = LifSimulation(model, np.random.SeedSequence(3))
    before = run.run(777)
    for index in range(len(model.tiles)):
        run.causal(index)[:], run.anticausal(index)[:] = 0.0, 0.0
    pieces = [run.run(steps) for steps in (1, 99, 1500)]
    spikes_before = trains(before, SIZE)
    after = [[step for piece in pieces for step in trains(piece, SIZE)[n]] for n in range(SIZE)]
    every = [old + new for old, new in zip(spikes_before, after, strict=True)]
    both = expected_sums(model, every)
    until_reset = expected_sums(model, spikes_before)
    expected = [tuple(a - b for a, b in zip(*pair, strict=True)) for pair in zip(both, until_reset, strict=True)]
    assert_sums(run, expected)


def regular(size, period, shift):
    """Return neurons that spike every `period` steps by themselves, every second one `shift` steps later."""
    lists = [np.arange(shift * (n % 2), 4000, period) for n in range(size)]
    steps, who = np.concatenate(lists), np.repeat(np.arange(size), [len(each) for each in lists])
    order = np.argsort(steps, kind="stable")
    return steps[order], who[order]


@pytest.mark.parametrize("period", [5, 50, 1000])
@pytest.mark.parametrize("tau", [1.0, 20.0, 100.0])
def test_all_pairs_are_all_of_them_whatever_the_rate_and_the_window(period, tau):
    """Regular trains of 1 to 200 Hz, in steps of 1 ms: the sum over all pairs is a geometric series.

    A train with period p, `shift` after another one, has exp(-shift/tau) / (1 - exp(-p/tau)) earlier partners per
    spike, once that has settled.
    """
    shift, size = 2, 2
    ones = np.ones((1, 1), dtype=np.float32)
    held = SensorModel(
        amplitude_causal=ones,
        amplitude_anticausal=ones,
        tau_causal=np.float32(tau) * ones,
        tau_anticausal=np.float32(tau) * ones,
        all_pairs=True,
    )
    tiles = [TileModel(source=0, target=1, inhibitory=False, weights=0 * ones, sensors=held)]
    steps, who = regular(size, period, shift)
    values = dict.fromkeys(("v_leak", "v_reset", "noise"), 0.0) | {"v_threshold": 1.0, "refractory": 1.0}
    values |= {"tau_mem": 1.0, "tau_exc": 0.05, "tau_inh": 0.05}
    fast = NeuronModel(**{name: np.full(size, value) for name, value in values.items()})
    kick = ExternalModel(
        step=steps, target=who, weight=np.full(len(steps), 100.0), inhibitory=np.zeros(len(steps), dtype=np.int64)
    )
    run = LifSimulation(LifModel(neurons=fast, tiles=tiles, external=kick), np.random.SeedSequence(1))
    spikes = trains(run.run(3000), size)
    # equal additions round alike, so that their errors add up
    rounded = len(spikes[1]) * 2.0**-24
    assert_sums(run, expected_sums(run.model, spikes), ACCURACY + rounded)
    before = float(run.causal(0)[0, 0])
    later = trains(run.run(1000), size)
    settled = math.exp(-shift / tau) / (1.0 - math.exp(-period / tau))
    # what the first 3000 steps have not settled is below exp(-3000 / 100); the difference errs by both sums' roundings
    held_now = float(run.causal(0)[0, 0])
    assert held_now - before == pytest.approx(len(later[1]) * settled, abs=2 * (ACCURACY + rounded) * held_now)


def test_one_tile_pairs_all_and_the_other_nearest_spikes():
    rng = np.random.default_rng(6)
    tiles = [tile(rng, 0, SOURCES, (SOURCES, SIZE - SOURCES), all_pairs=each) for each in (False, True)]
    model = LifModel(neurons=neurons(SIZE), tiles=tiles, background=[background(SIZE, 0.05, 0.8, 6)])
    run = LifSimulation(model, np.random.SeedSequence(6))
    assert_sums(run, expected_sums(model, trains(run.run(3000), SIZE)))


def test_one_pair_by_hand():
    """Pre in step 10, post in step 25: causal A exp(-15/tau), and nothing anti-causal until the next pre spike."""
    one = np.ones((1, 1), dtype=np.float32)
    sensors = SensorModel(
        amplitude_causal=2 * one, amplitude_anticausal=3 * one, tau_causal=20 * one, tau_anticausal=40 * one
    )
    tiles = [TileModel(source=0, target=1, inhibitory=False, weights=0 * one, sensors=sensors)]
    run = LifSimulation(LifModel(neurons=neurons(2), tiles=tiles), np.random.SeedSequence(1))
    for step, neuron in ((10, 0), (25, 1), (60, 0), (60, 1), (100, 1)):
        run.run(step - run.step)
        run.neurons.v[neuron] = 5.0
        if (step, neuron) == (60, 0):
            run.neurons.v[1] = 5.0  # both in one step: each pairs with the other's earlier spike only
    run.run(1)
    assert run.neurons.counts.tolist() == [2, 3]
    causal = 2 * (math.exp(-15 / 20) + math.exp(-50 / 20) + math.exp(-40 / 20))
    assert run.causal(0)[0, 0] == pytest.approx(causal, rel=2e-7)
    assert run.anticausal(0)[0, 0] == pytest.approx(3 * math.exp(-35 / 40), rel=2e-7)


def test_errors_of_a_long_run_grow_as_its_roundings_say():
    model = two_populations(5, False)
    run = LifSimulation(model, np.random.SeedSequence(5))
    spikes = trains(run.run(30_000), SIZE)
    pairs = max(map(len, spikes))
    assert pairs > 350
    expected = expected_sums(model, spikes)
    assert_sums(run, expected, rounding(pairs))
    # without a direction: over all sensors the relative errors average out
    errors = np.concatenate(
        [
            (got / wanted - 1.0).ravel()
            for index, pair in enumerate(expected)
            for got, wanted in zip((run.causal(index), run.anticausal(index)), pair, strict=True)
        ]
    )
    assert abs(errors.mean()) < ACCURACY / 5


def test_exponential_against_the_library():
    x = np.concatenate([np.linspace(0.0, 87.0, 200_001), np.geomspace(1e-9, 1.0, 1001)]).astype(np.float32)

    @numba.njit
    def of_all(values, made):
        for index in range(len(values)):
            made[index] = exp_minus(values[index])

    made = np.empty_like(x)
    of_all(x, made)
    exact = np.array([math.exp(-float(value)) for value in x])
    error = np.abs(made / exact - 1.0)
    assert error[x <= 1.0].max() < 2e-7
    assert error[x <= 10.0].max() < 1e-6
    assert error.max() < 1e-5
    # what is added to a sensor errs, in units of the amplitude, by little more than a rounding of single precision
    assert np.abs(made.astype(np.float64) - exact).max() < 2e-7


@settings(max_examples=50)
@given(st.floats(min_value=87.0, max_value=2.0**100, width=32))
def test_the_exponential_of_long_ago_is_the_smallest_one(x):
    """A neuron that never spiked has an age of 1e15 steps; the exponent bits must not run over."""
    made = float(exp_minus(np.float32(x)))
    assert 0.0 <= made <= math.exp(-float(LARGEST)) * 1.00001

"""Background generators: Poisson trains, counted through currents that do not decay."""

import numpy as np
import pytest
from scipy.stats import chisquare, poisson

from sal_hw_emulator.engines.lif.model import BackgroundModel, LifModel, NeuronModel
from sal_hw_emulator.engines.lif.simulation import LifSimulation

#: a time constant for which a run's length does not count
FOREVER = 1e15


def neurons(size):
    values = {
        "v_leak": 0.0,
        "v_reset": 0.0,
        "v_threshold": 1e18,
        "tau_mem": 100.0,
        "tau_exc": FOREVER,
        "tau_inh": FOREVER,
        "refractory": 10.0,
        "noise": 0.0,
    }
    return NeuronModel(**{name: np.full(size, value) for name, value in values.items()})


def generator(rate, target, *, weight=1.0, inhibitory=0, seed=1):
    target = np.asarray(target, dtype=np.int64)
    return BackgroundModel(
        size=len(target),
        rate=rate,
        target=target,
        weight=np.broadcast_to(np.asarray(weight, dtype=np.float64), target.shape).copy(),
        inhibitory=np.broadcast_to(np.asarray(inhibitory, dtype=np.int64), target.shape).copy(),
        seed=np.random.SeedSequence(seed),
    )


def simulation(size, *generators):
    return LifSimulation(LifModel(neurons=neurons(size), background=generators), np.random.SeedSequence(1))


def counts(run, windows, steps):
    """Return the events of each neuron in windows of `steps` steps, shape (windows, neurons)."""
    totals = [run.neurons.current_exc.copy()]
    for _ in range(windows):
        run.run(steps)
        totals.append(run.neurons.current_exc.copy())
    found = np.diff(totals, axis=0)
    # decay over the run, 1e-15 per step, and rounding leave the counts whole
    np.testing.assert_allclose(found, np.rint(found), rtol=0, atol=1e-6)
    return np.rint(found).astype(np.int64)


@pytest.mark.parametrize(("rate", "steps"), [(0.02, 50), (0.3, 5), (2.5, 1)])
def test_counts_follow_the_poisson_law(rate, steps):
    size, windows = 64, 2000
    found = counts(simulation(size, generator(rate, np.arange(size))), windows, steps)
    mean, n = rate * steps, size * windows
    assert found.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / n))
    # the variance of the estimated variance is (mean + 2 mean^2) / n for a Poisson law
    assert found.var() == pytest.approx(mean, abs=5 * np.sqrt((mean + 2 * mean**2) / n))
    highest = int(poisson.isf(50.0 / n, mean))
    observed = np.bincount(np.minimum(found.ravel(), highest), minlength=highest + 1)
    law = poisson.pmf(np.arange(highest), mean)
    assert chisquare(observed, n * np.append(law, 1.0 - law.sum())).pvalue > 1e-4


def test_trains_and_times_are_independent():
    size, windows = 64, 2000
    found = counts(simulation(size, generator(0.05, np.arange(size), seed=2)), windows, 20)
    correlations = np.corrcoef(found.T)[np.triu_indices(size, k=1)]
    assert (correlations**2).mean() * windows == pytest.approx(1.0, abs=5 * np.sqrt(2.0 / len(correlations)))
    assert correlations.mean() == pytest.approx(0.0, abs=5 / np.sqrt(windows * len(correlations)))
    normal = (found - found.mean()) / found.std()
    for lag in (1, 2):
        assert (normal[lag:] * normal[:-lag]).mean() == pytest.approx(0.0, abs=5 / np.sqrt(normal.size))


def test_an_event_reaches_one_train():
    """If events reached more than one train, the sum of all trains would vary more than a Poisson count."""
    size, windows = 64, 4000
    total = counts(simulation(size, generator(0.05, np.arange(size), seed=3)), windows, 10).sum(axis=1)
    mean = size * 0.05 * 10
    assert total.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / windows))
    assert total.var() == pytest.approx(mean, rel=5 * np.sqrt(2.0 / windows))


def test_trains_without_a_neuron_are_dropped_and_take_nothing_from_the_others():
    windows, target = 2000, np.array([0, -1, 1, -1, -1, 2])
    dropped = counts(simulation(3, generator(0.1, target, seed=4)), windows, 10)
    whole = counts(simulation(6, generator(0.1, np.arange(6), seed=4)), windows, 10)
    np.testing.assert_array_equal(dropped, whole[:, target >= 0])


def test_weights_polarities_and_shared_neurons():
    """Train 0 excites neuron 1 by 0.5; trains 1 and 2 inhibit and excite neuron 0 by 2 and 4."""
    run = simulation(2, generator(0.1, [1, 0, 0], weight=[0.5, 2.0, 4.0], inhibitory=[0, 1, 0], seed=5))
    single = simulation(3, generator(0.1, [0, 1, 2], seed=5))
    run.run(1000)
    events = counts(single, 1, 1000)[0]
    np.testing.assert_allclose(run.neurons.current_exc, [4.0 * events[2], 0.5 * events[0]], rtol=1e-9)
    np.testing.assert_allclose(run.neurons.current_inh, [2.0 * events[1], 0.0], rtol=1e-9)


def test_events_do_not_depend_on_how_a_run_is_cut():
    whole, cut = (simulation(8, generator(0.3, np.arange(8), seed=6)) for _ in range(2))
    whole.run(3000)
    for steps in (1, 1, 2, 996, 500, 0, 1500):
        cut.run(steps)
    np.testing.assert_array_equal(whole.neurons.current_exc, cut.neurons.current_exc)
    np.testing.assert_array_equal(whole.background.upcoming, cut.background.upcoming)


def test_generators_have_streams_of_their_own():
    def of(*generators):
        return counts(simulation(4, *generators), 50, 20)

    first, second = generator(0.2, np.arange(4), seed=7), generator(0.2, np.arange(4), seed=8)
    off = generator(0.0, np.arange(4), seed=9)
    np.testing.assert_array_equal(of(first), of(first))
    assert (of(first) != of(second)).any()
    # another generator, or one that is off, changes nothing for those there are
    np.testing.assert_array_equal(of(first, off, second), of(first) + of(second))
    assert not of(off).any()

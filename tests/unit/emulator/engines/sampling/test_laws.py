"""The engine draws from the law of the model: single neurons, exact Markov chains, Boltzmann distributions."""

import itertools

import numpy as np
import pytest
from scipy import stats

from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate

#: a test with a fixed seed fails at this probability if the engine is right
REJECT = 1e-4

#: lengths of refractory time and PSP, relative to tau
DISCRETISATIONS = {"consistent": (-1, -1), "published": (0, -1), "buesing": (-1, 0), "salnet": (0, 0)}


def build(weights, biases, tau, name="consistent"):
    dead, psp = DISCRETISATIONS[name]
    return SamplingModel(
        weights=np.array(weights, dtype=float),
        biases=np.array(biases, dtype=float),
        tau_ref_steps=tau,
        psp_steps=tau + psp,
        dead_steps=tau + dead,
        state_steps=tau,
    )


def record(model, steps, seed, algorithm):
    """Return a (steps, n) table of spikes."""
    train = np.zeros((steps, model.n_neurons), dtype=bool)

    def sink(when, who):
        train[when, who] = True

    simulate(model, SamplingState.fresh(model.n_neurons, seed), steps, algorithm=algorithm, spike_sink=sink)
    return train


def chi2_p(observed, expected, constraints=1):
    """Return the p-value of counts, cells with an expectation below 10 merged into one."""
    small = expected < 10
    if small.any():
        observed = np.append(observed[~small], observed[small].sum())
        expected = np.append(expected[~small], expected[small].sum())
    return stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), expected.size - constraints)


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize("name", DISCRETISATIONS)
def test_intervals_of_a_free_neuron_are_geometric(name, algorithm):
    model = build([[0.0]], [0.3], 6, name)
    probability = 1 / (1 + 6 * np.exp(-0.3))
    when = np.flatnonzero(record(model, 200_000, 11, algorithm)[:, 0])
    waits = np.diff(when) - model.dead_steps - 1
    assert waits.min() == 0
    observed = np.bincount(waits)
    law = stats.geom.pmf(np.arange(1, observed.size + 1), probability) * waits.size
    tail = stats.geom.sf(observed.size, probability) * waits.size
    assert chi2_p(np.append(observed, 0), np.append(law, tail)) > REJECT
    error = np.sqrt((1 - probability) / probability**2 / waits.size)
    assert waits.mean() == pytest.approx((1 - probability) / probability, abs=4 * error)


class Chain:
    """The Markov chain of the steps since each neuron's last spike."""

    def __init__(self, model):
        self.model = model
        self.oldest = max(model.psp_steps, model.dead_steps, model.state_steps) + 1
        n = model.n_neurons
        self.patterns = np.array(list(itertools.product([0, 1], repeat=n)))
        self.ages = np.array(list(itertools.product(range(1, self.oldest + 1), repeat=n)))

    def index(self, ages):
        """Number the age vectors, last axis first."""
        powers = self.oldest ** np.arange(self.model.n_neurons)[::-1]
        return (ages - 1) @ powers

    def pattern_law(self):
        """Return the probability of each spike pattern after each age vector."""
        model = self.model
        potential = model.biases + (self.ages <= model.psp_steps) @ model.weights
        spike = (self.ages > model.dead_steps) / (1 + model.tau_ref_steps * np.exp(-potential))
        return np.where(self.patterns[None], spike[:, None], 1 - spike[:, None]).prod(axis=2)

    def transitions(self):
        law = self.pattern_law()
        matrix = np.zeros((len(self.ages), len(self.ages)))
        for pattern, column in zip(self.patterns, law.T, strict=True):
            after = np.where(pattern == 1, 1, np.minimum(self.ages + 1, self.oldest))
            np.add.at(matrix, (np.arange(len(self.ages)), self.index(after)), column)
        return matrix

    def observed(self, train):
        """Return for each step the number of the age vector and of the pattern."""
        step = np.arange(len(train))[:, None]
        # a neuron that has not spiked yet is as old as can be
        last = np.maximum.accumulate(np.where(train, step, -self.oldest), axis=0)
        last = np.vstack([np.full(self.model.n_neurons, -self.oldest), last[:-1]])
        before = self.index(np.minimum(step - last, self.oldest))
        return before, train @ (1 << np.arange(self.model.n_neurons)[::-1])


TINY_NETS = [
    ([[0, 1.5], [-1.0, 0]], [0.5, 1.0], 2, "consistent"),
    ([[0, -1.0], [2.0, 0]], [1.0, 0.0], 3, "published"),
    ([[0, 1.0], [1.0, 0]], [0.5, 0.5], 4, "buesing"),
    ([[0, 1, -2], [2, 0, 1], [-1, 1, 0]], [0.5, 1.0, 0.0], 2, "salnet"),
    ([[0, 2, 1], [1, 0, -1], [-1, 1, 0]], [1.0, 0.5, 0.5], 3, "consistent"),
]


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize("net", TINY_NETS)
def test_tiny_networks_follow_their_markov_chain(net, algorithm):
    chain = Chain(build(*net))
    before, pattern = chain.observed(record(chain.model, 60_000, 5, algorithm))
    law = chain.pattern_law()
    observed = np.zeros_like(law)
    np.add.at(observed, (before, pattern), 1)
    expected = observed.sum(axis=1, keepdims=True) * law
    assert not observed[law == 0].any()
    # given the past the patterns of the steps are independent draws, so the statistics of the age vectors add up
    usual = ((expected >= 10) | (law == 0)).all(axis=1)
    cells = usual[:, None] & (law > 0)
    distance = ((observed - expected)[cells] ** 2 / expected[cells]).sum()
    assert observed[usual].sum() > 0.9 * len(before)
    assert stats.chi2.sf(distance, cells.sum() - usual.sum()) > REJECT


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize("net", TINY_NETS)
def test_stationary_patterns_of_tiny_networks(net, algorithm):
    chain = Chain(build(*net))
    transitions = chain.transitions()
    values, vectors = np.linalg.eig(transitions.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary /= stationary.sum()
    # every so many steps the chain has forgotten: what is left of the second eigenvalue is below 1 in 1000
    second = np.sort(np.abs(values))[-2]
    apart = int(np.ceil(np.log(1e-3) / np.log(second)))
    train = record(chain.model, 5_000 * apart, 17, algorithm)[apart - 1 :: apart]
    pattern = train @ (1 << np.arange(train.shape[1])[::-1])
    law = stationary @ chain.pattern_law()
    observed = np.bincount(pattern, minlength=law.size)
    assert chi2_p(observed, law * len(train)) > REJECT
    together = chain.patterns.sum(axis=1) >= 2
    expected = law[together].sum()
    error = np.sqrt(expected * (1 - expected) / len(train))
    assert observed[together].sum() / len(train) == pytest.approx(expected, abs=4 * error)


def target(seed):
    """Draw a symmetric target network of seven neurons with weights and biases in +-1."""
    rng = np.random.default_rng(seed)
    weights = np.triu(2 * rng.beta(1, 1, (7, 7)) - 1, 1)
    return weights + weights.T, 2 * rng.beta(1, 1, 7) - 1


def boltzmann(weights, biases):
    z = np.array(list(itertools.product([0, 1], repeat=len(biases))))
    weight = np.exp(0.5 * np.einsum("si,ij,sj->s", z, weights, z) + z @ biases)
    return weight / weight.sum()


def divergence(model, steps, seed, algorithm="event"):
    state = SamplingState.fresh(model.n_neurons, seed)
    simulate(model, state, 100 * model.tau_ref_steps, algorithm=algorithm)
    counts = simulate(model, state, steps, record_states=True, algorithm=algorithm).state_counts
    p = boltzmann(model.weights, model.biases)
    return float(np.sum(p * np.log(p / (counts / counts.sum()))))


#: KL(target || sampled) of three discretisations at tau 10 and 50, from an independent sampler (8e5 tau each)
KNOWN_DIVERGENCE = {
    ("published", 10): 0.0451,
    ("salnet", 10): 0.0385,
    ("consistent", 10): 0.0055,
    ("published", 50): 0.0023,
    ("salnet", 50): 0.0019,
    ("consistent", 50): 0.00025,
}


@pytest.mark.parametrize(("name", "tau"), KNOWN_DIVERGENCE)
def test_discretisations_deviate_from_the_boltzmann_distribution_as_known(name, tau):
    known = KNOWN_DIVERGENCE[name, tau]
    measured = divergence(build(*target(4242), tau, name), 400_000 * tau, 3)
    # variance of the estimate: 2 KL / n, bias: 127 / (2 n); n = 8e5 samples, of which a third are independent
    samples = 8e5 / 3
    assert measured == pytest.approx(known, abs=4 * np.sqrt(2 * known / samples) + 127 / (2 * samples))


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize("name", DISCRETISATIONS)
def test_states_are_distributed_as_the_exact_chain_says(name, algorithm):
    weights, biases = target(4242)
    model = build(weights[:2, :2], biases[:2], 10, name)
    chain = Chain(model)
    values, vectors = np.linalg.eig(chain.transitions().T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    state = (chain.ages <= model.state_steps) @ np.array([2, 1])
    expected = np.bincount(state, weights=stationary / stationary.sum(), minlength=4)
    counts = simulate(model, SamplingState.fresh(2, 9), 2_000_000, record_states=True, algorithm=algorithm).state_counts
    # samples are half a tau apart; the slowest memory, the second eigenvalue, makes fewer of them count
    forget = np.sort(np.abs(values))[-2] ** (10 // 2)
    independent = counts.sum() * (1 - forget) / (1 + forget)
    error = np.sqrt(expected * (1 - expected) / independent)
    assert (np.abs(counts / counts.sum() - expected) < 4 * error).all()


@pytest.mark.parametrize("algorithm", ["event", "stepped"])
@pytest.mark.parametrize(("n", "tau"), [(2, 20), (4, 50), (6, 100)])
def test_both_algorithms_sample_the_boltzmann_distribution(n, tau, algorithm):
    weights, biases = target(4321)
    model = build(weights[:n, :n], biases[:n], tau)
    measured = divergence(model, 20_000 * tau, 7, algorithm)
    # discretisation: at most 0.0055 (tau / 10)^-2 (the table above); statistics: 2^n / (2 n), a third independent
    assert measured < 0.0055 * (10 / tau) ** 2 + 3 * 2**n / (2 * 40_000 / 3)


@pytest.mark.parametrize("tau", [8, 60])
@pytest.mark.parametrize("n", [5, 20])
def test_both_algorithms_agree(n, tau):
    rng = np.random.default_rng(n)
    model = build(rng.normal(0, 2 / np.sqrt(n), (n, n)), rng.normal(0, 1, n), tau, "salnet")
    window = PairWindow(shape="exponential", tau_steps=tau, pairing="all", coincidence=0.5)
    means, errors = [], []
    for algorithm in ("event", "stepped"):
        state = SamplingState.fresh(n, 23)
        simulate(model, state, 100 * tau, algorithm=algorithm)
        blocks = []
        for _ in range(50):
            # blocks of 200 tau are independent: the network forgets within a few tau
            got = simulate(model, state, 200 * tau, windows=[window], algorithm=algorithm)
            blocks.append(np.concatenate([got.spike_counts, got.causal[0].ravel()]))
        means.append(np.mean(blocks, axis=0))
        errors.append(np.var(blocks, axis=0) / 49)
    score = np.abs(means[0] - means[1])[errors[0] > 0] / np.sqrt(errors[0] + errors[1])[errors[0] > 0]
    # Student's t with about 98 degrees of freedom, Bonferroni over all numbers compared
    assert score.max() < stats.t.isf(REJECT / 2 / score.size, 98)

"""The microcircuit engine: single steps by hand, the laws it rests on, and the textbook program number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textbook_microcircuit import TextbookMicrocircuit

from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at
from sal_hw_studies.engines.microcircuit import (
    MicrocircuitModel,
    MicrocircuitState,
    Phase,
    show_pattern,
    split_weights,
)

TAU, BIAS, COUPLING = 10, -1.0, 0.02
ALWAYS, NEVER = 100.0, -100.0
FREE, NUDGED = Phase(), Phase(nudging=0.6)
LEARNING, ALIGNING = Phase(nudging=0.6, learning=True), Phase(aligning=True)


def model(sizes=(1, 1, 1), average=100, rates=None, down=0.001, coupling=COUPLING, **pairing):
    return MicrocircuitModel(
        sizes=sizes,
        biases=(BIAS,) * (len(sizes) - 1),
        tau_ref_steps=TAU,
        average_steps=average,
        apical_coupling=coupling,
        rates_up=rates or (0.2,) * (len(sizes) - 1),
        rate_down=down,
        window_tau_steps=10.0,
        **pairing,
    )


def drawn(made, seed=1, bound=2.0):
    rng = np.random.default_rng(seed)
    return [
        tuple(rng.uniform(-bound, bound, shape) for shape in shapes) for shapes in (made.up_shapes, made.down_shapes)
    ]


def single(made, w10, w21, b12, seed=1):
    """Return the state of a network of three neurons."""
    up = (np.full((1, 1), w10), np.full((1, 1), w21))
    return MicrocircuitState.fresh(made, up, (np.full((1, 1), b12),), seed)


def show(made, state, phase, steps, *, pattern=0.0, target=0.0, lag=0):
    sizes = made.sizes
    inputs, outputs = np.full(sizes[0], pattern), np.full(sizes[-1], target)
    return show_pattern(made, state, phase, pattern=inputs, target=outputs, steps=steps, lag_steps=lag)


def phi(u):
    return 1.0 / (1.0 + TAU * math.exp(-u))


def test_spikes_move_potentials_within_a_step():
    """Neurons in the order input, hidden, output, interneuron; a mean over one step is the value itself."""
    made = model()
    state = single(made, 3.0, 2.0, -1.5)
    state.potential[:] = ALWAYS, ALWAYS, NEVER, NEVER
    show(made, state, NUDGED, 1, pattern=0.7, target=1.2)
    basal, output = 3.0, -1.0 + 2.0 + 0.6 * (1.2 - 2.0 + 1.0)
    np.testing.assert_allclose(state.potential, [0.7, BIAS + basal, output, BIAS + 2.0], rtol=0, atol=1e-15)
    np.testing.assert_allclose(state.recent[0], [basal, 2.0, BIAS + basal, output], rtol=0, atol=1e-15)
    assert state.last_spike[:2].tolist() == [0, 0]
    assert (state.last_spike[2:] < 0).all()


@pytest.mark.parametrize(
    ("output", "interneuron", "phase", "apical"),
    [
        (ALWAYS, NEVER, FREE, COUPLING * -1.5),
        (NEVER, ALWAYS, FREE, COUPLING * 1.5),
        (ALWAYS, ALWAYS, FREE, 0.0),
        (ALWAYS, NEVER, ALIGNING, -1.5),
        (NEVER, ALWAYS, ALIGNING, 0.0),
    ],
)
def test_the_apical_dendrite_sees_what_interneurons_do_not_predict(output, interneuron, phase, apical):
    made = model()
    state = single(made, 3.0, 2.0, -1.5)
    state.potential[:] = NEVER, NEVER, output, interneuron
    show(made, state, phase, 1)
    assert state.potential[1] == pytest.approx(BIAS + apical, abs=1e-15)


def test_interneurons_are_cut_off_while_feedback_aligns():
    made = model()
    state = single(made, 3.0, 2.0, -1.5)
    state.potential[:] = NEVER, ALWAYS, NEVER, NEVER
    show(made, state, ALIGNING, 1)
    assert state.potential[2:].tolist() == [BIAS + 2.0, BIAS]


def test_a_spike_changes_the_forward_weight_a_step_later():
    """The input spikes in step 0, the means over steps 0 and 1 are those of equal values."""
    made = model()
    state = single(made, 3.0, 2.0, -1.5)
    state.potential[:] = ALWAYS, NEVER, ALWAYS, NEVER
    show(made, state, LEARNING, 1, pattern=NEVER)
    assert split_weights(state.up, made.up_shapes)[0].item() == 3.0
    state.potential[1:] = NEVER
    show(made, state, LEARNING, 1, pattern=NEVER)
    change = 0.2 * (phi(BIAS + 3.0 + COUPLING * -1.5) - phi(BIAS + 3.0))
    np.testing.assert_allclose(state.up, [3.0 + change, 2.0], rtol=0, atol=1e-15)


def _aligned(made, output, hidden, steps):
    """Return the feedback weight after spikes in the steps named; between them nobody spikes."""
    state = single(made, 0.0, 0.0, 1.0)
    for step in range(steps):
        state.potential[:] = NEVER, ALWAYS if step in hidden else NEVER, ALWAYS if step in output else NEVER, NEVER
        show(made, state, ALIGNING, 1)
    return state.down.item()


def _after(*steps):
    return sum(math.exp(-0.1 * n) for n in steps)


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        # output at 0, 12 and 39, hidden neuron at 3, 24 and 39
        ({"all_pairs": False, "earlier_pairs": True}, -_after(3, 12) + _after(9) + _after(15) - _after(27)),
        ({"all_pairs": False, "earlier_pairs": False}, -_after(3, 12) + _after(9)),
        ({"all_pairs": True, "earlier_pairs": True}, -_after(3, 24, 12, 39, 27) + _after(9) + _after(36, 15)),
        ({"all_pairs": True, "earlier_pairs": False}, -_after(3, 24, 12) + _after(9)),
    ],
)
def test_pairs_change_feedback_weights_by_their_order(options, changes):
    """Where both spike in a step, that pair does not count; each with the spikes before does, unless it is hidden."""
    found = _aligned(model(down=0.5, **options), output={0, 12, 39}, hidden={3, 24, 39}, steps=40)
    assert found == pytest.approx(1.0 + 0.5 * changes, abs=1e-14)


def _drift(all_pairs, runs=24, steps=100_000):
    """Return mean and standard error of the change per step between neurons that do not hear each other.

    The hidden neuron is driven from below, the output rests: they are active for shares of 0.5 and 0.27 of the time.
    """
    changes = []
    for seed in range(runs):
        made = model(down=1e-9, all_pairs=all_pairs)
        state = single(made, 1.0, 0.0, 0.0, seed=seed)
        show(made, state, ALIGNING, steps, pattern=ALWAYS)
        changes.append(1e9 * state.down.item() / steps)
    return np.mean(changes), np.std(changes, ddof=1) / math.sqrt(runs)


def test_only_all_pairs_leave_independent_neurons_alone():
    """Of pairs with the last spike only, those that end in a spike of the slower neuron are closer: a drift.

    Between Poisson neurons of rates r and s, the window sees the last spike of s at a mean of s / (s + 1 / tau), so
    that the drift is r s (1 / (r + 1 / tau) - 1 / (s + 1 / tau)), below zero for r > s; refractory times change it by
    tens of percent.
    """
    drift, error = _drift(all_pairs=True)
    assert abs(drift) < 4.0 * error
    hidden, output = 0.5 / TAU, (1.0 / (1.0 + math.e)) / TAU
    expected = hidden * output * (1.0 / (hidden + 0.1) - 1.0 / (output + 0.1))
    drift, error = _drift(all_pairs=False)
    assert drift < -10.0 * error
    assert 0.5 < drift / expected < 2.0


def test_psps_last_as_long_as_neurons_are_silent():
    """A neuron that always wants to spike does so every tau_ref steps, and its PSP never ends."""
    made = model()
    state = single(made, 3.0, 0.0, 0.0)
    state.potential[0] = ALWAYS
    show(made, state, FREE, 96, pattern=ALWAYS)
    assert state.last_spike[0] == 90
    assert (state.recent[:96, 0] == 3.0).all()


def test_the_mean_output_is_that_of_renewal_processes():
    """A neuron is active for a share 1 / (1 + exp(-u)) of the time (Buesing et al. 2011)."""
    made, steps, weight = model(), 400_000, 1.5
    found = show(made, single(made, 0.0, weight, 0.0), FREE, steps + 1000, lag=1000).item()
    p = phi(BIAS)
    mean, variance = TAU - 1 + 1 / p, (1 - p) / p**2
    share = TAU / mean
    assert share == pytest.approx(1.0 / (1.0 + math.exp(-BIAS)))
    deviation = weight * TAU * math.sqrt(variance / (mean**3 * steps))
    assert abs(found - (BIAS + weight * share)) < 4.0 * deviation


def _apical_mean(nudging, target, steps=200_000):
    """Return the mean apical potential, and its standard deviation if output and interneuron are independent."""
    made = model(average=steps)
    state = single(made, 1.0, 2.0, 1.5)
    show(made, state, Phase(nudging=nudging), steps, pattern=1.0, target=target)
    basal, _, soma, _ = state.sums / steps
    share = 0.4
    # PSPs of tau_ref steps at a share of 0.4: at most 2 tau_ref share (1 - share) / steps each
    deviation = 1.5 * math.sqrt(2 * 2 * TAU * share * (1 - share) / steps)
    return (soma - basal - BIAS) / COUPLING, deviation


def test_the_self_predicting_state_holds():
    """Nothing is left in the apical dendrite unless the output is nudged; then the sign is that of the error."""
    mean, deviation = _apical_mean(0.0, 5.0)
    assert abs(mean) < 4.0 * deviation
    for target, sign in ((3.0, 1.0), (-3.0, -1.0)):
        mean, deviation = _apical_mean(0.6, target)
        assert sign * mean > 10.0 * deviation


@pytest.mark.parametrize(("start", "direction"), [(-2.0, 1.0), (6.0, -1.0)])
def test_feedback_weights_move_towards_forward_weights(start, direction):
    made = model(down=0.01)
    state = single(made, 1.0, 2.0, start)
    path = [start]
    for _ in range(4):
        show(made, state, ALIGNING, 20_000, pattern=1.0)
        path.append(state.down.item())
    assert direction * (path[1] - path[0]) > 0.5
    assert abs(path[-1] - 2.0) < 1.0
    assert state.up.tolist() == [1.0, 2.0]


def test_copied_feedback_is_the_forward_weights():
    made = model((2, 3, 2, 1))
    up, _ = drawn(made)
    state = MicrocircuitState.fresh(made, up, tuple(w.T.copy() for w in up[1:]), 1)
    show(made, state, Phase(nudging=0.6, learning=True, copying=True), 2000, pattern=1.0, target=1.0)
    now = split_weights(state.up, made.up_shapes)
    for forward, feedback in zip(now[1:], split_weights(state.down, made.down_shapes), strict=True):
        np.testing.assert_array_equal(forward.T, feedback)
    for before, after in zip(up, now, strict=True):
        assert not np.array_equal(before, after)


class PairedTextbook(TextbookMicrocircuit):
    """The textbook program with lists of all spikes, to pair each of them by the rule at hand."""

    def __init__(self, *arguments, all_pairs=False, earlier_pairs=True, **options):
        super().__init__(*arguments, **options)
        self.all_pairs, self.earlier_pairs = all_pairs, earlier_pairs
        self.spikes = [[[] for _ in range(size)] for size in self.sizes]

    def spike(self, t):
        super().spike(t)
        for spikes, last in zip(self.spikes, self.last, strict=True):
            for neuron in np.flatnonzero(last == t):
                spikes[neuron].append(t)

    def align(self, t):
        for layer in range(1, len(self.sizes) - 1):
            for pre, above in enumerate(self.spikes[layer + 1]):
                for post, own in enumerate(self.spikes[layer]):
                    causal = self.window(above, t) if t in own else 0.0
                    anticausal = self.window(own, t) if t in above else 0.0
                    self.down[layer - 1][pre, post] += self.rate_down * (anticausal - causal)

    def window(self, spikes, t):
        if t in spikes and not self.earlier_pairs:
            return 0.0
        before = [spike for spike in spikes if spike < t]
        return sum(np.exp(-(t - spike) / self.tau) for spike in (before if self.all_pairs else before[-1:]))


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 2, 1), (3, 2, 4, 2, 2)])
@pytest.mark.parametrize(
    ("phase", "pairing"),
    [
        (LEARNING, {}),
        (Phase(nudging=0.6, learning=True, copying=True), {}),
        (Phase(nudging=0.6, aligning=True), {}),
        (Phase(nudging=0.6, aligning=True), {"earlier_pairs": False}),
        (Phase(nudging=0.6, aligning=True), {"all_pairs": True}),
    ],
)
def test_the_textbook_program_computes_the_same(sizes, phase, pairing):
    """Spikes are the same ones, and weights differ by rounding only, from the same random numbers."""
    made = model(sizes, average=50, rates=tuple(0.2 + 0.1 * k for k in range(len(sizes) - 1)), down=0.05, **pairing)
    up, down = drawn(made)
    if phase.copying:
        down = tuple(w.T.copy() for w in up[1:])
    state = MicrocircuitState.fresh(made, up, down, 5)

    def uniform(step):
        counters = step * made.n_neurons + np.arange(made.n_neurons, dtype=np.uint64)
        return np.array([unit_interval(np.uint64(word_at(state.key[0], counter))) for counter in counters])

    textbook = PairedTextbook(
        list(up),
        list(down),
        bias=BIAS,
        tau_ref=TAU,
        average=made.average_steps,
        apical_coupling=COUPLING,
        rates_up=made.rates_up,
        rate_down=made.rate_down,
        draw=uniform,
        **pairing,
    )
    rng = np.random.default_rng(3)
    for lag in (0, 30):
        pattern, target = rng.uniform(-1.0, 2.0, sizes[0]), rng.uniform(-1.0, 1.0, sizes[-1])
        show_pattern(made, state, phase, pattern=pattern, target=target, steps=250, lag_steps=lag)
        for step in range(250):
            learn = phase.learning and step >= lag
            textbook.step(pattern, target, 0.6, learn=learn, copy=phase.copying and learn, align=phase.aligning)
    assert np.array_equal(state.last_spike, np.concatenate(textbook.last + textbook.last_inter))
    np.testing.assert_allclose(state.potential, np.concatenate(textbook.u + textbook.u_inter), rtol=0, atol=1e-11)
    np.testing.assert_allclose(state.up, np.concatenate([w.ravel() for w in textbook.up]), rtol=0, atol=1e-11)
    np.testing.assert_allclose(state.down, np.concatenate([w.ravel() for w in textbook.down]), rtol=0, atol=1e-11)
    moved, start = (state.up, up) if phase.learning else (state.down, down)
    assert not np.array_equal(moved, np.concatenate([w.ravel() for w in start]))


@given(
    cut=st.integers(1, 4999),
    phase=st.sampled_from([LEARNING, Phase(nudging=0.3, aligning=True)]),
    all_pairs=st.booleans(),
)
@settings(max_examples=20)
def test_cutting_a_run_changes_nothing(cut, phase, all_pairs):
    made = model((2, 3, 2, 1), average=100, all_pairs=all_pairs)
    whole, pieces = (MicrocircuitState.fresh(made, *drawn(made), 7) for _ in range(2))
    show(made, whole, phase, 5000, pattern=1.0, target=0.5)
    show(made, pieces, phase, cut, pattern=1.0, target=0.5)
    pieces = MicrocircuitState.from_arrays(pieces.to_arrays())
    show(made, pieces, phase, 5000 - cut, pattern=1.0, target=0.5)
    for name, array in whole.to_arrays().items():
        assert array.tobytes() == pieces.to_arrays()[name].tobytes(), name


def test_a_fork_leaves_its_origin_alone():
    made = model()
    state = single(made, 1.0, 2.0, 1.5)
    show(made, state, LEARNING, 500, pattern=1.0)
    before, fork = state.to_arrays(), state.fork(9)
    show(made, fork, LEARNING, 500, pattern=1.0)
    for name, array in state.to_arrays().items():
        assert array.tobytes() == before[name].tobytes()
    assert not np.array_equal(fork.recent, state.recent)


def test_moving_averages_do_not_drift():
    made = model(average=10)
    state = single(made, 1e3, 1e-3, 0.1)
    show(made, state, FREE, 50_000, pattern=1.0)
    np.testing.assert_allclose(state.sums, state.recent.sum(axis=0), rtol=0, atol=1e-9)


def test_misfits_are_refused():
    with pytest.raises(ValueError, match="three layers"):
        model((2, 1))
    with pytest.raises(ValueError, match="learning rate"):
        model((1, 1, 1), rates=(0.1,))
    made = model()
    with pytest.raises(ValueError, match="shapes"):
        MicrocircuitState.fresh(made, (np.zeros((1, 1)),), (np.zeros((1, 1)),), 1)
    with pytest.raises(ValueError, match="finite"):
        single(made, math.nan, 1.0, 1.0)
    with pytest.raises(ValueError, match="lag"):
        show(made, single(made, 1.0, 1.0, 1.0), FREE, 10, lag=10)
    wide = model((2, 1, 1))
    state = MicrocircuitState.fresh(wide, *drawn(wide), 1)
    with pytest.raises(ValueError, match="2 potentials"):
        show_pattern(wide, state, FREE, pattern=np.zeros(1), target=np.zeros(1), steps=5, lag_steps=0)

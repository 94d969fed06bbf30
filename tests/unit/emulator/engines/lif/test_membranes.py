"""Membranes, thresholds, refractory times and the delivery of events, against the equations solved by hand.

tau_mem dv/dt = v_leak - v + I_exc - I_inh and tau_syn dI/dt = -I, in steps; see ``engines/lif/advance.py`` for the
order of events within a step.
"""

import numpy as np
import pytest
from scipy.linalg import expm

from sal_hw_emulator.engines.lif.membranes import bell, next_xorshift
from sal_hw_emulator.engines.lif.model import ExternalModel, LifModel, NeuronModel, TileModel
from sal_hw_emulator.engines.lif.simulation import LifSimulation

QUIET = 1e9


def neurons(size=1, **changed):
    values = {
        "v_leak": 0.0,
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": 100.0,
        "tau_exc": 50.0,
        "tau_inh": 50.0,
        "refractory": 20.0,
        "noise": 0.0,
    } | changed
    return NeuronModel(**{name: np.full(size, value, dtype=np.float64) for name, value in values.items()})


def events(step, weight, target=None):
    step, weight = np.asarray(step), np.asarray(weight, dtype=np.float64)
    return ExternalModel(
        step=step.astype(np.int64),
        target=np.zeros(len(step), dtype=np.int64) if target is None else np.asarray(target, dtype=np.int64),
        weight=np.abs(weight),
        inhibitory=(weight < 0.0).astype(np.int64),
    )


def simulation(model_neurons, seed=1, **options):
    size = len(model_neurons.v_leak)
    options = {"membrane": np.arange(size), "membrane_every": 1} | options
    return LifSimulation(LifModel(neurons=model_neurons, **options), np.random.SeedSequence(seed))


def propagator(tau_mem, tau_exc, tau_inh):
    """Return the matrix exponential of one step of (v, I_exc, I_inh), a method the engine does not use."""
    generator = np.array(
        [[-1 / tau_mem, 1 / tau_mem, -1 / tau_mem], [0.0, -1 / tau_exc, 0.0], [0.0, 0.0, -1 / tau_inh]]
    )
    return expm(generator)


@pytest.mark.parametrize(
    ("tau_mem", "tau_exc", "tau_inh"),
    [
        (100.0, 50.0, 20.0),
        (10.0, 30.0, 200.0),
        (50.0, 50.0, 50.0),  # the limit of equal time constants
        (50.0, 50.0 * (1 + 1e-6), 50.0 * (1 - 1e-6)),  # nearly equal: the formula loses digits, but few
        (1.5, 1.5 * (1 + 1e-8), 1.0),
    ],
)
def test_a_step_is_the_matrix_exponential(tau_mem, tau_exc, tau_inh):
    run = simulation(
        neurons(v_leak=-60.0, v_threshold=QUIET, tau_mem=tau_mem, tau_exc=tau_exc, tau_inh=tau_inh),
        external=events([0, 0, 7, 31, 31], [3.0, -1.25, 0.5, -2.0, 4.0]),
    )
    got = run.run(200).membrane[:, 0]
    step_matrix = propagator(tau_mem, tau_exc, tau_inh)
    state, expected = np.zeros(3), []
    arriving = {0: (0.0, 3.0, 1.25), 7: (0.0, 0.5, 0.0), 31: (0.0, 4.0, 2.0)}
    for step in range(200):
        state = step_matrix @ state
        expected.append(-60.0 + state[0])
        state = state + np.array(arriving.get(step, (0.0, 0.0, 0.0)))
    # the nearly equal time constants lose as many digits as they have in common: 1e-16 / 1e-6, times 50 steps
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-8)
    if tau_mem == 100.0:
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_a_psp_has_its_closed_form():
    got = simulation(neurons(v_threshold=QUIET), external=events([0], [2.0])).run(1000).membrane[:, 0]
    time = np.arange(1000)  # an event of a step acts from its end on; sample k is taken k + 1 steps after step 0 began
    expected = 2.0 * 50.0 / (50.0 - 100.0) * (np.exp(-time / 50.0) - np.exp(-time / 100.0))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13)


def test_currents_die_out_without_subnormal_numbers():
    run = simulation(neurons(tau_exc=2.0, tau_inh=2.0), external=events([0, 0], [1.0, -1.0]))
    run.run(2000)
    assert run.neurons.current_exc.tolist() == [0.0]
    assert run.neurons.current_inh.tolist() == [0.0]


def expected_intervals(drive, refractory):
    """Return the first spike's step and the interval of a constantly driven neuron, reset to 0, threshold 1.

    After m free steps v = drive (1 - exp(-m / 100)); the spike falls into the m-th free step, the next free step is
    `refractory` steps after it.
    """
    free_steps = int(np.floor(-100.0 * np.log(1.0 - 1.0 / drive))) + 1
    return free_steps, free_steps + max(1, refractory) - 1


@pytest.mark.parametrize("refractory", [0, 1, 2, 20, 333])
@pytest.mark.parametrize("drive", [1.05, 1.7, 40.0])
def test_spikes_of_a_constant_drive(drive, refractory):
    model = neurons(v_leak=drive, refractory=refractory)
    run = simulation(model)
    run.neurons.v[:] = 0.0  # the engine starts at the leak potential, here the reset potential
    piece = run.run(3000)
    first, interval = expected_intervals(drive, refractory)
    expected = np.arange(first - 1, 3000, interval)
    np.testing.assert_array_equal(piece.spike_step, expected)
    assert run.neurons.counts.tolist() == [len(expected)]


def test_a_membrane_at_its_threshold_does_not_spike():
    """The condition is strict, as in Brian2's `v > v_threshold`."""
    run = simulation(neurons(v_leak=1.0))
    assert len(run.run(50).spike_step) == 0
    assert run.neurons.v.tolist() == [1.0]


def test_refractory_membranes_are_held_and_their_currents_decay():
    run = simulation(neurons(refractory=30.0), external=events([0, 12], [1000.0, 5.0]))
    piece = run.run(80)
    spike = int(piece.spike_step[0])
    held = (piece.membrane_step >= spike) & (piece.membrane_step < spike + 30)
    assert held.sum() == 30
    assert (piece.membrane[held, 0] == 0.0).all()
    # the current went on decaying meanwhile: the first free step moves by what is left of both events
    left = 1000.0 * np.exp(-(spike + 29) / 50.0) + 5.0 * np.exp(-(spike + 29 - 12) / 50.0)
    push = propagator(100.0, 50.0, 50.0)[0, 1]
    run_on = simulation(neurons(refractory=30.0, v_threshold=QUIET))
    run_on.neurons.current_exc[:] = left
    assert run_on.run(1).membrane[0, 0] == pytest.approx(push * left, rel=1e-12)
    np.testing.assert_array_equal(np.diff(piece.spike_step)[:1], [30])  # it spikes again in its first free step


@pytest.mark.parametrize("refractory", [5, 40])
def test_a_reset_above_the_threshold_does_not_spike_while_refractory(refractory):
    """Chips allow it; such a neuron spikes once per refractory time, not in every step."""
    run = simulation(neurons(v_leak=2.0, v_reset=1.5, refractory=refractory))
    np.testing.assert_array_equal(run.run(1000).spike_step, np.arange(0, 1000, refractory))


def test_a_spike_acts_from_the_next_step_on_with_the_sign_of_its_tile():
    """A neuron that is made to spike in step 3 drives one neuron up, another down, by its two rows."""
    weights = np.array([[0.25, 0.0], [0.0, 0.75]], dtype=np.float32)
    tiles = [
        TileModel(source=0, target=1, inhibitory=False, weights=weights[:1]),
        TileModel(source=0, target=1, inhibitory=True, weights=weights[1:]),
    ]
    run = simulation(neurons(3, refractory=500.0), tiles=tiles)
    run.run(3)
    run.neurons.v[0] = 2.0
    piece = run.run(60)
    assert piece.spike_step.tolist() == [3]
    assert piece.spike_neuron.tolist() == [0]
    time = piece.membrane_step - 3
    psp = np.where(time >= 0, 50.0 / (50.0 - 100.0) * (np.exp(-time / 50.0) - np.exp(-time / 100.0)), 0.0)
    np.testing.assert_allclose(piece.membrane[:, 1], 0.25 * psp, rtol=0, atol=1e-14)
    np.testing.assert_allclose(piece.membrane[:, 2], -0.75 * psp, rtol=0, atol=1e-14)


def test_membrane_samples_stand_at_multiples_of_their_interval():
    whole = simulation(neurons(v_leak=0.5, v_threshold=QUIET), external=events([5], [1.0]))
    sparse = simulation(neurons(v_leak=0.5, v_threshold=QUIET), external=events([5], [1.0]), membrane_every=7)
    full = whole.run(100)
    pieces = [sparse.run(30), sparse.run(70)]
    steps = np.concatenate([piece.membrane_step for piece in pieces])
    np.testing.assert_array_equal(steps, np.arange(0, 100, 7))
    np.testing.assert_array_equal(np.concatenate([piece.membrane for piece in pieces]), full.membrane[steps])


def test_joint_states_count_steps_within_the_state_time_of_a_spike():
    """Two neurons, one spikes in step 10, the other in step 14; each is 1 in `state_steps` steps from its spike on."""
    run = simulation(
        neurons(2, refractory=200.0), state=np.arange(2), state_steps=np.array([6.0, 3.0]), membrane_every=0
    )
    states = run.run(10).states.copy()
    run.neurons.v[0] = 2.0
    states += run.run(4).states
    run.neurons.v[1] = 2.0
    states += run.run(20).states
    both, only_first, only_second = 2, 4, 1
    assert states.tolist() == [34 - both - only_first - only_second, only_second, only_first, both]


@pytest.mark.parametrize(
    "tau_mem",
    [
        pytest.param(1000.0),
        5.0,
    ],
)
def test_the_membranes_noise_has_the_deviation_that_is_asked_for(tau_mem):
    size, sigma = 4000, 0.3
    run = simulation(neurons(size, v_threshold=QUIET, tau_mem=tau_mem, noise=sigma), membrane_every=1)
    run.run(int(5 * tau_mem))
    v = run.run(1).membrane[0]
    # independent neurons: the estimate of a deviation has relative error 1/sqrt(2 size), 1.1 %; five times that.
    # Five time constants after the start the variance is short of exp(-10).
    assert v.std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * size))
    assert v.mean() == pytest.approx(0.0, abs=5 * sigma / np.sqrt(size))


def test_the_membranes_noise_is_that_of_an_ornstein_uhlenbeck_process():
    size, sigma, lag = 4000, 0.3, 40
    run = simulation(neurons(size, v_threshold=QUIET, noise=sigma))
    run.run(600)
    v = run.run(lag + 1).membrane
    correlation = np.corrcoef(v[0], v[lag])[0, 1]
    # Fisher: the error of a correlation is (1 - r^2)/sqrt(size), here 0.87 %
    assert correlation == pytest.approx(np.exp(-lag / 100.0), abs=5 * (1 - np.exp(-0.8)) / np.sqrt(size))
    # nearly Gaussian: kurtosis 3 within its error sqrt(24 / size); the sum over a time constant hides the bell's tails
    standard = v[0] / v[0].std()
    assert (standard**4).mean() == pytest.approx(3.0, abs=5 * np.sqrt(24 / size))


def test_the_bell_has_unit_variance_no_correlations_and_limited_tails():
    word, drawn = np.uint64(0x9E3779B97F4A7C15), np.empty(200_000)
    for index in range(len(drawn)):
        word = np.uint64(next_xorshift(word))
        drawn[index] = bell(word)
    error = 1 / np.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(0.0, abs=5 * error)
    # kurtosis of a sum of four uniform numbers is 3 - 1.2 / 4 = 2.7, so the variance's error is sqrt(1.7 / n)
    assert drawn.var() == pytest.approx(1.0, abs=5 * np.sqrt(1.7) * error)
    assert (drawn**4).mean() == pytest.approx(2.7, abs=0.05)
    assert np.abs(drawn).max() <= 3.4642
    for lag in (1, 2, 3):
        assert (drawn[lag:] * drawn[:-lag]).mean() == pytest.approx(0.0, abs=5 * error)

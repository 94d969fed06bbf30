"""A run does not depend on how it is cut, saved and restored; a seed gives the same bytes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif import simulation as simulation_module
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    ExternalModel,
    KernelModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.simulation import LifSimulation

SIZE, HALF = 12, 6
STEPS = 1000


def neurons():
    values = {
        "v_leak": 1.2,
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": 100.0,
        "tau_exc": 50.0,
        "tau_inh": 30.0,
        "refractory": 17.0,
        "noise": 0.2,
    }
    return NeuronModel(**{name: np.full(SIZE, value) for name, value in values.items()})


def plastic_tile(rng, kernel, order, *, source, target, number):
    shape = (HALF, HALF)

    def full(value):
        return np.full(shape, value, dtype=np.float32)

    code = rng.integers(0, 64, shape).astype(np.float32)
    return TileModel(
        source=source,
        target=target,
        inhibitory=number == 1,
        weights=code * np.float32(0.01),
        sensors=SensorModel(
            amplitude_causal=full(3.0), amplitude_anticausal=full(3.0), tau_causal=full(80.0), tau_anticausal=full(90.0)
        ),
        plastic=PlasticModel(
            processor=number,
            order=rng.permutation(HALF),
            kernel=number,
            code=code,
            strength=full(0.01),
            baseline_causal=full(190.0),
            baseline_anticausal=full(188.0),
            noise_causal=full(2.0),
            noise_anticausal=full(2.0),
            constants=np.full((len(order), *shape), 189.0, dtype=np.float32),
        ),
    )


def network():
    """Everything at once: noise, generators, given spikes, two processors, stochastic rounding, all records."""
    rng = np.random.default_rng(11)
    kernels, tiles = [], []
    for number, polarity in enumerate(("excitatory", "inhibitory")):
        kernel = learning_kernel(
            polarity=polarity, width=16, rounding="stochastic", balanced=False, sal_gain=0.2, sleep_gain=0.01
        )
        steps, order = steps_of(kernel)
        kernels.append(KernelModel(steps=steps, draws=kernel.random_draws))
        source = number * HALF
        tiles.append(plastic_tile(rng, order, order, source=source, target=HALF - source, number=number))
    return LifModel(
        neurons=neurons(),
        tiles=tiles,
        background=[
            BackgroundModel(
                size=SIZE,
                rate=0.1,
                target=np.where(np.arange(SIZE) % 5 == 4, -1, np.arange(SIZE)),
                weight=np.full(SIZE, 0.3),
                inhibitory=np.full(SIZE, sign),
                seed=np.random.SeedSequence([12, sign]),
            )
            for sign in (0, 1)
        ],
        external=ExternalModel(
            step=np.sort(rng.integers(0, STEPS, 200)),
            target=rng.integers(0, SIZE, 200),
            weight=rng.uniform(0.0, 0.5, 200),
            inhibitory=rng.integers(0, 2, 200),
        ),
        kernels=kernels,
        processors=[
            ProcessorModel(start=40.0, period=90.5, row_time=11.3),
            ProcessorModel(start=0.0, period=50.0, row_time=9.0),
        ],
        membrane=np.arange(0, SIZE, 2),
        membrane_every=7,
        state=np.arange(4),
        state_steps=np.full(4, 17.0),
    )


def start(seed=1):
    return LifSimulation(network(), np.random.SeedSequence(seed))


def outcome(pieces, run):
    """Return all that was recorded and the whole state, as arrays."""
    joined = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("spike_step", "spike_neuron", "membrane", "membrane_step")
    }
    states = np.sum([piece.states for piece in pieces], axis=0)
    return joined | {"states": states, "steps": sum(piece.steps for piece in pieces)} | run.to_arrays()


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


@pytest.fixture(scope="module")
def whole():
    run = start()
    return outcome([run.run(STEPS)], run)


def test_the_network_does_all_that_could_depend_on_cuts(whole):
    assert len(whole["spike_step"]) > 100
    assert (whole["progress"][:, 3] >= 10).all()
    assert whole["progress"][:, 4].tolist() == [0, 10]  # six rows of 9 steps do not fit into 50
    assert whole["external_done"][0] == 200
    assert (whole["code"] != start().to_arrays()["code"]).sum() > HALF * HALF
    assert (whole["states"] > 0).sum() > 3
    assert whole["states"].sum() == STEPS


def test_two_pieces(whole):
    run = start()
    assert_same(outcome([run.run(300), run.run(700)], run), whole)


@settings(max_examples=40)
@given(st.lists(st.integers(0, STEPS), max_size=8), st.integers(0, 8))
def test_cut_anywhere_and_moved_to_another_simulation(cuts, moved):
    run, pieces = start(), []
    edges = [0, *sorted(cuts), STEPS]
    for place, (begin, end) in enumerate(itertools.pairwise(edges)):
        pieces.append(run.run(end - begin))
        if place == moved:
            arrays, run = run.to_arrays(), start(seed=99)
            run.from_arrays(arrays)
    reference = start()
    assert_same(outcome(pieces, run), outcome([reference.run(STEPS)], reference))


def test_step_by_step(whole):
    run = start()
    assert_same(outcome([run.run(1) for _ in range(STEPS)], run), whole)


def test_a_full_record_of_spikes_is_handed_over_without_loss(whole, monkeypatch):
    monkeypatch.setattr(simulation_module, "SPIKES_PER_PIECE", 5)
    run = start()
    assert_same(outcome([run.run(STEPS)], run), whole)


def test_saved_arrays_are_copies(whole):
    run = start()
    first = run.run(300)
    arrays = run.to_arrays()
    kept = {name: array.copy() for name, array in arrays.items()}
    run.run(500)
    assert_same(arrays, kept)
    run.from_arrays(arrays)
    assert_same(outcome([first, run.run(700)], run), whole)


def test_a_seed_gives_the_same_bytes_and_another_seed_others(whole):
    again, other = start(), start(seed=2)
    again_outcome, other_outcome = outcome([again.run(STEPS)], again), outcome([other.run(STEPS)], other)
    for name, values in whole.items():
        assert np.asarray(again_outcome[name]).tobytes() == np.asarray(values).tobytes()
    assert not np.array_equal(other_outcome["v"], whole["v"])
    assert not np.array_equal(other_outcome["code"], whole["code"])


def test_nothing_happens_in_no_steps():
    run = start()
    before = run.to_arrays()
    piece = run.run(0)
    assert (piece.steps, len(piece.spike_step), len(piece.membrane), int(piece.states.sum())) == (0, 0, 0, 0)
    assert_same(run.to_arrays(), before)

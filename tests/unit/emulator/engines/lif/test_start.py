"""What processors do before the first update: sensors are found charged, and are emptied and measured if asked for."""

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    KernelModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    SensorModel,
    StartModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.simulation import LifSimulation

SHAPE, READS = (6, 40), 256


def network(start_of, *, noise=0.0, charge=60.0):
    """Silent neurons; baselines are anything from 180 to 200, and the balance is anything from 1/2 to 2."""
    rng = np.random.default_rng(3)
    kernel = learning_kernel(
        polarity="excitatory", width=16, rounding="symmetric", balanced=True, sal_gain=0.5, residual=True
    )
    steps, order = steps_of(kernel)
    constants = np.zeros((len(order), *SHAPE), dtype=np.float32)
    constants[order.index("balance")] = rng.integers(32, 129, SHAPE)
    baselines = [rng.uniform(180.0, 200.0, SHAPE).astype(np.float32) for _ in range(2)]

    def full(value):
        return np.full(SHAPE, value, dtype=np.float32)

    tile = TileModel(
        source=0,
        target=0,
        inhibitory=False,
        weights=full(0.0),
        sensors=SensorModel(
            amplitude_causal=full(1), amplitude_anticausal=full(1), tau_causal=full(90), tau_anticausal=full(90)
        ),
        plastic=PlasticModel(
            processor=0,
            order=np.arange(SHAPE[0]),
            kernel=0,
            code=full(30.0),
            strength=full(0.0),
            baseline_causal=baselines[0],
            baseline_anticausal=baselines[1],
            noise_causal=full(noise),
            noise_anticausal=full(noise),
            constants=constants,
            charge_causal=full(charge),
            charge_anticausal=full(0.0),
        ),
    )
    size = max(SHAPE)
    model = LifModel(
        neurons=NeuronModel(
            **{name: np.zeros(size) for name in ("v_leak", "v_reset", "noise")},
            **{name: np.full(size, 90.0) for name in ("v_threshold", "tau_mem", "tau_exc", "tau_inh", "refractory")},
        ),
        tiles=[tile],
        kernels=[KernelModel(steps=steps, draws=0, start=start_of(order))],
        processors=[ProcessorModel(start=10.0, period=100.0, row_time=1.0)],
    )
    return model, order, baselines


def measuring(order):
    places = {name: order.index(name) for name in ("baseline_causal", "baseline_anticausal", "residual")}
    return StartModel(reads=READS, places=places, balance=order.index("balance"))


def test_without_a_start_the_first_update_learns_from_what_sensors_are_found_with():
    model, _, _ = network(lambda _: None)
    found = LifSimulation(model, np.random.SeedSequence(1))
    assert (found.causal(0) == 60.0).all()
    clean = LifSimulation(network(lambda _: StartModel())[0], np.random.SeedSequence(1))
    assert not clean.causal(0).any()


def test_measured_baselines_are_known_to_their_standard_error():
    model, order, baselines = network(measuring, noise=1.5)
    constants = dict(zip(order, LifSimulation(model, np.random.SeedSequence(1)).constants(0), strict=True))
    ratio = constants["balance"] / 64.0
    held = (constants["baseline_anticausal"] - ratio * constants["baseline_causal"]) + constants["residual"] / 32.0
    off = held - (baselines[1] - ratio * baselines[0])
    # 1.5 LSB over the root of 256 reads of either branch, and half a step of 1 / 32; 240 synapses
    expected = np.sqrt(np.mean(1.0 + ratio**2)) * 1.5 / 16.0
    assert np.sqrt(np.mean(off**2)) == pytest.approx(expected, rel=0.15)
    assert abs(off.mean()) < 4 * expected / np.sqrt(off.size)


def test_silent_synapses_keep_their_weights_with_measured_baselines():
    """Without noise a reading is the baseline that was measured, however sensors were charged."""
    for charge in (0.0, 150.0):
        simulation = LifSimulation(network(measuring, charge=charge)[0], np.random.SeedSequence(1))
        simulation.run(1000)
        assert (simulation.codes(0) == 30.0).all()


def test_measuring_changes_no_other_random_numbers():
    noisy = [network(start, noise=1.5)[0] for start in (measuring, lambda _: StartModel())]
    words = [LifSimulation(model, np.random.SeedSequence(5)).readout.noise_words for model in noisy]
    np.testing.assert_array_equal(*words)


def test_a_checkpoint_keeps_what_was_measured():
    model, _, _ = network(measuring, noise=1.5)
    first = LifSimulation(model, np.random.SeedSequence(1))
    first.run(150)
    other = LifSimulation(replace(model), np.random.SeedSequence(2))
    other.from_arrays(first.to_arrays())
    np.testing.assert_array_equal(other.constants(0), first.constants(0))
    first.run(500)
    other.run(500)
    np.testing.assert_array_equal(other.codes(0), first.codes(0))

"""Noise and given spikes: times in steps, weights per neuron, and where they go on a chip."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.passes.compile import compile_network
from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import FromFile, Normal, Table

TARGETS = ("ideal", "brainscales2")


def spike_list(chip, rows, weight=1.0):
    table = Table(values=np.array(rows, dtype=np.float64).reshape(-1, 2))
    return SpikeList(name="given", target="hidden", spikes=table, weight=chip.constant(weight))


@pytest.mark.parametrize("target", TARGETS)
def test_spikes_are_in_steps_and_in_order_of_time(chip, target):
    rows = [(3.0, 1), (0.5, 0), (3.0, 0), (12.3, 1)]
    (found,) = compile_network(chip.network(stimuli=(spike_list(chip, rows, -2.0),)), target=target).stimuli
    np.testing.assert_array_equal(found.step, [5, 30, 30, 123])
    # spikes of the same time keep the order of the list
    np.testing.assert_array_equal(found.neuron, [0, 1, 0, 1])
    np.testing.assert_array_equal(found.weights, [-2.0, -2.0])


def test_spikes_reach_the_chip_in_its_own_time(chip):
    program = chip.compiled(chip.network(stimuli=(spike_list(chip, [(0.5, 0), (12.3, 1)]),)))
    (source,) = program.chip.external
    assert (source.name, source.population) == ("given", "hidden")
    np.testing.assert_allclose(source.time_us, [0.5, 12.3])
    np.testing.assert_array_equal(source.neuron, [0, 1])


def test_spikes_of_a_file_are_looked_up_below_the_folder(chip, tmp_path):
    np.save(tmp_path / "spikes.npy", np.array([[2.0, 1.0], [1.0, 0.0]]))
    stimulus = SpikeList(name="given", target="hidden", spikes=FromFile(file="spikes.npy"), weight=chip.constant(1.0))
    (found,) = compile_network(chip.network(stimuli=(stimulus,)), target="ideal", folder=tmp_path).stimuli
    np.testing.assert_array_equal(found.step, [10, 20])
    np.testing.assert_array_equal(found.neuron, [0, 1])


@pytest.mark.parametrize("target", TARGETS)
def test_noise_keeps_rate_seed_and_a_weight_per_neuron(chip, target):
    noise = (
        PoissonNoise(name="one", target="visible", rate_hz=50.0, weight=chip.weights(1.0, -2.0), seed=5),
        PoissonNoise(name="other", target="hidden", rate_hz=0.0, weight=chip.constant(0.5)),
    )
    one, other = compile_network(chip.network(stimuli=noise), target=target).stimuli
    assert (one.name, one.population, one.rate_hz, one.seed, one.code) == ("one", "visible", 50.0, 5, None)
    np.testing.assert_array_equal(one.weights, [1.0, -2.0])
    assert (other.rate_hz, other.seed) == (0.0, None)
    np.testing.assert_array_equal(other.weights, [0.5, 0.5])


def test_noise_of_both_signs_shares_a_generator(chip):
    noise = PoissonNoise(name="mixed", target="visible", rate_hz=50.0, weight=chip.weights(1.0, -2.0), seed=5)
    program = chip.compiled(chip.network(stimuli=(noise,)))
    (source,) = program.chip.background
    assert (source.name, source.size, source.seed) == ("mixed", 2, 5)
    assert source.rate_hz == pytest.approx(50e3)
    tiles = {tile.polarity: tile for tile in program.chip.tiles_of("mixed")}
    np.testing.assert_array_equal(tiles["excitatory"].exists, np.diag([True, False]))
    np.testing.assert_array_equal(tiles["inhibitory"].exists, np.diag([False, True]))


def test_a_population_on_both_hemispheres_has_a_generator_on_each(chip):
    noise = PoissonNoise(name="noise", target="visible", rate_hz=5.0, weight=chip.constant(1.0))
    spec = chip.network(
        260,
        2,
        forward={"weight": chip.constant(0.0)},
        feedback={"weight": chip.constant(0.0)},
        stimuli=(noise,),
    )
    program = chip.compiled(spec)
    assert [(source.hemisphere, source.size) for source in program.chip.background] == [(0, 256), (1, 4)]
    assert sum(int(tile.exists.sum()) for tile in program.chip.tiles_of("noise")) == 260


def test_drawn_weights_of_a_stimulus_depend_on_its_name_and_the_seed(chip):
    def weights(name, seed):
        drawn = Normal(std=1.0, unit="mV")
        noise = PoissonNoise(name=name, target="visible", rate_hz=50.0, weight=drawn)
        return compile_network(chip.network(stimuli=(noise,)), target="ideal", seed=seed).stimuli[0].weights

    np.testing.assert_array_equal(weights("one", 1), weights("one", 1))
    assert not np.array_equal(weights("one", 1), weights("one", 2))
    assert not np.array_equal(weights("one", 1), weights("other", 1))


@pytest.mark.parametrize("target", TARGETS)
def test_constant_drives_are_part_of_the_neurons(chip, target):
    drive = ConstantDrive(name="drive", target="hidden", amplitude=chip.weights(1.0, 2.0))
    program = compile_network(chip.network(stimuli=(drive,)), target=target)
    assert program.stimuli == ()
    np.testing.assert_array_equal(program.neuron_block("hidden").biases, [1.0, 2.0])
    record = next(item for item in program.trace if item.name == "realize_stimuli")
    assert record.counts == {"stimuli": 0.0}


@pytest.mark.parametrize("target", TARGETS)
def test_events_onto_sampling_neurons_are_refused_all_at_once(target):
    weight = Table(values=np.array([1.0]))
    stimuli = (
        PoissonNoise(name="noise", target="visible", rate_hz=5.0, weight=weight),
        ConstantDrive(name="drive", target="visible", amplitude=weight),
        SpikeList(name="given", target="visible", spikes=Table(values=np.array([[1.0, 0]])), weight=weight),
    )
    population = Population(name="visible", size=1, neuron=SamplingNeuron(tau_ref_ms=10.0))
    with pytest.raises(InputError) as caught:
        compile_network(NetworkSpec(timestep_ms=0.1, populations=(population,), stimuli=stimuli), target=target)
    assert {problem.code for problem in caught.value.problems} == {"E222"}
    assert len(caught.value.problems) == 2
    assert all("lif" in problem.allowed for problem in caught.value.problems)

"""Noise and given spikes: times in steps and weights per neuron."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.passes.compile import compile_network
from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, FromFile, Normal, Table

TARGETS = ("ideal", "brainscales2")


NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=4.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-70.0,
    v_threshold_mv=-50.0,
)


def mv(*values):
    """Return one number for all neurons, or one for each."""
    return Constant(value=values[0], unit="mV") if len(values) == 1 else Table(values=np.array(values), unit="mV")


def compiled(*stimuli, target="ideal", **options):
    """Return the program of two populations of two neurons with these stimuli."""
    populations = tuple(Population(name=name, size=2, neuron=NEURON) for name in ("visible", "hidden"))
    network = NetworkSpec(timestep_ms=0.1, populations=populations, stimuli=stimuli)
    return compile_network(network, target=target, **options)


def spike_list(rows, weight=1.0):
    table = Table(values=np.array(rows, dtype=np.float64).reshape(-1, 2))
    return SpikeList(name="given", target="hidden", spikes=table, weight=mv(weight))


@pytest.mark.parametrize("target", TARGETS)
def test_spikes_are_in_steps_and_in_order_of_time(target):
    rows = [(3.0, 1), (0.5, 0), (3.0, 0), (12.3, 1)]
    (found,) = compiled(spike_list(rows, -2.0), target=target).stimuli
    np.testing.assert_array_equal(found.step, [5, 30, 30, 123])
    # spikes of the same time keep the order of the list
    np.testing.assert_array_equal(found.neuron, [0, 1, 0, 1])
    np.testing.assert_array_equal(found.weights, [-2.0, -2.0])


def test_spikes_of_a_file_are_looked_up_below_the_folder(tmp_path):
    np.save(tmp_path / "spikes.npy", np.array([[2.0, 1.0], [1.0, 0.0]]))
    stimulus = SpikeList(name="given", target="hidden", spikes=FromFile(file="spikes.npy"), weight=mv(1.0))
    (found,) = compiled(stimulus, folder=tmp_path).stimuli
    np.testing.assert_array_equal(found.step, [10, 20])
    np.testing.assert_array_equal(found.neuron, [0, 1])


@pytest.mark.parametrize("target", TARGETS)
def test_noise_keeps_rate_seed_and_a_weight_per_neuron(target):
    noise = (
        PoissonNoise(name="one", target="visible", rate_hz=50.0, weight=mv(1.0, -2.0), seed=5),
        PoissonNoise(name="other", target="hidden", rate_hz=0.0, weight=mv(0.5)),
    )
    one, other = compiled(*noise, target=target).stimuli
    assert (one.name, one.population, one.rate_hz, one.seed, one.code) == ("one", "visible", 50.0, 5, None)
    np.testing.assert_array_equal(one.weights, [1.0, -2.0])
    assert (other.rate_hz, other.seed) == (0.0, None)
    np.testing.assert_array_equal(other.weights, [0.5, 0.5])


def test_drawn_weights_of_a_stimulus_depend_on_its_name_and_the_seed():
    def weights(name, seed):
        drawn = Normal(std=1.0, unit="mV")
        noise = PoissonNoise(name=name, target="visible", rate_hz=50.0, weight=drawn)
        return compiled(noise, seed=seed).stimuli[0].weights

    np.testing.assert_array_equal(weights("one", 1), weights("one", 1))
    assert not np.array_equal(weights("one", 1), weights("one", 2))
    assert not np.array_equal(weights("one", 1), weights("other", 1))


@pytest.mark.parametrize("target", TARGETS)
def test_constant_drives_are_part_of_the_neurons(target):
    drive = ConstantDrive(name="drive", target="hidden", amplitude=mv(1.0, 2.0))
    program = compiled(drive, target=target)
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

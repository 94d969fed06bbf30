"""Populations get places, biases and one timing; networks that no engine runs are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.passes.draft import Draft
from sal_hw.passes.realize_neurons import realize_neurons, sampling_timing
from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import LifNeuron, Neuron, SamplingNeuron
from sal_hw.spec.stimulus import ConstantDrive
from sal_hw.spec.values import Constant, Table
from sal_hw.target.description import TargetDescription

TARGET = TargetDescription(family="made-up", summary="", capabilities=(), limits={})
SAMPLING = SamplingNeuron(tau_ref_ms=10.0, bias=Constant(value=0.5))
LIF = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-70.0,
    v_threshold_mv=-50.0,
)


def lowered(*neurons: Neuron, timestep_ms: float = 0.5, **parts: Any) -> Draft:
    """Lower populations p0, p1, ... of one neuron, two neurons, and so on."""
    populations = tuple(
        Population(name=f"p{number}", size=number + 1, neuron=neuron) for number, neuron in enumerate(neurons)
    )
    spec = NetworkSpec(timestep_ms=timestep_ms, populations=populations, **parts)
    return realize_neurons(Draft(spec=spec, target=TARGET, seed=1, folder=None))


def refused(*neurons: Neuron) -> str:
    with pytest.raises(InputError) as caught:
        lowered(*neurons)
    (problem,) = caught.value.problems
    assert (problem.code, "made-up" in problem.allowed) == ("E304", True)
    return problem.field


@pytest.mark.parametrize(
    ("name", "psp", "dead", "coincidence"),
    [("consistent", 29, 19, 0.5), ("published", 29, 20, 0.0), ("buesing", 30, 19, 0.5), ("salnet", 30, 20, 0.5)],
)
def test_lengths_of_the_discretizations(name: Discretization, psp: int, dead: int, coincidence: float) -> None:
    found = sampling_timing(name, 20, 30)
    assert (found.tau_ref_steps, found.psp_steps, found.dead_steps) == (20, psp, dead)
    assert (found.state_steps, found.coincidence) == (20, coincidence)


def test_a_psp_is_as_long_as_the_refractory_time_unless_it_says_otherwise() -> None:
    alike, longer = lowered(SAMPLING).timing, lowered(replace(SAMPLING, tau_syn_ms=15.0)).timing
    assert alike is not None
    assert longer is not None
    assert (alike.psp_steps, longer.psp_steps) == (19, 29)


def test_blocks_follow_each_other() -> None:
    draft = lowered(SAMPLING, SAMPLING, SAMPLING)
    assert [(block.population, block.offset, block.size) for block in draft.neurons] == [
        ("p0", 0, 1),
        ("p1", 1, 2),
        ("p2", 3, 3),
    ]
    assert draft.trace[-1].counts == {"neurons": 6.0}


def test_constant_drives_add_to_the_biases_of_their_population() -> None:
    drives = (
        ConstantDrive(name="one", target="p1", amplitude=Table(values=np.array([1.0, 2.0]))),
        ConstantDrive(name="more", target="p1", amplitude=Constant(value=-0.25)),
    )
    draft = lowered(SAMPLING, SAMPLING, stimuli=drives)
    assert draft.neurons[0].biases.tolist() == [0.5]
    assert draft.neurons[1].biases.tolist() == [1.25, 2.25]


def test_lif_neurons_keep_their_parameters_and_have_no_timing() -> None:
    draft = lowered(LIF, replace(LIF, tau_mem_ms=30.0))
    assert draft.timing is None
    assert [block.lif.tau_mem_ms for block in draft.neurons if block.lif] == [10.0, 30.0]
    assert [block.biases.tolist() for block in draft.neurons] == [[0.0], [0.0, 0.0]]


def test_one_model_and_one_timing_per_network() -> None:
    assert refused(SAMPLING, LIF) == "populations.p1.neuron.model"
    assert refused(SAMPLING, SAMPLING, replace(SAMPLING, tau_ref_ms=20.0)) == "populations.p2.neuron"
    assert refused(SAMPLING, replace(SAMPLING, tau_syn_ms=20.0)) == "populations.p1.neuron"

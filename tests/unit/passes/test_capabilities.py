"""Which part of a network wants a capability, by its field."""

from __future__ import annotations

import pytest

from sal_hw.contracts.capability import Capability, all_capabilities
from sal_hw.passes import capabilities
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.plasticity import SalRule, WakeSleepRule
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe, StateProbe, WeightProbe
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, FromFile

ONE = Constant(value=1.0)
OWN = [item for item in vars(capabilities).values() if isinstance(item, Capability)]

#: everything that a network can have; no target takes it all
SPEC = NetworkSpec(
    timestep_ms=0.1,
    populations=(
        Population(name="cells", size=1, neuron=SamplingNeuron(tau_ref_ms=10.0)),
        Population(
            name="others",
            size=1,
            neuron=LifNeuron(
                tau_mem_ms=10.0,
                tau_syn_exc_ms=5.0,
                tau_syn_inh_ms=5.0,
                tau_ref_ms=2.0,
                v_rest_mv=-65.0,
                v_reset_mv=-70.0,
                v_threshold_mv=-50.0,
            ),
        ),
    ),
    projections=(
        Projection(name="there", source="cells", target="others", weight=ONE),
        Projection(name="back", source="others", target="cells", weight=ONE, delay_ms=1.5),
    ),
    plasticity=(
        WakeSleepRule(
            name="learn",
            projection="there",
            learning_rate=0.1,
            bias_learning_rate=0.1,
            update_every_ms=100.0,
            tau_ms=10.0,
        ),
        SalRule(
            name="align",
            forward="there",
            backward="back",
            learning_rate=0.1,
            update_every_ms=100.0,
            tau_causal_ms=10.0,
            tau_anticausal_ms=10.0,
        ),
    ),
    stimuli=(
        ConstantDrive(name="drive", target="cells", amplitude=ONE),
        PoissonNoise(name="noise", target="others", rate_hz=1.0, weight=ONE),
        SpikeList(name="given", target="others", spikes=FromFile(file="spikes.npy"), weight=ONE),
    ),
    probes=(
        WeightProbe(projection="there"),
        SpikeProbe(population="cells"),
        StateProbe(population="cells"),
        MembraneProbe(population="others", every_ms=1.0),
        CorrelationProbe(projection="back"),
    ),
)
#: who wants it, and the field that says so
WANTED = {
    "sampling": ("population cells", ("populations", "cells", "neuron", "model")),
    "lif": ("population others", ("populations", "others", "neuron", "model")),
    "delays": ("projection back", ("projections", 1, "delay")),
    "wake_sleep": ("rule learn", ("plasticity", 0, "kind")),
    "plasticity": ("rule align", ("plasticity", 1, "kind")),
    "constant_drive": ("stimulus drive", ("stimuli", 0, "kind")),
    "poisson_noise": ("stimulus noise", ("stimuli", 1, "kind")),
    "spike_lists": ("stimulus given", ("stimuli", 2, "kind")),
    "record_spikes": ("the spikes probe of cells", ("probes", 1, "kind")),
    "record_states": ("the states probe of cells", ("probes", 2, "kind")),
    "record_membrane": ("the membrane probe of others", ("probes", 3, "kind")),
    "record_correlation": ("the correlation probe of back", ("probes", 4, "kind")),
}


@pytest.mark.parametrize("capability", OWN, ids=lambda item: item.name)
def test_each_part_wants_one(capability: Capability) -> None:
    wants = list(capability.wanted(SPEC))
    # where a target lacks signed weights, a pass splits them
    assert [(want.who, want.path) for want in wants] == [
        WANTED[name] for name in [capability.name] if name != "signed_weights"
    ]


def test_the_value_is_what_stands_there() -> None:
    found = {item.name: [want.value for want in item.wanted(SPEC)] for item in OWN}
    assert (found["delays"], found["lif"], found["record_states"]) == (["1.5 ms"], ["lif"], ["states"])


def test_an_empty_network_wants_nothing() -> None:
    empty = NetworkSpec(timestep_ms=0.1, populations=())
    assert not [want for item in OWN for want in item.wanted(empty)]


def test_all_are_registered() -> None:
    registered = {item.name for item in all_capabilities()}
    assert {item.name for item in OWN} == {*WANTED, "signed_weights"} <= registered

"""What a target refuses, and whether the words help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sal_hw.errors import InputError, Problem
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.draft import Draft
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw.spec.values import Constant
from sal_hw_brainscales2.description import brainscales2_description

NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-70.0,
    v_threshold_mv=-50.0,
)
FORWARD = Projection(name="forward", source="visible", target="hidden", weight=Constant(value=1.0))
BACKWARD = Projection(name="backward", source="hidden", target="visible", weight=Constant(value=1.0))
RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="backward",
    learning_rate=0.01,
    update_every_ms=1000.0,
    tau_causal_ms=5.0,
    tau_anticausal_ms=5.0,
)
MEMBRANE = MembraneProbe(population="hidden", every_ms=1.0)


def network(visible: int = 4, hidden: int = 4, **parts: Any) -> NetworkSpec:
    populations = tuple(
        Population(name=name, size=size, neuron=NEURON) for name, size in (("visible", visible), ("hidden", hidden))
    )
    return replace(
        NetworkSpec(timestep_ms=0.1, populations=populations, projections=(FORWARD, BACKWARD), plasticity=(RULE,)),
        **parts,
    )


def check(spec: NetworkSpec) -> None:
    check_capabilities(Draft(spec=spec, target=brainscales2_description, seed=0, folder=None))


def refused(spec: NetworkSpec) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        check(spec)
    return caught.value.problems


def test_a_network_that_fits() -> None:
    check(network(probes=(SpikeProbe(population="hidden"),)))
    check(network(256, 256))
    check(network(probes=(MEMBRANE,), plasticity=()))


def test_a_delay_is_refused_with_what_to_do() -> None:
    (problem,) = refused(network(projections=(FORWARD, replace(BACKWARD, delay_ms=1.5))))
    assert (problem.code, problem.field, problem.value) == ("E302", "projections[1].delay", '"1.5 ms"')
    assert "'delays'" in problem.allowed
    assert "projection backward" in problem.allowed
    assert "set delay: 0 ms" in (problem.hint or "")


def test_one_neuron_too_many_names_limit_and_source() -> None:
    (problem,) = refused(network(257, 256, projections=(), plasticity=()))
    assert (problem.code, problem.field, problem.value) == ("E304", "populations", "513 neurons")
    assert problem.allowed == "at most 512 neurons on brainscales2 (halco, hicann-dls/vx/neuron.h)"


def test_one_update_period_per_program() -> None:
    rules = (RULE, replace(RULE, name="slow", update_every_ms=2000.0))
    (problem,) = refused(network(plasticity=rules))
    assert (problem.code, problem.value) == ("E304", "2 update intervals")


@pytest.mark.parametrize("enabled", [True, False])
def test_learning_excludes_recorded_membranes(enabled: bool) -> None:
    probes = (SpikeProbe(population="visible"), MEMBRANE)
    (problem,) = refused(network(plasticity=(replace(RULE, enabled=enabled),), probes=probes))
    assert (problem.code, problem.field) == ("E306", "probes[1].kind")
    assert "the membrane probe of hidden does not go together with rule alignment on brainscales2" in problem.allowed
    assert "drives the CADC" in problem.allowed
    assert problem.hint == "leave out the membrane probe of hidden or rule alignment"


def test_all_findings_at_once() -> None:
    spec = network(400, 400, projections=(replace(FORWARD, delay_ms=1.0), BACKWARD), probes=(MEMBRANE,))
    assert sorted(problem.code for problem in refused(spec)) == ["E302", "E304", "E304", "E306"]


def test_a_refusal_names_the_targets_that_can_run_the_recipe() -> None:
    late = replace(BACKWARD, delay_ms=1.0)
    (problem,) = refused(network(projections=(FORWARD, late)))
    able = "targets that have all that it needs: spinnaker1, spinnaker2"
    assert problem.code == "E302"
    assert problem.allowed.endswith(able)
    sampling = SamplingNeuron(tau_ref_ms=10.0, bias=Constant(value=0.0))
    mixed = (Population(name="visible", size=4, neuron=sampling), Population(name="hidden", size=4, neuron=sampling))
    (*_, problem) = refused(network(populations=mixed, projections=(FORWARD, late)))
    assert problem.allowed.endswith("no installed target has it all")

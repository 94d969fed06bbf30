"""Specifications that were built in Python get the same codes as recipes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.protocols import AlignProtocol
from sal_hw.spec.validate import cross_check, validate
from sal_hw.spec.values import Constant, Table

NEURON = SamplingNeuron(tau_ref_ms=10.0, bias=Constant(value=0.1))
LOWER = Population(name="lower", size=3, neuron=NEURON)
FORWARD = Projection(name="forward", source="lower", target="upper", weight=Constant(value=1.0))
BACKWARD = Projection(name="backward", source="upper", target="lower", weight=Constant(value=1.0))
RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="backward",
    learning_rate=0.01,
    update_every_ms=600.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=10.0,
)
NETWORK = NetworkSpec(
    timestep_ms=0.2,
    populations=(LOWER, Population(name="upper", size=2, neuron=NEURON)),
    projections=(FORWARD, BACKWARD),
    plasticity=(RULE,),
)
PROTOCOL = AlignProtocol(duration_ms=6000.0)


def found(network: Any, protocol: Any = PROTOCOL) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        validate(network, protocol)
    assert str(caught.value).replace("\n", "").isprintable()
    return [(problem.code, problem.field) for problem in caught.value.problems]


def test_valid() -> None:
    validate(NETWORK)
    validate(NETWORK, PROTOCOL)
    assert cross_check(NETWORK, PROTOCOL, 3) == []


def lower(**changes: Any) -> NetworkSpec:
    return replace(NETWORK, populations=(replace(LOWER, **changes), *NETWORK.populations[1:]))


def forward(**changes: Any) -> NetworkSpec:
    return replace(NETWORK, projections=(replace(FORWARD, **changes), BACKWARD))


def rule(**changes: Any) -> NetworkSpec:
    return replace(NETWORK, plasticity=(replace(RULE, **changes),))


BIAS = "populations[0].neuron.bias"
WRONG = [
    (replace(NETWORK, timestep_ms=0.0), "E214", "timestep_ms"),
    (replace(NETWORK, timestep_ms=math.nan), "E207", "timestep_ms"),
    (replace(NETWORK, timestep_ms="0.2 ms"), "E203", "timestep_ms"),
    (replace(NETWORK, timestep_ms=10**5000), "E214", "timestep_ms"),
    (replace(NETWORK, discretization="exact"), "E204", "discretization"),
    (lower(size=1.5), "E203", "populations[0].size"),
    (lower(size=0), "E214", "populations[0].size"),
    (lower(name="9"), "E208", "populations[0].name"),
    (lower(neuron=replace(NEURON, tau_ref_ms=-1.0)), "E214", "populations[0].neuron.tau_ref_ms"),
    (lower(neuron=replace(NEURON, tau_ref_ms=math.inf)), "E207", "populations[0].neuron.tau_ref_ms"),
    (lower(neuron=None), "E203", "populations[0].neuron"),
    (lower(neuron=replace(NEURON, bias=0.5)), "E203", BIAS),
    (lower(neuron=replace(NEURON, bias=[1, 2, 3])), "E203", BIAS),
    (lower(neuron=replace(NEURON, bias=Constant(value=math.nan))), "E207", f"{BIAS}.value"),
    (lower(neuron=replace(NEURON, bias=Table(values=np.array([1, np.nan, 2])))), "E207", f"{BIAS}.values"),
    (
        lower(neuron=replace(NEURON, bias=Table(values=np.array([True, False, True])))),
        "E203",
        f"{BIAS}.values",
    ),
    (lower(neuron=replace(NEURON, bias=Table(values=np.ones(2)))), "E219", "populations.lower.neuron.bias"),
    (lower(neuron=replace(NEURON, tau_ref_ms=10.1)), "E215", "populations.lower.neuron.tau_ref_ms"),
    (forward(target="uper"), "E216", "projections[0].target"),
    (forward(name="backward"), "E217", "projections[1].name"),
    (forward(weight=Table(values=np.ones((2, 3)))), "E219", "projections[0].weight"),
    (forward(weight=Constant(value=1.0, unit="mV")), "E206", "projections[0].weight"),
    (forward(weight=Constant(value=-1.0), receptor="excitatory"), "E220", "projections[0].weight"),
    (forward(delay_ms=0.3), "E215", "projections[0].delay_ms"),
    (rule(learning_rate=0.0), "E214", "plasticity[0].learning_rate"),
    (rule(backward="forward"), "E218", "plasticity[0].backward"),
    (rule(enabled=1), "E203", "plasticity[0].enabled"),
    (rule(window="square"), "E204", "plasticity[0].window"),
]


@pytest.mark.parametrize(("network", "code", "field"), WRONG)
def test_wrong_network(network: NetworkSpec, code: str, field: str) -> None:
    assert (code, field) in found(network)


def test_wrong_protocol() -> None:
    assert found(NETWORK, AlignProtocol(duration_ms=6001.0)) == [("E215", "experiment.duration_ms")]
    assert found(NETWORK, AlignProtocol(duration_ms=0.0)) == [("E214", "experiment.duration_ms")]
    assert found(NETWORK, 5) == [("E203", "experiment")]


def test_wrong_objects() -> None:
    for wrong in (None, 5, "x", {}, [], object()):
        assert found(wrong)


def test_all_findings_come_at_once() -> None:
    network = replace(lower(size=0), timestep_ms=0.0, plasticity=(replace(RULE, learning_rate=-1.0),))
    assert {code for code, _ in found(network, AlignProtocol(duration_ms=math.nan))} == {"E214", "E207"}
    assert len(found(network, AlignProtocol(duration_ms=math.nan))) == 4


def test_numpy_numbers() -> None:
    validate(rule(learning_rate=np.float64(0.01)))
    assert found(lower(size=np.int64(3))) == [("E203", "populations[0].size")]


def test_seed() -> None:
    assert [problem.code for problem in cross_check(NETWORK, PROTOCOL, -1)] == ["E223"]


def test_lif_units() -> None:
    cell = LifNeuron(
        tau_mem_ms=20.0,
        tau_syn_exc_ms=5.0,
        tau_syn_inh_ms=5.0,
        tau_ref_ms=2.0,
        v_rest_mv=-65.0,
        v_reset_mv=-70.0,
        v_threshold_mv=-50.0,
    )
    assert [code for code, _ in found(lower(neuron=cell))] == ["E205"]

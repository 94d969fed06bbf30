"""Weight matrices: their order, which synapses exist, their bounds, and signs that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.contracts.stored_weights import weight_findings
from sal_hw.errors import InputError
from sal_hw.passes.compile import compile_network
from sal_hw.passes.draft import Draft
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.program import SynapseBlock
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.values import Constant, FromFile, Normal, Table
from sal_hw.target.description import TargetDescription

TARGET = TargetDescription(family="made-up", summary="", capabilities=(), limits={})
POPULATIONS = tuple(
    Population(name=name, size=size, neuron=SamplingNeuron(tau_ref_ms=10.0))
    for name, size in (("two", 2), ("three", 3))
)


def lowered(*, folder: Path | None = None, seed: int = 1, **fields: Any) -> SynapseBlock:
    """Return the synapses of a projection from two neurons to three."""
    projection = Projection(**{"name": "w", "source": "two", "target": "three", **fields})
    spec = NetworkSpec(timestep_ms=1.0, populations=POPULATIONS, projections=(projection,))
    (block,) = realize_weights(Draft(spec=spec, target=TARGET, seed=seed, folder=folder)).synapses
    return block


def test_tables_are_pre_by_post() -> None:
    table = np.arange(6.0).reshape(2, 3)
    block = lowered(weight=Table(values=table))
    np.testing.assert_array_equal(block.weights, table)
    assert block.exists.all()


def test_generators_run_over_pre_first() -> None:
    # the order of draws is that of the code that goes with arXiv 2503.02642: rows over post
    block = lowered(weight=Normal(std=2.0, seed=5))
    draws = np.random.default_rng(5).normal(0.0, 2.0, (3, 2))
    np.testing.assert_array_equal(block.weights, draws.T)


def test_generators_without_a_seed_follow_the_run_and_the_name() -> None:
    drawn = [lowered(weight=Normal(), seed=seed, name=name).weights for seed, name in ((1, "w"), (2, "w"), (1, "v"))]
    np.testing.assert_array_equal(drawn[0], lowered(weight=Normal()).weights)
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_one_to_one_connects_each_to_its_own() -> None:
    block = lowered(target="two", connectivity="one_to_one", weight=Table(values=np.array([3.0, -4.0])))
    # neuron i of a recurrent projection does not reach itself unless that is asked for
    assert not block.exists.any()
    own = {"target": "two", "connectivity": "one_to_one", "self_connections": True}
    block = lowered(**own, weight=Table(values=np.array([3.0, -4.0])))
    np.testing.assert_array_equal(block.weights, np.diag([3.0, -4.0]))
    np.testing.assert_array_equal(block.exists, np.eye(2, dtype=bool))


@pytest.mark.parametrize("itself", [False, True])
def test_self_connections(itself: bool) -> None:
    block = lowered(target="two", weight=Constant(value=1.0), self_connections=itself)
    np.testing.assert_array_equal(block.exists, np.ones((2, 2), dtype=bool) if itself else ~np.eye(2, dtype=bool))
    np.testing.assert_array_equal(block.weights, block.exists.astype(float))


def test_edges_of_a_file_exist_and_nothing_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "edges.npz", pre=np.array([0, 1]), post=np.array([2, 0]), weight=np.array([0.5, 0.0]))
    block = lowered(weight=FromFile(file="edges.npz"), connectivity="sparse", folder=tmp_path)
    np.testing.assert_array_equal(block.weights, [[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    # an edge of weight 0 exists and may learn
    np.testing.assert_array_equal(block.exists, [[False, False, True], [True, False, False]])


@pytest.mark.parametrize(
    ("receptor", "given", "bounds"),
    [
        ("signed", {}, (None, None)),
        ("excitatory", {}, (0.0, None)),
        ("inhibitory", {}, (None, 0.0)),
        ("excitatory", {"weight_min": 0.5, "weight_max": 2.0}, (0.5, 2.0)),
    ],
)
def test_learning_keeps_the_sign_of_the_receptor(
    receptor: str, given: dict[str, float], bounds: tuple[float | None, float | None]
) -> None:
    block = lowered(weight=Constant(value=given.get("weight_min", 0.0)), receptor=receptor, **given)
    assert (block.weight_min, block.weight_max) == bounds


@pytest.mark.parametrize(("receptor", "value"), [("excitatory", -1.0), ("inhibitory", 1.0)])
def test_a_weight_of_the_other_sign_is_refused_by_its_place(receptor: str, value: float) -> None:
    table = np.zeros((2, 3))
    table[1, 2] = value
    with pytest.raises(InputError) as caught:
        lowered(weight=Table(values=table), receptor=receptor)
    assert (caught.value.code, caught.value.field) == ("E220", "projections[0].weight")
    assert caught.value.value == f"{value:g} from 1 to 2"
    assert "1 of 6" in caught.value.problems[0].allowed


@pytest.mark.parametrize("source", ["drawn", "table", "file", "edges"])
def test_a_weight_outside_of_its_bounds_is_refused_wherever_it_comes_from(source: str, tmp_path: Path) -> None:
    table = np.array([[0.1, 0.0, 0.2], [0.0, -1.5, 0.3]])
    np.save(tmp_path / "table.npy", table)
    np.savez(tmp_path / "edges.npz", pre=np.array([0, 1]), post=np.array([0, 1]), weight=np.array([0.1, -1.5]))
    weight: dict[str, Any] = {
        "drawn": {"weight": Normal(std=2.0, seed=5)},
        "table": {"weight": Table(values=table)},
        "file": {"weight": FromFile(file="table.npy")},
        "edges": {"weight": FromFile(file="edges.npz"), "connectivity": "sparse"},
    }[source]
    with pytest.raises(InputError) as caught:
        lowered(**weight, weight_min=-1.0, weight_max=1.0, folder=tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("E214", "projections[0].weight")
    drawn = np.random.default_rng(5).normal(0.0, 2.0, (3, 2)).T
    wrong, total = (int((np.abs(drawn) > 1.0).sum()), 6) if source == "drawn" else (1, 2 if source == "edges" else 6)
    assert f"{wrong} of {total} weights of w are outside" in problem.allowed


def test_synaptic_noise_is_cut_at_the_bounds_and_counted() -> None:
    noisy = {"weight": Normal(std=0.2, noise_std=1.0, seed=5), "weight_min": -1.0, "weight_max": 1.0}
    projection = Projection(**{"name": "w", "source": "two", "target": "three", **noisy})
    network = NetworkSpec(timestep_ms=1.0, populations=POPULATIONS, projections=(projection,))
    program = compile_network(network, target="ideal", seed=1)
    rng = np.random.default_rng(5)
    drawn = (rng.normal(0.0, 0.2, (3, 2)) + rng.normal(0.0, 1.0, (3, 2))).T
    np.testing.assert_array_equal(program.synapse_block("w").weights, np.clip(drawn, -1.0, 1.0))
    (finding,) = weight_findings(program)
    assert (finding.kind, finding.severity) == ("weights_clipped", "degraded")
    assert finding.count == (np.abs(drawn) > 1.0).sum() > 0
    with pytest.raises(InputError) as caught:
        compile_network(network, target="ideal", seed=1, strict=True)
    assert caught.value.code == "E214"


def test_a_synapse_that_does_not_exist_has_no_bounds() -> None:
    fields: dict[str, Any] = {"target": "two", "weight": Constant(value=0.5), "weight_min": 0.2, "weight_max": 1.0}
    assert lowered(**fields).exists.tolist() == [[False, True], [True, False]]

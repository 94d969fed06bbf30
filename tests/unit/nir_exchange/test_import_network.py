"""What is taken over of a graph, in the units that were named, and which nodes are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nir_graphs import cuba, exported, loop, nir, refused, write

from sal_hw.nir_exchange.import_network import import_network


def test_seconds_and_volts_become_milliseconds_and_millivolts(tmp_path: Path) -> None:
    in_seconds = {"tau_syn": 0.005, "tau_mem": 0.01, "w_in": 0.005, "v_leak": -0.065, "v_threshold": -0.05}
    nodes, edges = loop(**in_seconds, v_reset=-0.065)
    nodes["b"] = cuba(**in_seconds, v_reset=-0.065)
    path = write(tmp_path / "si.nir", nodes, edges)
    network = import_network(path, time_unit="s", voltage_unit="V").network
    a, up = network.population("a"), next(item for item in network.projections if item.name == "up")
    assert (a.tau_mem_ms, a.tau_syn_ms) == (10.0, 5.0)
    assert a.v_leak_mv.tolist() == [-65.0, -65.0]
    # 0.5 V times 1000; the matrix is (post, pre) in the file
    np.testing.assert_allclose(up.weights_mv, [[500.0, 0.0], [-250.0, 2000.0]], rtol=1e-15)


def test_resistance_and_input_weight_are_part_of_the_weights(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["b"] = cuba(r=np.array([2.0, 3.0]), w_in=np.array([5.0, 10.0]))
    network = import_network(write(tmp_path / "r.nir", nodes, edges), time_unit="ms").network
    up = next(item for item in network.projections if item.name == "up")
    # W r w_in / tau_syn: neuron 0 of b has 2 x 1, neuron 1 has 3 x 2
    np.testing.assert_allclose(up.weights_mv, (np.array([[0.5, -0.25], [0.0, 2.0]]) * [[2.0], [6.0]]).T, rtol=1e-15)


def test_the_bias_of_an_affine_node_is_a_constant_drive(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["up"] = nir.Affine(weight=np.eye(2), bias=np.array([0.1, 0.2]))
    network = import_network(write(tmp_path / "affine.nir", nodes, edges), time_unit="ms").network
    # a constant input b makes the current w_in b, and the drive r w_in b
    np.testing.assert_allclose(network.population("b").v_leak_mv, [0.5, 1.0], rtol=1e-15)


@pytest.mark.parametrize(
    ("node", "changes", "words"),
    [
        ("a", {"tau_mem": np.array([10.0, 11.0])}, "equal tau_mem"),
        ("a", {"v_leak": np.array([0.0, np.nan])}, "finite"),
        ("up", {"weight": np.ones((3, 2))}, "2 x 2"),
        ("up", {"weight": np.array([[np.inf, 0.0], [0.0, 0.0]])}, "finite"),
    ],
)
def test_what_networks_here_cannot_have_is_refused(
    tmp_path: Path, node: str, changes: dict[str, Any], words: str
) -> None:
    nodes, edges = loop(**({} if node == "up" else changes), **({"weight": changes["weight"]} if node == "up" else {}))
    error = refused(write(tmp_path / "bad.nir", nodes, edges))
    assert (error.code, error.field) == ("E412", f"node {node}")
    assert words in error.problems[0].allowed


def test_nodes_of_other_types_are_refused_by_name(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["membrane"] = nir.LIF(**{name: np.ones(2) for name in ("tau", "r", "v_leak", "v_threshold", "v_reset")})
    error = refused(write(tmp_path / "lif.nir", nodes, edges))
    assert (error.code, error.field) == ("E412", "node membrane")
    assert "this is LIF" in error.problems[0].allowed


def test_units_are_never_guessed(tmp_path: Path) -> None:
    path, _, _ = exported(tmp_path)
    for options, field in (
        ({"time_unit": "minutes"}, "time-unit"),
        ({"time_unit": "s"}, "time-unit"),
        ({"time_unit": "ms", "voltage_unit": "V"}, "voltage-unit"),
    ):
        error = refused(path, **options)
        assert (error.code, error.field) == ("E413", field)

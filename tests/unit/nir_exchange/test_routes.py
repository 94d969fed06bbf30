"""Ways from one population to the next: matrices, delays and direct edges between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from nir_graphs import cuba, loop, nir, refused, write

from sal_hw.nir_exchange.import_network import import_network


def test_delays_add_up_and_direct_edges_connect_one_to_one(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {"early": nir.Delay(delay=np.full(2, 1.5)), "late": nir.Delay(delay=np.full(2, 2.0))}
    edges = [("a", "early"), ("early", "up"), ("up", "late"), ("late", "b"), ("b", "a")]
    del nodes["down"]
    network = import_network(write(tmp_path / "delay.nir", nodes, edges), time_unit="ms").network
    up, direct = sorted(network.projections, key=lambda item: item.source)
    assert (up.name, up.delay_ms) == ("up", 3.5)
    assert (direct.name, direct.delay_ms) == ("b_to_a", 0.0)
    np.testing.assert_array_equal(direct.weights_mv, np.eye(2))


def test_reciprocal_pairs_are_found_and_others_are_not(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {"c": cuba(), "out": nir.Linear(weight=np.eye(2)), "self": nir.Linear(weight=np.ones((2, 2)))}
    edges += [("a", "out"), ("out", "c"), ("c", "self"), ("self", "c")]
    found = import_network(write(tmp_path / "pairs.nir", nodes, edges), time_unit="ms")
    assert {frozenset(pair) for pair in found.pairs} == {frozenset({"up", "down"}), frozenset({"self"})}


def test_a_cycle_without_a_population_is_refused(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {name: nir.Delay(delay=np.ones(2)) for name in ("x", "y")}
    error = refused(write(tmp_path / "cycle.nir", nodes, [*edges, ("a", "x"), ("x", "y"), ("y", "x")]))
    assert error.code == "E412"


def test_two_matrices_in_a_row_and_unequal_delays_are_refused(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["more"] = nir.Linear(weight=np.eye(2))
    chained = [("a", "up"), ("up", "more"), ("more", "b"), *edges[2:]]
    assert refused(write(tmp_path / "row.nir", nodes, chained)).field == "node more"
    nodes["more"] = nir.Delay(delay=np.array([1.0, 2.0]))
    assert refused(write(tmp_path / "delays.nir", nodes, chained)).field == "node more"

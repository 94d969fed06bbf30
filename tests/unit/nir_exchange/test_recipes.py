"""Recipes of what was taken over: legal, or not written at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nir_graphs import loop, nir, write

from sal_hw.errors import InputError
from sal_hw.nir_exchange.import_network import import_network
from sal_hw.nir_exchange.recipes import write_recipe


def test_inputs_outputs_and_names_are_reported(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes = {("1st layer" if name == "a" else name): node for name, node in nodes.items()}
    edges = [tuple("1st layer" if name == "a" else name for name in edge) for edge in edges]  # type: ignore[misc]
    nodes |= {"in": nir.Input(input_type={"input": np.array([2])}), "out": nir.Output(output_type={"output": np.array([2])})}  # fmt: skip  # noqa: E501
    edges += [("in", "b"), ("b", "out")]
    path = write(tmp_path / "ends.nir", nodes, edges)
    found = import_network(path, time_unit="ms")
    assert any("in to b: left out" in note for note in found.notes)
    assert any("b to out: left out" in note for note in found.notes)
    assert any("called n_1st_layer" in note for note in found.notes)
    notes = write_recipe(found, tmp_path / "ends.yaml", name="ends", timestep="0.1 ms")
    for word in ("tau_ref", "timestep", "proposed as plastic, switched off", "learning_rate"):
        assert any(word in note for note in notes)


def test_a_graph_without_feedback_has_nothing_to_align(tmp_path: Path) -> None:
    nodes, edges = loop()
    found = import_network(write(tmp_path / "one_way.nir", nodes, edges[:2]), time_unit="ms")
    with pytest.raises(InputError) as caught:
        write_recipe(found, tmp_path / "one_way.yaml", name="one_way", timestep="0.1 ms")
    assert caught.value.code == "E414"
    assert not (tmp_path / "one_way.yaml").exists()


def test_an_import_that_is_no_legal_recipe_leaves_nothing(tmp_path: Path) -> None:
    nodes, edges = loop(v_threshold=-1.0)  # below the reset potential
    found = import_network(write(tmp_path / "illegal.nir", nodes, edges), time_unit="ms")
    with pytest.raises(InputError) as caught:
        write_recipe(found, tmp_path / "illegal.yaml", name="illegal", timestep="0.1 ms")
    assert caught.value.code == "E214"
    assert [item.name for item in tmp_path.iterdir()] == ["illegal.nir"]


def test_a_recipe_that_somebody_went_on_with_is_not_replaced(tmp_path: Path) -> None:
    nodes, edges = loop()
    found = import_network(write(tmp_path / "loop.nir", nodes, edges), time_unit="ms")
    path, numbers = tmp_path / "loop.yaml", tmp_path / "loop.npz"

    def again() -> None:
        write_recipe(found, path, name="loop", timestep="0.1 ms", force=True)

    again()
    written = path.read_bytes(), numbers.read_bytes()
    again()
    assert (path.read_bytes(), numbers.read_bytes()) == written
    path.write_bytes(written[0].replace(b"enabled: false", b"enabled: true"))
    with pytest.raises(InputError, match="nobody changed"):
        again()
    assert b"enabled: true" in path.read_bytes()
    path.write_bytes(written[0])
    numbers.write_bytes(b"mine")
    with pytest.raises(InputError, match="numbers of such a recipe"):
        again()
    assert numbers.read_bytes() == b"mine"

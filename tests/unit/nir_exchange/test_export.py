"""What a file holds of a recipe: the same equations, and nothing without being asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from nir_graphs import ROOT, exported, nir, small

from sal_hw.errors import InputError
from sal_hw.nir_exchange.export import export_recipe
from sal_hw.nir_exchange.expressible import realize
from sal_hw.workflow.checked_recipe import load_recipe


def test_the_file_says_the_same_equations(tmp_path: Path) -> None:
    path, _, _ = exported(tmp_path)
    graph, program = nir.read(path, type_check=False), realize(small()).network
    node = graph.nodes["visible"]
    assert type(node).__name__ == "CubaLIF"
    assert node.tau_mem.tolist() == [10.0] * 3
    # an input spike raises the current by w_in / tau_syn times the weight, and r is 1: weights stay in mV
    np.testing.assert_array_equal(node.w_in / node.tau_syn * node.r, np.ones(3))
    assert node.v_leak.tolist() == [0.6] * 3, "rest and constant drive together"
    feedback = next(item for item in program.projections if item.name == "feedback")
    np.testing.assert_array_equal(graph.nodes["feedback"].weight, feedback.weights_mv.T)
    assert {("hidden", "feedback"), ("feedback", "visible")} <= set(graph.edges)
    assert json.loads(graph.metadata["sal_hw"])["time_unit"] == "ms"


def test_sampling_neurons_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        export_recipe(load_recipe(ROOT / "recipes" / "two_neuron.yaml"), tmp_path / "x.nir")
    assert caught.value.code == "E302"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_without_being_asked(tmp_path: Path) -> None:
    path, digest, _ = exported(tmp_path)
    with pytest.raises(InputError) as caught:
        export_recipe(small(), path)
    assert {problem.code for problem in caught.value.problems} == {"E501"}
    assert export_recipe(small(), path, force=True).digest == digest


@pytest.mark.parametrize("ending", ["", ".json"])
def test_only_files_of_an_export_are_replaced(tmp_path: Path, ending: str) -> None:
    path, _, _ = exported(tmp_path)
    mine = path.with_name(path.name + ending)
    mine.write_bytes(mine.read_bytes().replace(b"sidecar", b"thesis ") if ending else b"\x89HDF\r\n\x1a\nmine")
    before = mine.read_bytes()
    with pytest.raises(InputError, match="not provably one") as caught:
        export_recipe(small(), path, force=True)
    assert str(mine) in str(caught.value)
    assert mine.read_bytes() == before

"""Graphs of NIR and recipes, written to files and taken over from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.nir_exchange.export import export_recipe
from sal_hw.nir_exchange.import_network import import_network
from sal_hw.nir_exchange.recipes import write_recipe
from sal_hw.workflow.checked_recipe import Recipe, load_recipe

nir = pytest.importorskip("nir", reason="needs nir: pip install -e '.[nir]'")

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "two_populations.yaml"


def small(*overrides: str) -> Recipe:
    return load_recipe(RECIPE, overrides=("parameters.size=3", *overrides))


def exported(tmp_path: Path, *overrides: str) -> tuple[Path, str, dict[str, Any]]:
    """Export a recipe; return the file, the digest and the sidecar."""
    done = export_recipe(small(*overrides), tmp_path / "network.nir")
    return done.file, done.digest, json.loads(done.sidecar.read_text())


def taken_over(path: Path, **options: Any) -> Recipe:
    out = path.with_suffix(".yaml")
    write_recipe(import_network(path, time_unit="ms", **options), out, name="again", timestep="0.1 ms")
    return load_recipe(out)


def write(path: Path, nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Path:
    nir.write(path, nir.NIRGraph(nodes=nodes, edges=edges, type_check=False))
    return path


def cuba(size: int = 2, **changes: Any) -> Any:
    fields = {"tau_syn": 5.0, "tau_mem": 10.0, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, "w_in": 5.0}
    arrays = {name: np.full(size, 1.0) * value for name, value in (fields | changes).items()}
    return nir.CubaLIF(**arrays)


def loop(weight: Any = None, **changes: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return two populations that reach each other."""
    matrix = np.array([[0.5, -0.25], [0.0, 2.0]]) if weight is None else weight
    nodes = {"a": cuba(**changes), "b": cuba(), "up": nir.Linear(weight=matrix), "down": nir.Linear(weight=np.eye(2))}
    return nodes, [("a", "up"), ("up", "b"), ("b", "down"), ("down", "a")]


def refused(path: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        import_network(path, **({"time_unit": "ms"} | options))
    return caught.value

"""Specifications as JSON data, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import IntegrityError
from sal_hw.recipe.recipe import load_recipe
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.serialize import digest, from_document, to_document
from sal_hw.spec.values import Constant, Table

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


def network(weights: np.ndarray) -> NetworkSpec:
    size = weights.shape[0]
    neuron = SamplingNeuron(tau_ref_ms=10.0, bias=Constant(value=0.1))
    return NetworkSpec(
        timestep_ms=0.1,
        populations=(Population(name="a", size=size, neuron=neuron),),
        projections=(Projection(name="p", source="a", target="a", weight=Table(values=weights)),),
    )


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_come_back(path: Path) -> None:
    recipe = load_recipe(path)
    document, arrays = to_document(recipe.network)
    again = from_document(NetworkSpec, json.loads(json.dumps(document, allow_nan=False)), arrays)
    assert digest(again) == digest(recipe.network)
    protocol, _ = to_document(recipe.protocol)
    assert digest(from_document(type(recipe.protocol), protocol, {})) == digest(recipe.protocol)


@pytest.mark.parametrize("size", [2, 30])
def test_arrays_come_back_exactly(size: int) -> None:
    weights = np.random.default_rng(0).normal(size=(size, size))
    spec = network(weights)
    document, arrays = to_document(spec)
    table = document["projections"][0]["weight"]["values"]
    if size == 2:
        assert (table, arrays) == (weights.tolist(), {})
    else:
        assert table["shape"] == [30, 30]
        assert list(arrays) == [table["sha256"]]
    again = from_document(NetworkSpec, json.loads(json.dumps(document)), arrays)
    source = again.projections[0].weight
    assert isinstance(source, Table)
    np.testing.assert_array_equal(source.values, weights)
    assert digest(again) == digest(spec)


def test_digest_tells_every_difference_apart() -> None:
    one = network(np.ones((2, 2)))
    others = [
        replace(one, timestep_ms=np.nextafter(0.1, 1.0)),
        replace(one, discretization="published"),
        network(np.nextafter(np.ones((2, 2)), 2.0)),
    ]
    assert len({digest(spec) for spec in (one, *others)}) == 4
    assert digest(one) == digest(network(np.ones((2, 2))))


def test_missing_or_changed_array() -> None:
    document, arrays = to_document(network(np.ones((30, 30))))
    (key,) = arrays
    for wrong in ({}, {key: np.zeros((30, 30))}):
        with pytest.raises(IntegrityError) as caught:
            from_document(NetworkSpec, document, wrong)
        assert caught.value.code == "E504"


def test_numbers_that_are_not_finite() -> None:
    spec = network(np.ones((2, 2)))
    with pytest.raises(ValueError, match="timestep"):
        to_document(replace(spec, timestep_ms=float("nan")))
    with pytest.raises(ValueError, match="not finite"):
        to_document(network(np.full((2, 2), np.inf)))

"""A key that stands in the wrong part of a recipe is sent to the right one."""

from __future__ import annotations

import pytest

from sal_hw.spec.key_places import TOP_LEVEL, places_of


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("timestep", "the top level of the recipe"),
        ("size", "a population"),
        ("tau_ref", "the neuron of a population (model: sampling) or the neuron of a population (model: lif)"),
        ("receptor", "a projection"),
        ("tau_causal", "plasticity (kind: sal)"),
        ("rate", "stimuli (kind: poisson)"),
        ("std", "amplitude_spread of a plasticity rule"),
        ("average_last_updates", "experiment (kind: align)"),
        ("no_such_key", None),
        # in too many places to help
        ("kind", None),
    ],
)
def test_places(key: str, place: str | None) -> None:
    assert places_of(key) == place


def test_every_key_of_the_top_level_has_that_place_first() -> None:
    for key in TOP_LEVEL:
        found = places_of(key)
        assert found is None or found.startswith("the top level of the recipe")

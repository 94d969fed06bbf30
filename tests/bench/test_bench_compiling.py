"""Speed of what comes before a run: reading a recipe beside plain YAML, and routing a chip beside a quarter of it.

Times are CPU seconds; of several rounds the least, since what else runs on a machine only adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from pytest_benchmark.fixture import BenchmarkFixture

from sal_hw.recipe.recipe import read_recipe_file
from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.passes.placement import place
from sal_hw_brainscales2.passes.routing.route import Demand, route_events

RECIPES = Path(__file__).parents[2] / "recipes"


def _least_cpu_s(call: Callable[[], object], rounds: int = 7) -> float:
    call()
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize("name", ["two_neuron", "sampling"])
def test_reading_a_recipe(benchmark: BenchmarkFixture, name: str) -> None:
    """A recipe with all its checks: at most 4 times what the YAML alone takes."""
    path = RECIPES / f"{name}.yaml"
    text = path.read_text()
    plain_s = _least_cpu_s(lambda: yaml.safe_load(text))
    benchmark(read_recipe_file, path)
    ours_s = _least_cpu_s(lambda: read_recipe_file(path))
    benchmark.extra_info["ours_over_yaml"] = ours_s / plain_s
    print(f"\nreading {name}: ours {1e3 * ours_s:.2f} ms, YAML alone {1e3 * plain_s:.2f} ms")
    assert ours_s < 4.0 * plain_s


def _reciprocal(size: int) -> list[Demand]:
    """Return excitatory synapses between two populations, all to all and both ways."""
    placement = place([("v", size), ("h", size)], hemispheres=2, columns=256, strategy="sequential")
    demands = []
    for source, target in (("v", "h"), ("h", "v")):
        for hemisphere in range(2):
            post, columns = placement.on_hemisphere(target, hemisphere)
            if len(post):
                demands.append(
                    Demand(
                        owner=f"{source}_{target}",
                        field=f"projections.{source}_{target}",
                        target=target,
                        kind="neuron",
                        polarity="excitatory",
                        hemisphere=hemisphere,
                        sources=placement.sites[source],
                        columns=columns,
                        exists=np.ones((size, len(post)), dtype=np.bool_),
                    )
                )
    return demands


def test_routing_a_full_chip(benchmark: BenchmarkFixture) -> None:
    """All 131,072 synapses of a chip: at most 10 times the 8,192 of two populations of a quarter of the neurons."""
    quarter, full = _reciprocal(64), _reciprocal(256)
    quarter_s = _least_cpu_s(lambda: route_events(quarter, brainscales2_description))
    benchmark(route_events, full, brainscales2_description)
    full_s = _least_cpu_s(lambda: route_events(full, brainscales2_description))
    benchmark.extra_info["full_over_quarter"] = full_s / quarter_s
    print(f"\nrouting: a full chip {1e3 * full_s:.1f} ms, a quarter of its neurons {1e3 * quarter_s:.1f} ms")
    assert full_s < 10.0 * quarter_s

"""What became of weights on both machines: clipped ones are told of in the program and in a run's health."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sal_hw
from sal_hw.contracts.stored_weights import weight_findings
from sal_hw.errors import InputError
from sal_hw.workflow.api import compile_recipe

RECIPE = Path(__file__).parents[4] / "recipes" / "two_populations.yaml"

#: four neurons a side
SMALL = ("parameters.size=4", "parameters.duration=20 s")

#: drawn weights, of which many lie outside of the range
BEYOND = "projections[1].weight={distribution: normal, mean: 0, std: 2, unit: mV, seed: $backward_seed}"


def compiled(target: str, *overrides: str, strict: bool = False):
    return compile_recipe(sal_hw.load_recipe(RECIPE, overrides=(*SMALL, *overrides)), target=target, strict=strict)


@pytest.fixture(params=["spinnaker1", "spinnaker2"])
def target(request) -> str:
    return request.param


def test_every_owner_of_weights_is_told_of(target):
    program = compiled(target)
    owners = [block.projection for block in program.synapses] + [item.name for item in program.stimuli]
    assert [item.owner for item in program.scaling] == owners
    assert not list(weight_findings(program))
    for item in program.scaling:
        # the nearest of equal steps misses by half of one, of a difference of two by one
        assert item.worst_error <= item.lsb.max()
        assert item.requested_max <= item.representable_max


def test_clipped_weights_are_counted(target):
    program = compiled(target, BEYOND)
    item, block = program.scaling_of("feedback"), program.synapse_block("feedback")
    outside = (block.weights < block.weight_min) | (block.weights > block.weight_max)
    assert 0 < item.clipped == outside.sum() < item.total == 16
    assert item.requested_max == np.abs(block.weights).max()
    assert item.representable_max == max(-block.weight_min, block.weight_max)
    np.testing.assert_allclose(item.worst_error, item.requested_max - item.representable_max, atol=item.lsb.max())


def test_a_run_with_clipped_weights_is_degraded(target):
    found = sal_hw.run(sal_hw.load_recipe(RECIPE, overrides=(*SMALL, BEYOND)), target=target, emulate=True, seed=1)
    clipped = [item for item in found.health.findings if item.kind == "weights_clipped"]
    assert [item.severity for item in clipped] == ["degraded"]
    assert "of feedback were cut to 1.5" in clipped[0].advice


def test_strict_refuses_them(target):
    with pytest.raises(InputError) as caught:
        compiled(target, BEYOND, strict=True)
    assert {problem.code for problem in caught.value.problems} == {"E313"}

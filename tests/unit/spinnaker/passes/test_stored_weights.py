"""What became of weights on both machines."""

from __future__ import annotations

from pathlib import Path

import pytest

import sal_hw
from sal_hw.contracts.stored_weights import weight_findings
from sal_hw.workflow.api import compile_recipe

RECIPE = Path(__file__).parents[4] / "recipes" / "two_populations.yaml"

#: four neurons a side
SMALL = ("parameters.size=4", "parameters.duration=20 s")


def compiled(target: str):
    return compile_recipe(sal_hw.load_recipe(RECIPE, overrides=SMALL), target=target)


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

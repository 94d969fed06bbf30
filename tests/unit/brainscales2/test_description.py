"""The description of BrainScaleS-2: every limit can be traced, and the numbers agree with each other."""

from __future__ import annotations

import math

import pytest

from sal_hw.storage.codec import decode, encode
from sal_hw.target.description import TargetDescription
from sal_hw_brainscales2.description import brainscales2_description

LIMITS = brainscales2_description.limits


def top(name: str) -> float:
    high = LIMITS[name].high
    assert high is not None
    return high


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_every_limit_has_ends_unit_and_source(name: str) -> None:
    limit = LIMITS[name]
    assert limit.unit
    assert len(limit.source) > 10
    assert (limit.low, limit.high) != (None, None)
    if limit.low is not None and limit.high is not None:
        assert limit.low <= limit.high
        assert limit.step == 0 or ((limit.high - limit.low) / limit.step).is_integer()


def test_the_layout_is_consistent() -> None:
    assert top("neurons") == top("hemispheres") * top("columns") == 512
    assert top("synapses") == top("neurons") * top("rows") == 131_072
    assert top("rows") == top("buses") * top("rows_per_bus") == top("in_degree") == 256
    assert top("rows_per_bus") == 2 * top("drivers_per_bus")
    assert top("row_select") + 1 == top("drivers_per_bus")
    assert top("background_generators") == top("hemispheres") * top("buses")
    assert top("columns") % (top("columns_per_event_output") * top("buses")) == 0


def test_values_that_others_rely_on() -> None:
    assert (LIMITS["weight"].low, top("weight"), LIMITS["weight"].step) == (0, 63, 1)
    assert top("capmem") == 1022
    assert top("ppu_sram") == 8_192
    assert (top("row_update_cycles"), top("row_random_cycles"), top("ppu_clock")) == (900, 360, 250)
    assert math.isclose(top("runtime"), 2**32 / 125e6, rel_tol=1e-4)  # 32 bits of a clock of 125 MHz
    assert LIMITS["cadc_reliable"].low in LIMITS["cadc"]
    assert top("cadc_reliable") in LIMITS["cadc"]
    # the budget of an upstream demonstration has room for the slowest row: four constants from external memory
    row_us = (top("row_update_cycles") + top("row_random_cycles")) / top("ppu_clock")
    assert math.isclose(row_us, 5.04)
    assert LIMITS["update_period_per_row"].low is not None
    assert LIMITS["update_period_per_row"].low > 1.5 * (row_us + 2 * top("row_constants_external"))


def test_abilities() -> None:
    assert brainscales2_description.time_scale == 1000
    assert not brainscales2_description.emulated
    assert not {"delays", "wake_sleep"} & set(brainscales2_description.capabilities)
    for pair in brainscales2_description.exclusions:
        assert {pair.first, pair.second} <= set(brainscales2_description.capabilities)
        assert pair.reason
        assert pair.source


def test_it_is_plain_data() -> None:
    document, arrays = encode(brainscales2_description)
    assert not arrays
    again = decode(TargetDescription, document, arrays)
    assert encode(again)[0] == document

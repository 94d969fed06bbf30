"""Rows and drivers by the rule of the vendor's router; expected numbers are counted by hand from the rule."""

import numpy as np
import pytest

from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.passes.routing.rows import Grid
from sal_hw_brainscales2.passes.routing.vendor_rows import (
    Connections,
    choose_buses,
    generator_drivers,
    lacks_drivers,
    neuron_drivers,
    why_too_full,
)

GRID = Grid.of(brainscales2_description)


def dense(polarity, sources, targets):
    exists = np.ones((len(sources), len(targets)), dtype=bool)
    return Connections(polarity=polarity, sources=np.array(sources), targets=np.array(targets), exists=exists)


def test_rows_are_counted_by_sign_and_group():
    """Six excitatory and two inhibitory rows take four drivers; sources of other columns have drivers of their own."""
    found = neuron_drivers(
        [
            dense("excitatory", range(5), [40, 41]),
            dense("inhibitory", range(2), [41]),
            dense("excitatory", [256], [41]),  # the columns of the other hemisphere have the same output
            dense("excitatory", [128], [41]),
            dense("excitatory", [33], [300]),
        ],
        GRID,
    )
    expected = np.zeros((2, 4), dtype=int)
    expected[0, 0] = 4 + 1
    expected[1, 1] = 1
    np.testing.assert_array_equal(found, expected)


def test_the_busiest_target_counts_and_not_the_sources():
    """Each target has one source: one row for all of them, as labels tell them apart."""
    part = Connections(polarity="inhibitory", sources=np.arange(8), targets=np.arange(8), exists=np.eye(8, dtype=bool))
    assert neuron_drivers([part], GRID).sum() == 1
    assert [generator_drivers(trains, GRID) for trains in (1, 64, 65, 256)] == [1, 1, 2, 4]


def test_generators_go_where_drivers_are_left():
    taken = neuron_drivers([dense(sign, range(32), range(64, 96)) for sign in ("excitatory", "inhibitory")], GRID)
    assert taken[0].tolist() == [32, 0, 0, 0]
    assert choose_buses(taken, {1: 32, 2: 32}, GRID) == {1: 1, 2: 2}
    # bus 0 is full here; a bus of the other hemisphere that another generator has is no place either
    assert choose_buses(taken, {0: 32, 1: 32}, GRID)[0] in (2, 3)
    found = choose_buses(taken, {1: 32, 5: 32}, GRID)
    assert found is not None
    assert len(set(found.values())) == 2
    assert choose_buses(taken, {0: 32, 1: 32, 2: 32, 3: 32}, GRID) is None
    # a generator of the other hemisphere would have to be told apart on bus 0 here, too, where no driver is left for it
    beside = {4: 32, 1: 32, 2: 32, 3: 32}
    assert choose_buses(taken, beside, GRID) is None
    assert choose_buses(taken, beside, GRID, by_label=False) == {4: 0, 1: 1, 2: 2, 3: 3}
    parts = [dense(sign, range(32), range(64, 96)) for sign in ("excitatory", "inhibitory")]
    assert not lacks_drivers(parts, beside, GRID)
    assert lacks_drivers(parts, {0: 32, 1: 32, 2: 32, 3: 32}, GRID)
    less = neuron_drivers([dense(sign, range(31), range(64, 96)) for sign in ("excitatory", "inhibitory")], GRID)
    assert choose_buses(less, beside, GRID) == {4: 0, 1: 1, 2: 2, 3: 3}


def test_what_there_is_no_room_for_is_told_with_numbers():
    both = [dense(sign, range(32), range(64, 96)) for sign in ("excitatory", "inhibitory")]
    assert why_too_full(both, {1: 32}, GRID) == ""
    assert "4 generators" in why_too_full(both, dict.fromkeys(range(4), 32), GRID)
    assert "bus 0 of hemisphere 0: 32" in why_too_full(both, dict.fromkeys(range(4), 32), GRID)
    more = [*both, dense("excitatory", [128], [64])]
    assert "need 33 drivers of bus 0 of hemisphere 0" in why_too_full(more, {}, GRID)


@pytest.mark.parametrize("number", range(4))
def test_a_bus_is_that_of_the_columns(number):
    """Two event outputs lead to each bus, whose sources share no driver."""
    taken = neuron_drivers([dense("excitatory", [32 * number, 128 + 32 * number], [0])], GRID)
    assert taken[0].tolist() == [2 * (bus == number) for bus in range(4)]

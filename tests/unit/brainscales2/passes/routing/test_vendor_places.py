"""Rows by the search of the vendor's router: against its own way of going through drivers, and against hand counts."""

import numpy as np
import pytest

from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.passes.routing import vendor_drivers
from sal_hw_brainscales2.passes.routing.rows import Grid
from sal_hw_brainscales2.passes.routing.vendor_drivers import Request, allocate, drivers_of_bus
from sal_hw_brainscales2.passes.routing.vendor_places import NONE, UNKNOWN, Generator, known_rows
from sal_hw_brainscales2.passes.routing.vendor_rows import Connections

GRID = Grid.of(brainscales2_description)


def dense(polarity, sources, targets):
    exists = np.ones((len(sources), len(targets)), dtype=bool)
    return Connections(polarity=polarity, sources=np.array(sources), targets=np.array(targets), exists=exists)


def backtracked(labels, sizes, drivers):
    """Return what going back and forth finds first: each driver to a group in turn, to none at last; all masks."""
    masks = [
        [mask for mask in range(drivers) if all(mask & mine != mask & other for other in labels if other != mine)]
        for mine in labels
    ]
    able = [
        [group for group, mine in enumerate(labels) if any(mine & m == driver & m for m in masks[group])]
        for driver in range(drivers)
    ]

    def completed(chosen):
        counts = [chosen.count(group) for group in range(len(labels))]
        if any(count > size for count, size in zip(counts, sizes, strict=True)):
            return None
        if counts == list(sizes):
            return chosen
        if len(chosen) == drivers:
            return None
        found = (completed([*chosen, each]) for each in [*able[len(chosen)], None])
        return next((each for each in found if each is not None), None)

    found = completed([])
    if found is None:
        return None
    return [tuple(d for d, each in enumerate(found) if each == group) for group in range(len(labels))]


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_the_drivers_are_those_that_going_back_and_forth_finds_first(groups):
    """Eight drivers, some hundred sets of labels and sizes, also such that do not fit."""
    rng, fitting = np.random.default_rng(1), 0
    for _ in range(120):
        labels = rng.choice(8, groups, replace=False).tolist()
        sizes = rng.integers(0, 5, groups).tolist()
        expected = backtracked(labels, sizes, 8)
        assert drivers_of_bus(labels, sizes, 8) == expected
        fitting += expected is not None
    assert 40 < fitting <= 120


def test_a_group_that_is_alone_has_the_first_drivers():
    """Drivers of the four buses take turns, so that rows of bus 1 are 2, 3, 10, 11, ..."""
    rows = known_rows([dense("inhibitory", [32, 33], [7]), dense("excitatory", range(32, 37), [7, 260])], [], GRID)
    # five rows excite, the two after them inhibit
    assert rows[0][:, 0].tolist() == [2 + 16 + 1, 2 + 24]
    assert rows[1][:, 0].tolist() == [2, 3, 10, 11, 18]
    assert rows[1][:, 1].tolist() == [2, 3, 10, 11, 18]


def test_a_row_is_of_the_next_connection_and_not_of_a_source():
    exists = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    part = Connections(polarity="excitatory", sources=np.array([0, 1]), targets=np.array([10, 11, 12]), exists=exists)
    found = known_rows([part], [], GRID)[0]
    assert found.tolist() == [[0, NONE, 0], [NONE, 0, 1]]


def test_two_outputs_of_a_bus_share_its_drivers_by_their_labels():
    """Labels 0 and 16 differ in one bit, which leaves 16 drivers to each; for 20, the second label becomes 17."""
    few = known_rows([dense("excitatory", range(4), [7]), dense("excitatory", range(128, 132), [7])], [], GRID)
    assert few[0][:, 0].tolist() == [0, 1, 8, 9]
    assert few[1][:, 0].tolist() == [128, 129, 136, 137]
    many = known_rows(
        [dense(sign, range(20), [7]) for sign in ("excitatory", "inhibitory")]
        + [dense("excitatory", range(128, 132), [7])],
        [],
        GRID,
    )
    drivers = {int(row) // 8 for part in many[:2] for row in part[:, 0]}
    # of 32 drivers, the odd ones from 16 on do not forward label 0 apart from 17
    assert drivers == {*range(16), 16, 18, 20, 22}
    assert {int(row) // 8 for row in many[2][:, 0]} == {17, 19}


def test_a_generator_beside_neurons_moves_them_by_its_label():
    """A generator's label is the first that leaves all their drivers; one of the other hemisphere needs none."""
    part = dense("excitatory", range(32), range(64, 96))
    alone = known_rows([part], [], GRID)[0]
    beside = known_rows([part], [Generator(bus=0, hemisphere=0, drivers=(1,))], GRID)[0]
    # labels 0 and 1: drivers of even numbers are the neurons'
    assert (beside[:, 0] // 8).tolist() == [2 * driver for driver in range(16) for _ in range(2)]
    other = known_rows([part], [Generator(bus=1, hemisphere=0, drivers=(1,))], GRID)[0]
    np.testing.assert_array_equal(other, alone)


def test_what_the_router_would_search_for_too_long_is_not_told(monkeypatch):
    monkeypatch.setattr(vendor_drivers, "MOST_TRIED", 1)
    both = [dense(sign, range(20), [7]) for sign in ("excitatory", "inhibitory")]
    # the first labels leave 16 drivers to each of two outputs; these need 20 of bus 0, and one of bus 1
    found = known_rows([*both, dense("excitatory", [128], [7]), dense("excitatory", [32], [7])], [], GRID)
    assert all((each == UNKNOWN).all() for each in found[:3])
    assert found[3].tolist() == [[2]]


def test_blocks_of_a_generator_have_labels_from_one_place_of_their_lists():
    blocks = [Request(drivers={0: 1}, labels=labels, together=0) for labels in ((0, 1), (1, 0))]
    first = Request(drivers={0: 1}, labels=(0,))
    assert allocate([first, *blocks], GRID) is None
    assert allocate(blocks, GRID) == [{0: (0,)}, {0: (1,)}]

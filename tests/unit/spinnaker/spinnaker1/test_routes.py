"""Packets followed through routing tables by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sal_hw_spinnaker.spinnaker1.routes import Entry, clashing, reached

KEY, MASK, SIZE = 0x100, 0xFFFFFF00, (8, 8)


def test_a_packet_reaches_the_cores_of_its_own_chip():
    assert reached(KEY, (0, 0, 3), [Entry(0, 0, KEY, MASK, [4, 5], [])], SIZE) == {(0, 0, 4), (0, 0, 5)}


def test_without_an_entry_a_packet_goes_straight_on():
    # north-east from (0, 0), on over (1, 1) where no entry is, to (2, 2), and north from there
    routes = [
        Entry(0, 0, KEY, MASK, [], [1]),
        Entry(2, 2, KEY, MASK, [7], [2]),
        Entry(2, 3, KEY, MASK, [8], []),
        Entry(1, 1, 0x200, MASK, [9], []),
    ]
    assert reached(KEY, (0, 0, 3), routes, SIZE) == {(2, 2, 7), (2, 3, 8)}


def test_the_machine_is_a_torus():
    routes = [Entry(0, 0, KEY, MASK, [], [4]), Entry(7, 7, KEY, MASK, [2], [])]
    assert reached(KEY, (0, 0, 3), routes, SIZE) == {(7, 7, 2)}


def test_a_packet_that_goes_in_circles_ends():
    # straight on around the torus, back to the chip that it came from
    assert reached(KEY, (0, 0, 3), [Entry(0, 0, KEY, MASK, [1], [0])], SIZE) == {(0, 0, 1)}


def test_only_the_first_entry_counts():
    routes = [Entry(0, 0, KEY, MASK, [1], []), Entry(0, 0, 0, 0, [2], [])]
    assert reached(KEY, (0, 0, 3), routes, SIZE) == {(0, 0, 1)}
    assert reached(0x500, (0, 0, 3), routes, SIZE) == {(0, 0, 2)}


def test_keys_clash_if_some_packet_has_both():
    assert list(clashing([(0x000, 0xF00), (0x100, 0xF00), (0x120, 0xFF0)])) == [(1, 2)]


@given(keys=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=4))
def test_clashes_are_those_of_all_packets(keys):
    keys = [(key & mask, mask) for key, mask in keys]
    packets = [{packet for packet in range(16) if packet & mask == key} for key, mask in keys]
    wanted = {(one, other) for other in range(len(keys)) for one in range(other) if packets[one] & packets[other]}
    assert set(clashing(keys)) == wanted

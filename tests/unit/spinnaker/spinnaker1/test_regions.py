"""Tables of a core's synapses, written word by word as the machine's software does and read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sal_hw_spinnaker.spinnaker1.regions import core_parameters, learning_parameters, source_blocks

KEY = 0x300


def as_bytes(*words):
    return np.array(words, dtype="<u4").view(np.uint8)


def parameters(neuron_bits=4, receptor_bits=1, delay_bits=1, shifts=(3, 4)):
    # neurons, receptors, bits of neuron, receptor and delay, whether late spikes are dropped, buffer of spikes, shifts
    data = as_bytes(1 << neuron_bits, len(shifts), neuron_bits, receptor_bits, delay_bits, 0, 256, *shifts)
    return core_parameters(data)


def table(*addresses, key=KEY, sources=2):
    # one entry: key, mask, first address | colour bits | number of addresses, two words on the source's cores
    return as_bytes(1, len(addresses), key, 0xFFFFFF00, 4 << 13 | len(addresses) << 16, 0, sources, *addresses)


def address(start_bytes, row_words):
    return (start_bytes // 16) << 8 | (row_words - 1)


def test_the_parameters_of_a_core():
    found = parameters(neuron_bits=7, delay_bits=5, shifts=(2, 9))
    assert (found.neuron_bits, found.receptor_bits, found.delay_slots, found.shifts) == (7, 1, 32, (2, 9))


def test_a_static_row_holds_words_above_control_halves():
    # neuron 5 of 16, inhibitory, after 1 step: 1 << 5 | 1 << 4 | 5 = 0x35; neuron 2, excitatory, after 2 steps: 0x42
    first, second = (0, 2, 0, 0x1400_0035, 0x2000_0042), (0, 1, 0, 0xFFFF_0020, 0)
    blocks = source_blocks(table(address(0, 2)), as_bytes(*first, *second), {KEY: 2}, parameters(delay_bits=2))
    (block,) = blocks[KEY]
    assert not block.plastic
    assert block.words.tolist() == [0x1400, 0x2000, 0xFFFF]
    assert block.source.tolist() == [0, 0, 1]
    assert block.target.tolist() == [5, 2, 0]
    assert block.receptor.tolist() == [1, 0, 0]
    assert block.delay_steps.tolist() == [1, 2, 1]


def test_a_learning_row_holds_traces_then_words_then_control_halves():
    # three words 1, 2, 3 after a time of 7 and a trace of 9, then 0x21, 0x32, 0x23; the fourth halves fill up
    learning = (7, 9, 0x0002_0001, 0x0000_0003)
    row = (len(learning), *learning, 0, 3, 0x0032_0021, 0x0000_0023)
    blocks = source_blocks(table(address(0, 6), sources=1), as_bytes(*row), {KEY: 1}, parameters())
    (block,) = blocks[KEY]
    assert block.plastic
    assert block.words.tolist() == [1, 2, 3]
    assert block.target.tolist() == [1, 2, 3]
    assert block.receptor.tolist() == [0, 1, 0]
    assert block.delay_steps.tolist() == [1, 1, 1]


def test_a_delay_of_all_slots_is_written_as_none():
    rows = (0, 1, 0, 0x0001_0003, 0, 0, 0, 0)
    blocks = source_blocks(table(address(0, 1)), as_bytes(*rows), {KEY: 2}, parameters(delay_bits=3))
    assert blocks[KEY][0].delay_steps.tolist() == [8]


def test_projections_of_one_source_follow_each_other_and_empty_ones_are_left_out():
    first, second = (0, 1, 0, 0x000A_0020), (0, 1, 0, 0x000B_0021)
    addresses = address(0, 1), 0xFFFF_FF00, address(16, 1)
    blocks = source_blocks(table(*addresses, sources=1), as_bytes(*first, *second), {KEY: 1}, parameters())
    assert [item.words.tolist() for item in blocks[KEY]] == [[10], [11]]


def test_a_row_with_both_kinds_is_refused():
    row = (2, 7, 9, 1, 0)
    with pytest.raises(ValueError, match="static and learning"):
        source_blocks(table(address(0, 2), sources=1), as_bytes(*row), {KEY: 1}, parameters())


def test_bounds_and_amplitudes_are_the_last_numbers_of_each_receptor():
    data = np.array([1, 78, 0, 0, 0, 98304, 985, -891, 1, 2, 3, 4], dtype="<i4").view(np.uint8)
    assert learning_parameters(data, 2).tolist() == [[0, 98304, 985, -891], [1, 2, 3, 4]]


@given(
    words=st.lists(st.lists(st.integers(0, 65535), min_size=3, max_size=3), min_size=1, max_size=5),
    delay=st.integers(1, 7),
    receptor=st.integers(0, 1),
)
def test_static_words_survive_writing(words, delay, receptor):
    rows = [(0, 3, 0, *(word << 16 | delay << 5 | receptor << 4 | i for i, word in enumerate(row))) for row in words]
    data = as_bytes(*(number for row in rows for number in row))
    common = parameters(delay_bits=3)
    (block,) = source_blocks(table(address(0, 3)), data, {KEY: len(words)}, common)[KEY]
    assert block.words.reshape(-1, 3).tolist() == words
    assert set(block.delay_steps.tolist()) == {delay}
    assert set(block.receptor.tolist()) == {receptor}
    assert block.source.tolist() == np.repeat(np.arange(len(words)), 3).tolist()

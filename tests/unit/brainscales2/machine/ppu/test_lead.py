"""Before the run a kernel's calls measure baselines as the reference does, reset the sensors, and learn nothing."""

import dataclasses

import numpy as np
import pytest

from sal_hw.kernel.baselines import measured_baselines
from sal_hw_brainscales2.machine.ppu.kernels import render_kernel
from sal_hw_brainscales2.machine.ppu.symbols import kernel_symbols, row_bytes, row_values

TOP, READS, COLUMNS = 0, 16, 256
ROWS = {"excitatory": [3, 7, 200], "inhibitory": [1, 9]}


def lead_of(placed, memory, balanced, reads=READS, rows=2):
    """A rule of five rows, two at a time: two calls for the excitatory ones, one for the others, and the reset."""
    options = {"width": 16, "rounding": "symmetric", "sal_gain": 0.5, "memory": memory}
    rule = placed(**options, balanced=balanced, residual=True, baseline_reads=reads)
    return dataclasses.replace(rule, lead_calls=4 if reads else 1, lead_rows=rows)


def bytes_of(kernel, symbol):
    view = kernel.symbol(symbol.name, symbol.shape)
    return view if symbol.memory == "sram" else view[TOP]


class Bench:
    """A kernel of one hemisphere whose readings wobble and whose sensors are charged."""

    def __init__(self, host, tile, rule, name, front_end, polarity=None):
        self.rng = np.random.default_rng(41)
        polarities = [polarity] if polarity else list(ROWS)
        self.tiles = [tile(each, TOP, ROWS[each], np.arange(COLUMNS)) for each in ROWS]
        chosen = {"number": 0, "front_end": front_end, "polarity": polarity}
        own = [item for item in self.tiles if item.polarity in polarities]
        self.kernel = host(render_kernel(rule, self.tiles, **chosen), own, name=name)
        self.symbols = kernel_symbols(rule, self.tiles, **chosen)
        self.rows = [row for item in own for row in ROWS[item.polarity]]
        self.levels = self.rng.integers(150, 220, (2, len(self.rows), COLUMNS))
        for held, level in ((self.kernel.causal, self.levels[0]), (self.kernel.acausal, self.levels[1])):
            held[TOP][self.rows] = level
        self.kernel.weight[TOP][...], self.kernel.charge[TOP][self.rows] = 21, self.rng.integers(1, 99, COLUMNS)
        # enough conversions for all rows, each of which takes the next ones
        self.wobble = self.rng.integers(0, 9, (len(self.rows) * READS, 2, COLUMNS))
        self.kernel.give_wobble(self.wobble)
        self.balance = self.rng.integers(0, 256, (len(self.rows), COLUMNS))
        for item in self.symbols:
            if item.role == "constant":
                into = bytes_of(self.kernel, item)
                into[: len(self.rows)] = row_bytes(self.balance)[: len(into)]

    def measured(self, balanced):
        """What the reference makes of the same readings, by name, shape (rows, 256)."""
        found = []
        for place in range(len(self.rows)):
            turns = self.wobble[place * READS : (place + 1) * READS]
            readings = [(self.levels[0, place] + each[0], self.levels[1, place] + each[1]) for each in turns]
            found.append(measured_baselines(readings, self.balance[place] if balanced else None))
        return {name: np.array([each[name] for each in found]) for name in found[0]}

    def stored(self):
        found = {}
        for item in self.symbols:
            if item.role == "measured":
                found[item.constant] = row_values(bytes_of(self.kernel, item)[: len(self.rows)]).astype(np.int64)
        # a signed byte
        found["residual"] = (found["residual"] + 128) % 256 - 128
        return found


@pytest.mark.parametrize("memory", ["sram", "external"])
@pytest.mark.parametrize("balanced", [False, True])
def test_baselines_are_those_of_the_reference(host, placed, tile, memory, balanced):
    rule = lead_of(placed, memory, balanced)
    bench = Bench(host, tile, rule, f"lead_{memory}_{balanced}", "hxtorch")
    for call in range(3):
        bench.kernel.run(TOP)
        # two rows with each call
        assert np.count_nonzero(bench.kernel.reads[TOP]) == min(2 * call + 2, 5)
    for name, values in bench.measured(balanced).items():
        np.testing.assert_array_equal(bench.stored()[name], values, err_msg=name)
    assert set(bench.kernel.reads[TOP][bench.rows]) == {READS}
    bench.kernel.charge[TOP][bench.rows] = 50
    bench.kernel.run(TOP)
    assert not bench.kernel.charge[TOP][bench.rows].any()
    assert (bench.kernel.weight[TOP] == 21).all()
    assert bench.kernel.symbol("sal_signed_0_updates", ())[0] == 0
    bench.kernel.run(TOP)
    assert bench.kernel.symbol("sal_signed_0_updates", ())[0] == 1
    assert set(bench.kernel.reads[TOP][bench.rows]) == {READS + 1}
    assert bench.kernel.faults == 0


@pytest.mark.parametrize(("polarity", "silent"), [("excitatory", (2,)), ("inhibitory", (0, 1))])
def test_kernels_of_the_two_polarities_measure_in_turn(host, placed, tile, polarity, silent):
    bench = Bench(host, tile, lead_of(placed, "external", True), f"lead_{polarity}", "pynn", polarity)
    for call in range(4):
        before = int(bench.kernel.reads[TOP].sum())
        bench.kernel.run(TOP)
        assert (int(bench.kernel.reads[TOP].sum()) == before) == (call in (*silent, 3))
    for name, values in bench.measured(True).items():
        np.testing.assert_array_equal(bench.stored()[name], values, err_msg=name)


def test_a_row_that_does_not_fit_into_a_call_is_measured_in_several(host, placed, tile):
    rule = dataclasses.replace(lead_of(placed, "external", True, rows=1), lead_parts=4, lead_calls=21)
    bench = Bench(host, tile, rule, "lead_parts", "hxtorch")
    for _ in range(20):
        # the network goes on between two calls
        bench.kernel.charge[TOP][bench.rows] = 30
        bench.kernel.run(TOP)
    for name, values in bench.measured(True).items():
        np.testing.assert_array_equal(bench.stored()[name], values, err_msg=name)
    assert set(bench.kernel.reads[TOP][bench.rows]) == {READS}


def test_given_baselines_are_left_alone_and_sensors_are_reset(host, placed, tile):
    bench = Bench(host, tile, lead_of(placed, "sram", False, reads=0, rows=0), "lead_given", "hxtorch")
    bench.kernel.run(TOP)
    assert not bench.kernel.reads[TOP].any()
    assert not bench.kernel.charge[TOP][bench.rows].any()
    assert (bench.kernel.weight[TOP] == 21).all()


def test_readings_that_leave_the_sums_saturate_as_in_the_reference(host, placed, tile):
    """Readings between 0 and 255 in turn: nothing that a sensor does, but neither wraps around."""
    bench = Bench(host, tile, lead_of(placed, "sram", True), "lead_wild", "hxtorch")
    bench.wobble[...] = bench.rng.integers(0, 256, bench.wobble.shape)
    bench.kernel.causal[TOP][bench.rows] = bench.kernel.acausal[TOP][bench.rows] = 0
    bench.levels[...] = 0
    bench.kernel.give_wobble(bench.wobble)
    for _ in range(3):
        bench.kernel.run(TOP)
    for name, values in bench.measured(True).items():
        np.testing.assert_array_equal(bench.stored()[name], values, err_msg=name)

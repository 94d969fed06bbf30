"""The unmodified kernel text, compiled for this computer, gives the reference's weights, bit for bit."""

import numpy as np
import pytest

from sal_hw.kernel.evaluate import evaluate
from sal_hw_brainscales2.machine.ppu.kept import Kept
from sal_hw_brainscales2.machine.ppu.kernels import render_kernel
from sal_hw_brainscales2.machine.ppu.statements import DROPPED_DRAWS, WARM_UP_DRAWS
from sal_hw_brainscales2.machine.ppu.symbols import kernel_symbols, row_bytes, row_values

ROWS, COLUMNS = 256, 256
TOP, BOTTOM = 0, 1


def draw_inputs(kernel, rng, rows=ROWS):
    """Readings, weights and constants over all of their ranges, by place and column; some rows have extremes only."""

    def draw(lowest, highest, *shape):
        values = rng.integers(lowest, highest + 1, (*shape, rows, COLUMNS))
        values[..., ::8, :] = rng.choice([lowest, highest], values[..., ::8, :].shape)
        return values

    return {
        "causal": draw(0, 255),
        "anticausal": draw(0, 255),
        "weight": draw(0, 63),
        "random": draw(0, 255, kernel.random_draws),
        "constants": {name: draw(*reach) for name, reach in kernel.constant_ranges.items()},
    }


def with_dropped(random):
    """Return the draws of a kernel by row and then by use, each after those that are dropped: shape (draws, 256)."""
    draws, rows, _ = random.shape
    filled = np.full((rows, draws, DROPPED_DRAWS + 1, COLUMNS), 0xA5, dtype=np.uint8)
    filled[:, :, -1] = random.transpose(1, 0, 2)
    return filled.reshape(-1, COLUMNS)


class Bench:
    """A compiled kernel whose handles are tiles, driven with given numbers."""

    def __init__(self, host, placed, tiles, *, name, front_end, polarity=None, **options):
        chosen = {"number": 0, "front_end": front_end, "polarity": polarity}
        self.text = render_kernel(placed, tiles, **chosen, **options)
        self.kernel = host(self.text, tiles, name=name)
        self.symbols = kernel_symbols(placed, tiles, **chosen, kept=options.get("kept", Kept()))
        self.views = {
            item.name: self.kernel.symbol(item.name, item.shape, words=item.role == "times") for item in self.symbols
        }
        self.tiles = tiles
        for view in (self.kernel.resets, self.kernel.reads, [self.updates]):
            for part in view:
                part[...] = 0

    def view(self, role):
        """Return what the host sees of a symbol."""
        return next(self.views[item.name] for item in self.symbols if item.role == role)

    @property
    def updates(self):
        return self.view("updates")

    def kept(self, role):
        """What the kernel left, shape (..., hemispheres, places, 256), by column."""
        return row_values(self.view(role))

    def own(self, hemisphere):
        """Return the places of the tiles of a hemisphere: (tile, places)."""
        first = 0
        for item in self.tiles:
            if item.hemisphere == hemisphere:
                yield item, slice(first, first + len(item.rows))
                first += len(item.rows)

    def give(self, hemisphere, drawn):
        """Write numbers, by place, as the host would, and the sensors' readings and weights."""
        for item in self.symbols:
            if item.role == "constant":
                view = self.views[item.name]
                into = view if item.memory == "sram" else view[hemisphere]
                into[...] = row_bytes(drawn["constants"][item.constant], item.part)[: len(into)]
        for item, places in self.own(hemisphere):
            self.kernel.causal[hemisphere][item.rows] = drawn["causal"][places]
            self.kernel.acausal[hemisphere][item.rows] = drawn["anticausal"][places]
            self.kernel.weight[hemisphere][item.rows] = drawn["weight"][places]
        self.kernel.give_random(with_dropped(drawn["random"]))

    def stored(self, hemisphere):
        """Return the weights in the synapses, by place."""
        return np.concatenate([self.kernel.weight[hemisphere][item.rows] for item, _ in self.own(hemisphere)])


def used(tiles, hemisphere):
    """Which synapses learn, by place and column."""
    masks = []
    for item in tiles:
        if item.hemisphere == hemisphere:
            mask = np.zeros((len(item.rows), COLUMNS), dtype=bool)
            mask[:, item.columns] = True
            masks.append(mask)
    return np.concatenate(masks)


VARIANTS = [
    {"width": width, "rounding": rounding, "balanced": balanced, "residual": residual}
    for width in (8, 16)
    for rounding in ("symmetric", "stochastic")
    for balanced in (False, True)
    for residual in ((False, True) if width == 16 else (False,))
]


def named(variant):
    return "_".join(f"{key}_{value}" for key, value in variant.items())


@pytest.mark.parametrize("synapses", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("variant", VARIANTS, ids=named)
def test_many_synapses_of_each_polarity(host, placed, tile, variant, synapses):
    """Both hemispheres, in turn; half of the rows of each are excitatory, and some columns belong to no one.

    The rows of the two polarities are not in the order of their coordinates, as on a chip.
    """
    rng = np.random.default_rng(20_260_829)
    gain = 0.25 if variant["rounding"] == "stochastic" else -0.383
    rule = placed(sal_gain=gain, memory="external", **variant)
    columns = {half: np.sort(rng.choice(COLUMNS, 230, replace=False)) for half in (TOP, BOTTOM)}
    rows = {half: rng.permutation(ROWS) for half in (TOP, BOTTOM)}
    tiles = [
        tile(polarity, half, np.sort(rows[half][:128] if polarity == "excitatory" else rows[half][128:]), columns[half])
        for polarity in ("excitatory", "inhibitory")
        for half in (TOP, BOTTOM)
    ]
    rounds = -(-synapses // (2 * 128 * 230))
    kept = Kept(updates=2 * rounds, every=1)
    bench = Bench(host, rule, tiles, name=f"{named(variant)}_{rounds}", front_end="hxtorch", kept=kept)
    bench.updates[0] = 0
    kernels = {"excitatory": rule.excitatory, "inhibitory": rule.inhibitory}
    compared, changed = 0, 0
    for turn in range(2 * rounds):
        half = turn % 2
        drawn = draw_inputs(rule.excitatory, rng)
        other = bench.kernel.weight[1 - half].copy()
        bench.give(half, drawn)
        assert bench.kernel.run(half) == len(with_dropped(drawn["random"]))
        for item, places in bench.own(half):
            parts = {key: drawn[key][..., places, :] for key in ("causal", "anticausal", "weight", "random")}
            constants = {key: value[places] for key, value in drawn["constants"].items()}
            kernel = kernels[item.polarity]
            expected = evaluate(kernel, constants=constants, **parts)
            stored = bench.kernel.weight[half][item.rows]
            np.testing.assert_array_equal(stored[:, item.columns], expected[:, item.columns])
            kept_rows = bench.kept("records")[turn, half][places]
            np.testing.assert_array_equal(kept_rows[:, item.columns], expected[:, item.columns])
            compared += expected[:, item.columns].size
            changed += np.count_nonzero(expected != drawn["weight"][places])
        free = ~used(tiles, half)
        np.testing.assert_array_equal(bench.stored(half)[free], drawn["weight"][free])
        np.testing.assert_array_equal(bench.kernel.weight[1 - half], other)
    assert compared >= 2 * synapses
    assert changed > synapses
    assert bench.kernel.faults == 0
    assert bench.updates[0] == 2 * rounds


@pytest.mark.parametrize("memory", ["external", "sram"])
@pytest.mark.parametrize("polarity", ["excitatory", "inhibitory"])
def test_what_is_kept_of_a_run(host, placed, tile, polarity, memory):
    """Weights of every other update, readings of each, their times, and after the run the last weights."""
    rng = np.random.default_rng(5)
    rule = placed(width=16, rounding="stochastic", balanced=True, residual=True, sal_gain=0.2, memory=memory)
    tiles = [tile(polarity, TOP, [3, 7, 200], [0, 1, 17, 255]), tile(polarity, BOTTOM, [1, 2], np.arange(40, 80))]
    kept = Kept(updates=5, every=2, senses=True)
    bench = Bench(host, rule, tiles, name=f"kept_{polarity}_{memory}", front_end="pynn", polarity=polarity, kept=kept)
    kernel = getattr(rule, polarity)
    bench.updates[0] = 0
    for half, rows in ((TOP, 3), (BOTTOM, 2)):
        bench.updates[0] = 0
        for update in range(kept.updates):
            # SRAM has room for the busier hemisphere's three rows
            drawn = draw_inputs(kernel, rng, rows=3)
            bench.give(half, drawn)
            bench.kernel.run(half, time=1000 * update + 2 * half)
            expected, columns = evaluate(kernel, **drawn)[:rows], tiles[half].columns
            np.testing.assert_array_equal(bench.stored(half)[:, columns], expected[:, columns])
            for role, name in (("causal", "causal"), ("acausal", "anticausal")):
                read = bench.kept(role)[update, half, :rows]
                np.testing.assert_array_equal(read[:, columns], drawn[name][:rows, columns])
            if update % 2:
                kept_rows = bench.kept("records")[update // 2, half][:rows]
                np.testing.assert_array_equal(kept_rows[:, columns], expected[:, columns])
        assert bench.kept("records").shape == (2, 2, 3, 256)
        np.testing.assert_array_equal(bench.view("times")[half], 500 * np.arange(kept.updates) + half)
        # a period lasts 2500 cycles, and an update begins 250 of them after its begin; a sixth call finds no room
        seen = int(bench.kernel.reads[half].sum())
        bench.kernel.run(half, time=12_500)
        assert not bench.kept("final")[half].any()
        bench.view("finished")[0] = 0
        bench.kernel.run(half, time=12_750)
        np.testing.assert_array_equal(bench.kept("final")[half, :rows], bench.stored(half))
        assert bench.view("finished")[0] == 1
        assert bench.updates[0] == kept.updates
        assert int(bench.kernel.reads[half].sum()) == seen
    # each row was converted with each update, and of both hemispheres only the rectangle's sensors were reset
    for half, item in enumerate(tiles):
        np.testing.assert_array_equal(bench.kernel.reads[half], 5 * np.isin(np.arange(256), item.rows))
        wanted = np.zeros((256, 256), dtype=np.uint32)
        wanted[np.ix_(item.rows, item.columns)] = 5
        np.testing.assert_array_equal(bench.kernel.resets[half], wanted)
    assert bench.kernel.faults == 0


def test_constants_of_16_bits(host, placed, tile):
    """The sleep phase's learned part is stored as high and low bytes."""
    rng = np.random.default_rng(6)
    options = {"width": 16, "rounding": "symmetric", "balanced": False, "sleep_gain": 0.07, "wake": True}
    rule = placed(sal_gain=0.125, **options)
    tiles = [tile("excitatory", TOP, np.arange(128), np.arange(256)), tile("inhibitory", TOP, np.arange(128, 256), [5])]
    bench = Bench(host, rule, tiles, name="wake", front_end="hxtorch", kept=Kept(updates=1, every=1))
    drawn = draw_inputs(rule.excitatory, rng)
    bench.give(TOP, drawn)
    bench.kernel.run(TOP)
    kernels = ((rule.excitatory, slice(0, 128)), (rule.inhibitory, slice(128, 256)))
    for (kernel, places), item in zip(kernels, tiles, strict=True):
        parts = {key: drawn[key][..., places, :] for key in ("causal", "anticausal", "weight", "random")}
        expected = evaluate(kernel, constants={k: v[places] for k, v in drawn["constants"].items()}, **parts)
        kept_rows = bench.kept("records")[0, TOP][places]
        np.testing.assert_array_equal(kept_rows[:, item.columns], expected[:, item.columns])


def test_only_the_half_that_learns_is_touched(host, placed, tile):
    """hxtorch makes handles of both polarities, also where the rule has a kernel for one only."""
    rng = np.random.default_rng(7)
    rule = placed(width=16, rounding="symmetric", balanced=False, sal_gain=1.0, polarities=("inhibitory",))
    tiles = [tile("inhibitory", TOP, [8, 9], np.arange(256))]
    handles = [tile("excitatory", TOP, [2, 3, 4, 5], np.arange(256)), *tiles]
    text = render_kernel(rule, tiles, number=0, front_end="hxtorch")
    kernel = host(text, handles, name="half")
    drawn = draw_inputs(rule.inhibitory, rng, rows=2)
    for item in kernel_symbols(rule, tiles, number=0, front_end="hxtorch"):
        if item.role == "constant":
            kernel.symbol(item.name, item.shape)[TOP] = row_bytes(drawn["constants"][item.constant])
    kernel.causal[TOP][[8, 9]], kernel.acausal[TOP][[8, 9]] = drawn["causal"], drawn["anticausal"]
    kernel.weight[TOP][...] = 11
    kernel.weight[TOP][[8, 9]] = drawn["weight"]
    kernel.run(TOP)
    np.testing.assert_array_equal(kernel.weight[TOP][[8, 9]], evaluate(rule.inhibitory, **drawn))
    assert (np.delete(kernel.weight[TOP], [8, 9], axis=0) == 11).all()
    assert kernel.faults == 0


def test_more_rows_than_there_is_room_for_change_nothing(host, placed, tile):
    rule = placed(width=16, rounding="symmetric", balanced=False, sal_gain=1.0)
    tiles = [tile("excitatory", TOP, [1], np.arange(256)), tile("inhibitory", TOP, [2], np.arange(256))]
    wider = [tile("excitatory", TOP, [1, 4], np.arange(256)), tiles[1]]
    kernel = host(render_kernel(rule, tiles, number=0, front_end="hxtorch"), wider, name="wider")
    kernel.weight[TOP][...], kernel.causal[TOP][...], kernel.acausal[TOP][...] = 20, 10, 200
    kernel.run(TOP)
    assert (kernel.weight[TOP] == 20).all()
    assert not kernel.reads[TOP].any()
    assert kernel.symbol("sal_signed_0_updates", ())[0] == 0


def test_random_numbers_are_seeded_before_the_first_update(host, placed, tile):
    rule = placed(width=16, rounding="stochastic", balanced=False, sal_gain=1.0)
    tiles = [tile("excitatory", TOP, [1], [0])]
    text = render_kernel(rule, tiles, number=0, front_end="pynn", polarity="excitatory", seed=77)
    kernel = host(text, tiles, name="seeded")
    assert kernel.seed == 77
    assert kernel.draws_at_start == WARM_UP_DRAWS

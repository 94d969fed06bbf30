"""In a run, the compiled kernel makes of the emulated sensors' readings the weights that the emulator makes of them."""

from pathlib import Path

import numpy as np
import pytest

from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.model import ChipModel, draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_brainscales2.emulation.weights import ChipWeights
from sal_hw_brainscales2.machine.ppu.kernels import render_kernel
from sal_hw_brainscales2.machine.ppu.statements import DROPPED_DRAWS
from sal_hw_brainscales2.machine.ppu.symbols import kernel_symbols, row_bytes
from sal_hw_emulator.engines.lif.ppu import NEXT_PERIOD
from sal_hw_emulator.engines.lif.simulation import LifSimulation

RECIPES = Path(__file__).parents[5] / "recipes"
SIZE, COLUMNS, UPDATES = 16, 256, 4


def next_words(words):
    """The engine's random numbers: Marsaglia's xorshift with the shifts 13, 7 and 17."""
    words = words ^ (words << np.uint64(13))
    words = words ^ (words >> np.uint64(7))
    return words ^ (words << np.uint64(17))


def one_update(simulation):
    """Run through one update; return by tile what each row's turn found: readings, random bytes and weights before.

    The run stops before each row's turn, when its sensors can still be seen.
    """
    row_time, begin = simulation.schedule.row_time[0], simulation.schedule.progress[0, NEXT_PERIOD]
    found = {}
    for turn in range(int(simulation.schedule.rows[0])):
        tile, row = int(simulation.schedule.tile[turn]), int(simulation.schedule.row[turn])
        simulation.run(int(np.ceil(begin + turn * row_time)) - simulation.step)
        plastic = simulation.model.tiles[tile].plastic
        causal = plastic.baseline_causal[row] - simulation.causal(tile)[row]
        acausal = plastic.baseline_anticausal[row] - simulation.anticausal(tile)[row]
        readings = [np.clip(np.floor(level + np.float32(0.5)), 0, 255) for level in (causal, acausal)]
        random = next_words(simulation.readout.random_words[: len(causal)]) >> np.uint64(56)
        before = simulation.codes(tile)[row].copy()
        found.setdefault(tile, {})[row] = np.array([*readings, random, before]).astype(np.uint8)
        simulation.run(1)
    # by tile: shape (4, rows, columns)
    return {tile: np.array([rows[row] for row in sorted(rows)]).transpose(1, 0, 2) for tile, rows in found.items()}


def write_constants(kernel, chip, placed, tiles):
    """Write the symbols as the host does: by hemisphere, and by place in the order of handles and rows."""
    for item in kernel_symbols(placed, tiles, number=0, front_end="hxtorch"):
        if item.role != "constant":
            continue
        view, first = kernel.symbol(item.name, item.shape), 0
        for tile in tiles:
            values = np.zeros((len(tile.rows), COLUMNS), dtype=np.int64)
            values[:, tile.columns] = placed.constants[f"{item.constant}.{chip.tiles.index(tile)}"]
            into = view[tile.hemisphere] if item.memory == "external" else view
            into[first : first + len(values)] = row_bytes(values, item.part)
            first += len(values)


def measure_baselines(kernel, simulation, placed, tiles):
    """Run through the calls before the run; the sensors hold something until the kernel resets them."""
    for tile, number in tiles:
        plastic, place = simulation.model.tiles[number].plastic, np.ix_(tile.rows, tile.columns)
        kernel.causal[tile.hemisphere][place] = np.floor(plastic.baseline_causal + np.float32(0.5))
        kernel.acausal[tile.hemisphere][place] = np.floor(plastic.baseline_anticausal + np.float32(0.5))
        assert plastic.charge_causal.max() > 100
        kernel.charge[tile.hemisphere][place] = plastic.charge_causal.astype(np.uint8)
    for _ in range(placed.lead_calls):
        kernel.run(tiles[0][0].hemisphere)
    for tile, _ in tiles:
        assert not kernel.charge[tile.hemisphere][np.ix_(tile.rows, tile.columns)].any()


@pytest.fixture(scope="module")
def network():
    """A compiled network and its emulation on a chip whose sensors differ; only the readings' own noise is off."""
    truth = draw_chip(7, spreads=load_spreads().with_overrides({"cadc_noise": 0.0}))
    sets = [f"parameters.size={SIZE}", "parameters.update_every=2 s", "parameters.learning_rate=0.05"]
    recipe = api.load_recipe(RECIPES / "chip_alignment.yaml", overrides=sets)
    program = api.compile_recipe(recipe, target="brainscales2", snapshot=truth)
    weights = ChipWeights(program, ChipModel.from_snapshot(truth), 3)
    return program, LifSimulation(weights.model(), np.random.SeedSequence(3))


def test_weights_are_those_of_the_emulator(host, network):
    program, simulation = network
    chip, placed = program.part, program.part.kernels[0]
    tiles = sorted(chip.tiles_of(placed.projection), key=lambda tile: tile.polarity)
    kernel = host(render_kernel(placed, tiles, number=0, front_end="hxtorch"), tiles, name="in_a_run")
    write_constants(kernel, chip, placed, tiles)
    assert placed.excitatory.random_draws == 1
    numbers = [chip.tiles.index(tile) for tile in tiles]
    measure_baselines(kernel, simulation, placed, list(zip(tiles, numbers, strict=True)))
    for tile, number in zip(tiles, numbers, strict=True):
        kernel.weight[tile.hemisphere][np.ix_(tile.rows, tile.columns)] = simulation.codes(number)
    changes = 0
    for _ in range(UPDATES):
        found = one_update(simulation)
        draws = []
        for tile, number in zip(tiles, numbers, strict=True):
            place = tile.hemisphere, tile.rows[:, None], tile.columns[None, :]
            causal, acausal, random, before = found[number]
            # the weights that the kernel left in the synapses are the emulator's before this update
            np.testing.assert_array_equal(np.array(kernel.weight)[place], before)
            for held, readings in ((kernel.causal, causal), (kernel.acausal, acausal)):
                held[tile.hemisphere][place[1:]] = readings
            filled = np.zeros((len(tile.rows), DROPPED_DRAWS + 1, COLUMNS), dtype=np.uint8)
            filled[:, -1, tile.columns] = random
            draws.append(filled.reshape(-1, COLUMNS))
        kernel.give_random(np.concatenate(draws))
        kernel.run(tiles[0].hemisphere)
        for tile, number in zip(tiles, numbers, strict=True):
            after = kernel.weight[tile.hemisphere][np.ix_(tile.rows, tile.columns)]
            np.testing.assert_array_equal(after, simulation.codes(number))
            changes += np.count_nonzero(after != found[number][3])
    assert changes > UPDATES * 2 * SIZE * SIZE // 4
    assert kernel.faults == 0
    assert kernel.symbol("sal_signed_0_updates", ())[0] == UPDATES

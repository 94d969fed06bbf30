"""Where noise and given spikes are placed on a chip."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.spec.stimulus import PoissonNoise, SpikeList
from sal_hw.spec.values import Table


def test_spikes_reach_the_chip_in_its_own_time(chip):
    spikes = Table(values=np.array([[0.5, 0.0], [12.3, 1.0]]))
    stimulus = SpikeList(name="given", target="hidden", spikes=spikes, weight=chip.constant(1.0))
    program = chip.compiled(chip.network(stimuli=(stimulus,)))
    (source,) = program.part.external
    assert (source.name, source.population) == ("given", "hidden")
    np.testing.assert_allclose(source.time_us, [0.5, 12.3])
    np.testing.assert_array_equal(source.neuron, [0, 1])


def test_noise_of_both_signs_shares_a_generator(chip):
    noise = PoissonNoise(name="mixed", target="visible", rate_hz=50.0, weight=chip.weights(1.0, -2.0), seed=5)
    program = chip.compiled(chip.network(stimuli=(noise,)))
    (source,) = program.part.background
    assert (source.name, source.size, source.seed) == ("mixed", 2, 5)
    assert source.rate_hz == pytest.approx(50e3)
    tiles = {tile.polarity: tile for tile in program.part.tiles_of("mixed")}
    np.testing.assert_array_equal(tiles["excitatory"].exists, np.diag([True, False]))
    np.testing.assert_array_equal(tiles["inhibitory"].exists, np.diag([False, True]))


def test_a_population_on_both_hemispheres_has_a_generator_on_each(chip):
    noise = PoissonNoise(name="noise", target="visible", rate_hz=5.0, weight=chip.constant(1.0))
    spec = chip.network(
        260,
        2,
        forward={"weight": chip.constant(0.0)},
        feedback={"weight": chip.constant(0.0)},
        stimuli=(noise,),
    )
    program = chip.compiled(spec)
    assert [(source.hemisphere, source.size) for source in program.part.background] == [(0, 256), (1, 4)]
    assert sum(int(tile.exists.sum()) for tile in program.part.tiles_of("noise")) == 260

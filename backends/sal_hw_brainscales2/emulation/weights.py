"""Weights of programs for a chip: codes that the plasticity processors change while the network runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.ir import MAX_WEIGHT
from sal_hw.program import CompiledProgram
from sal_hw.results.result import MAX_SHARE_AT_LIMIT, Finding
from sal_hw_brainscales2.description import MAX_SHARE_SATURATED
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.emulation.sensor_reading import last_readings
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.engines.lif.model import LifModel
from sal_hw_emulator.engines.lif.ppu import BEGUN, MISSED
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece

#: share of learned weights beyond their range from which a run counts as degraded
MAX_SHARE_BEYOND = 0.01


class ChipWeights:
    """The learning side of a chip's program; see :class:`sal_hw_emulator.lif_session.LifSession`."""

    def __init__(self, program: CompiledProgram, chip: ChipModel, seed: int) -> None:
        self._program = program
        self._chip: ChipProgram = program.part_of(ChipProgram)
        self._chip_model = chip
        self._seed = seed
        self._loaded = load_chip(program, chip, (seed,))

    def model(self) -> LifModel:
        """Return the network to learn with."""
        return self._loaded.model

    def frozen_model(self, simulation: LifSimulation, observation: int, chain: int) -> LifModel:
        """Return the network as it is now, without plasticity and with noise of its own."""
        entropy = (self._seed, observation, chain)
        model = load_chip(self._program, self._chip_model, entropy, learning=False).model
        tiles = [replace(tile, weights=simulation.weights(index).copy()) for index, tile in enumerate(model.tiles)]
        # potentials were set once, before the run: a chain does not set them again
        return replace(model, tiles=tiles, neurons=self._loaded.model.neurons)

    def learn(self, simulation: LifSimulation, updates: int) -> list[Piece]:
        """Run update intervals; the processors update rows when they are due."""
        return [simulation.run(self._program.rules[0].update_steps * updates)]

    def of_projection(self, simulation: LifSimulation, projection: str) -> NDArray[np.float64]:
        """Return a copy of a projection's weights, shape (pre, post), in model units: codes times nominal strength."""
        block = self._program.synapse_block(projection)
        weights = np.zeros(block.weights.shape)
        if not self._loaded.tiles[projection]:
            return weights
        lsb = self._program.scaling_of(projection).lsb
        for place in self._loaded.tiles[projection]:
            if self._loaded.model.tiles[place.index].plastic is not None:
                codes = simulation.codes(place.index).astype(np.float64)
            else:
                codes = self._chip.tiles[place.chip_tile or 0].codes[:, place.columns].astype(np.float64)
            weights[place.pre, place.post] += place.sign * codes * lsb[place.post]
        return weights

    def sensor_readings(
        self, simulation: LifSimulation, projection: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last readings of a projection's sensors, causal and anti-causal, each of shape (pre, post)."""
        return last_readings(self._program, self._loaded, simulation, projection)

    def _learning_codes(self, simulation: LifSimulation) -> Iterator[NDArray[np.float32]]:
        for index, tile in enumerate(self._loaded.model.tiles):
            if tile.plastic is not None:
                yield simulation.codes(index)

    def counters(self, simulation: LifSimulation) -> dict[str, int]:
        """Return updates that did not happen, learning weights at the largest code and saturated readings."""
        codes = list(self._learning_codes(simulation))
        return {
            "updates_missed": int(simulation.schedule.progress[:, MISSED].sum()),
            "weights_at_rail": int(sum((each >= MAX_WEIGHT).sum() for each in codes)),
            "readings_saturated": int(simulation.schedule.saturated[0]),
        }

    def findings(self, simulation: LifSimulation) -> Sequence[Finding]:
        """Return weights beyond their range, missed updates, saturated sensors and weights at the rail."""
        counters = self.counters(simulation)
        rows = simulation.schedule.rows * simulation.schedule.progress[:, BEGUN]
        reads = max(
            1, int(rows.sum()) * 2 * max((tile.shape[1] for tile in self._learning_codes(simulation)), default=1)
        )
        synapses = max(1, sum(each.size for each in self._learning_codes(simulation)))
        learning = ", ".join(dict.fromkeys(placed.projection for placed in self._chip.kernels))
        return [
            *self._range_findings(simulation),
            *_finding(
                "updates_missed",
                counters["updates_missed"],
                degraded=True,
                advice=f"updates of {learning} were skipped because the one before was not done; raise update_every",
            ),
            *_finding(
                "weights_at_rail",
                counters["weights_at_rail"],
                degraded=counters["weights_at_rail"] > MAX_SHARE_AT_LIMIT * synapses,
                advice=f"of {synapses} learning synapses of {learning} stand at the largest code; is the balance of "
                "the sensors known (--calibration)? otherwise raise weight_max or lower the learning rate",
            ),
            *_finding(
                "sensors_saturated",
                counters["readings_saturated"],
                degraded=counters["readings_saturated"] > MAX_SHARE_SATURATED * reads,
                advice=f"of {reads} readings of the correlation sensors of {learning} were below the reliable range; "
                "lower update_every or the rates",
            ),
        ]

    def _range_findings(self, simulation: LifSimulation) -> Iterator[Finding]:
        """Yield learned weights beyond their range, of which a chip keeps only the codes: 0 .. 63."""
        for name in dict.fromkeys(placed.projection for placed in self._chip.kernels):
            block, weights = self._program.synapse_block(name), self.of_projection(simulation, name)
            half = self._program.scaling_of(name).lsb / 2.0
            low = -np.inf if block.weight_min is None else block.weight_min
            high = np.inf if block.weight_max is None else block.weight_max
            beyond = int(((weights < low - half) | (weights > high + half))[block.exists].sum())
            yield from _finding(
                "weights_beyond_range",
                beyond,
                degraded=beyond > MAX_SHARE_BEYOND * weights.size,
                advice=f"learned weights of {name} left its weight_min .. weight_max: a chip only limits codes, to "
                f"{MAX_WEIGHT}; scale the other weights onto {block.target} down, or use a receptor of one sign",
            )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return nothing: the simulation holds the codes."""
        return {}

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over nothing."""


def _finding(kind: str, count: int, *, degraded: bool, advice: str) -> Iterator[Finding]:
    if count:
        yield Finding(kind=kind, severity="degraded" if degraded else "ok", count=count, advice=f"{count} {advice}")

"""Weights of LIF programs without a chip: floats that learn from exact pair sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.learning_session import total_at_limit
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw_emulator.engines.lif.model import LifModel
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece
from sal_hw_emulator.lif_loader import load_ideal
from sal_hw_emulator.parameters import Parameters
from sal_hw_emulator.plasticity import PairSums, distinct_windows, window_index


class IdealWeights:
    """The learning side of an ideal program; see :class:`sal_hw_emulator.lif_session.LifSession`."""

    def __init__(self, program: CompiledProgram, seed: int) -> None:
        self._program = program
        self._seed = seed
        self._parameters = Parameters(program)
        self._loaded = load_ideal(program, (seed,))
        self._windows = distinct_windows(program)

    def model(self) -> LifModel:
        """Return the network to learn with."""
        return self._loaded.model

    def frozen_model(self, simulation: LifSimulation, observation: int, chain: int) -> LifModel:
        """Return the network as it is now, without plasticity and with noise of its own."""
        model = load_ideal(self._program, (self._seed, observation, chain)).model
        tiles = [
            replace(tile, weights=simulation.weights(index).copy(), sensors=None)
            for index, tile in enumerate(model.tiles)
        ]
        return replace(model, tiles=tiles)

    def learn(self, simulation: LifSimulation, updates: int) -> list[Piece]:
        """Run update intervals, each ending in an update of all learning weights at once."""
        steps = self._program.rules[0].update_steps
        pieces = []
        for _ in range(updates):
            pieces.append(simulation.run(steps))
            self._parameters.learn(self._take_sums(simulation), simulation.step * self._program.timestep_ms)
            self._write(simulation)
        return pieces

    def _take_sums(self, simulation: LifSimulation) -> PairSums:
        """Return the pair sums since the last update and empty the sensors."""
        program, size = self._program, self._program.n_neurons
        sums = np.zeros((len(self._windows), size, size))
        for rule in program.sal_rules:
            for projection in rule.learned:
                tile = self._loaded.sensors[rule.name, projection]
                block = program.synapse_block(projection)
                pre, post = program.neuron_block(block.source), program.neuron_block(block.target)
                rows = slice(pre.offset, pre.offset + pre.size)
                columns = slice(post.offset, post.offset + post.size)
                causal, anticausal = simulation.causal(tile), simulation.anticausal(tile)
                sums[window_index(self._windows, rule.causal), rows, columns] = causal
                sums[window_index(self._windows, rule.anticausal), columns, rows] = anticausal.T
        # several rules may have read one sensor
        for tile in set(self._loaded.sensors.values()):
            simulation.causal(tile)[:], simulation.anticausal(tile)[:] = 0.0, 0.0
        return PairSums(windows=self._windows, causal=sums, spike_counts=simulation.neurons.counts)

    def _write(self, simulation: LifSimulation) -> None:
        for rule in self._program.sal_rules:
            for projection in rule.learned:
                for tile in self._loaded.tiles[projection]:
                    simulation.weights(tile.index)[:] = np.maximum(
                        tile.sign * self._parameters.weights[projection], 0.0
                    )

    def of_projection(self, simulation: LifSimulation, projection: str) -> NDArray[np.float64]:
        """Return a copy of a projection's weights, shape (pre, post), mV."""
        del simulation
        return self._parameters.weights[projection].copy()

    def sensor_readings(
        self, simulation: LifSimulation, projection: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Refuse: ideal sensors have no converter."""
        del simulation
        raise TypeError(f"{projection} has no correlation probe: the target ideal has no converters")

    def counters(self, simulation: LifSimulation) -> dict[str, int]:
        """Return weights at the ends of their range; nothing else can go wrong here."""
        del simulation
        return {"updates_missed": 0, "weights_at_rail": total_at_limit(self._parameters.at_limit())}

    def findings(self, simulation: LifSimulation) -> Sequence[Finding]:
        """Return weights at the ends of their range."""
        del simulation
        return self._parameters.findings()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all weights by name."""
        return self._parameters.to_arrays()

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the weights of :meth:`to_arrays`; the simulation has its own copy."""
        self._parameters.from_arrays(arrays)

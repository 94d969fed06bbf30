"""Programs of LIF neurons, run by the LIF engine; see :class:`sal_hw.contracts.backend.Session`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, SpikeRecorder
from sal_hw.contracts.learning_session import WithoutMoments, by_population, silent_neurons
from sal_hw.experiment.effective import SpikeEffects
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.probes import SpikeProbe, StateProbe
from sal_hw_emulator.engines.lif.simulation import LifSimulation, Piece
from sal_hw_emulator.forcing import Batch, force_lif_spikes, in_batches
from sal_hw_emulator.lif_weights import LifWeights
from sal_hw_emulator.membrane_reading import ReadPotentials, read_exactly, read_membranes
from sal_hw_emulator.occupancy import marginal_counts

#: keys of the independent random streams of a run
_LEARNING, _OBSERVING, _READING = range(3)


class LifSession(WithoutMoments):
    """Runs a program piece by piece.

    Parameters
    ----------
    program
        What to run.
    weights
        Holds the weights and lets them learn.
    read_potentials
        What the machine makes of membrane potentials.
    seed
        Seed of everything random in the run.
    threads
        Threads for independent chains.
    recorder
        Takes the spikes of populations with a spike probe.
    """

    def __init__(
        self,
        program: CompiledProgram,
        weights: LifWeights,
        *,
        seed: int,
        threads: int = 1,
        recorder: SpikeRecorder | None = None,
        read_potentials: ReadPotentials = read_exactly,
    ) -> None:
        self._program = program
        self._read_potentials = read_potentials
        self._seed = seed
        self._threads = threads
        self._recorder = recorder
        self._weights = weights
        self._simulation = LifSimulation(self._weights.model(), self._stream(_LEARNING))
        self._observations = 0
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._state_probed = [probe.population for probe in program.probes_of(StateProbe)]

    def _stream(self, *key: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self._seed, spawn_key=key)

    def learn(self, updates: int) -> Observation:
        """Run `updates` update intervals with plasticity."""
        pieces = self._weights.learn(self._simulation, updates)
        for piece in pieces:
            self._send_spikes(piece)
        return self._observation(pieces)

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Run without plasticity, in independent chains that do not disturb the learning network."""
        step_ms = self._program.timestep_ms
        total, warmup = round(duration_ms / step_ms), round(warmup_ms / step_ms)
        lengths = [total // chains + (index < total % chains) for index in range(chains)]
        run = partial(self._run_chain, self._observations, warmup)
        self._observations += 1
        if self._threads == 1 or chains == 1:
            pieces = [run(index, steps) for index, steps in enumerate(lengths)]
        else:
            with ThreadPoolExecutor(max_workers=self._threads) as pool:
                pieces = list(pool.map(run, range(chains), lengths))
        return self._observation(pieces)

    def _run_chain(self, observation: int, warmup: int, index: int, steps: int) -> Piece:
        simulation = LifSimulation(
            self._weights.frozen_model(self._simulation, observation, index),
            self._stream(_OBSERVING, observation, index),
        )
        simulation.run(warmup)
        return simulation.run(steps)

    def _observation(self, pieces: Sequence[Piece]) -> Observation:
        blocks, step_ms = self._program.neurons, self._program.timestep_ms
        counts = np.zeros(self._program.n_neurons, dtype=np.int64)
        for piece in pieces:
            counts += np.bincount(piece.spike_neuron, minlength=len(counts))
        states = np.asarray(np.sum([piece.states for piece in pieces], axis=0))
        readings = self._stream(_READING, self._simulation.step, self._observations)
        membrane_ms, membrane = read_membranes(self._program, pieces, readings, self._read_potentials)
        return Observation(
            duration_ms=sum(piece.steps for piece in pieces) * step_ms,
            spike_counts={item.population: counts[item.offset : item.offset + item.size] for item in blocks},
            state_counts=marginal_counts(self._program, self._state_probed, states),
            membrane_ms=membrane_ms,
            membrane_mv=membrane,
        )

    def force_spikes(
        self, sources: NDArray[np.int64], *, window_ms: float, trials: int, batches: int, warmup_ms: float
    ) -> SpikeEffects:
        """Force spikes on neurons, see :class:`sal_hw.experiment.effective.SpikeForcer`."""
        step_ms, observation = self._program.timestep_ms, self._observations
        self._observations += 1

        def run(batch: int) -> Batch:
            return force_lif_spikes(
                self._weights.frozen_model(self._simulation, observation, batch),
                sources,
                trials=-(-trials // batches),
                warmup_steps=round(warmup_ms / step_ms),
                window_steps=round(window_ms / step_ms),
                seed=self._stream(_OBSERVING, observation, batch),
            )

        return in_batches(run, batches, threads=self._threads, timestep_ms=step_ms)

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the present weights, shape (pre, post), in model units."""
        return self._weights.of_projection(self._simulation, projection)

    def sensor_readings(self, projection: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last update's sensor readings, see :class:`sal_hw.contracts.backend.SensorReader`."""
        return self._weights.sensor_readings(self._simulation, projection)

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives (LIF) or biases (sampling), shape (neurons,)."""
        return self._program.neuron_block(population).biases.copy()

    def counters(self) -> dict[str, int]:
        """Return how often what happened that a user should know."""
        return self._weights.counters(self._simulation)

    def findings(self) -> Sequence[Finding]:
        """Return silent neurons and what the weights' side has noticed."""
        found = list(self._weights.findings(self._simulation))
        if self._simulation.step:
            found.extend(silent_neurons(by_population(self._program, self._simulation.neurons.counts)))
        return found

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""
        arrays = {f"simulation.{key}": item for key, item in self._simulation.to_arrays().items()}
        return arrays | self._weights.to_arrays() | {"observations": np.array(self._observations)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""
        marked = {key: item for key, item in arrays.items() if key.startswith("simulation.")}
        self._simulation.from_arrays({key.removeprefix("simulation."): item for key, item in marked.items()})
        self._weights.from_arrays(arrays)
        self._observations = int(arrays["observations"])

    def close(self) -> None:
        """Nothing to release."""

    def _send_spikes(self, piece: Piece) -> None:
        if self._recorder is None:
            return
        for block in self._program.neurons:
            if block.population in self._recorded:
                mine = (piece.spike_neuron >= block.offset) & (piece.spike_neuron < block.offset + block.size)
                time_ms = np.asarray(piece.spike_step[mine] * self._program.timestep_ms, dtype=np.float64)
                self._recorder(time_ms, (piece.spike_neuron[mine] - block.offset).astype(np.int32), block.population)

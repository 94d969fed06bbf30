"""Programs for machines that compute in time steps, run by the fixed-point engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, SpikeRecorder
from sal_hw.contracts.learning_session import (
    WithoutMoments,
    by_population,
    silent_neurons,
    total_at_limit,
    weights_at_limit,
)
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding, Verdict
from sal_hw.spec.probes import SpikeProbe
from sal_hw_emulator.engines.lif.simulation import Piece
from sal_hw_emulator.lif_loader import membrane_probe
from sal_hw_emulator.membrane_reading import read_membranes
from sal_hw_spinnaker.emulation.fixed_point.loader import LoadedMachine, load_digital, without_learning
from sal_hw_spinnaker.emulation.fixed_point.simulation import FixedPointSimulation
from sal_hw_spinnaker.passes.simultaneous import simultaneous_pairs
from sal_hw_spinnaker.program import DigitalProgram, DigitalSynapses

#: share of updates with forgotten post spikes from which a run counts as degraded: so much of a pair sum is within the
#: noise of a million accidental pairs, which no run here has per synapse
MAX_SHARE_TRUNCATED = 1e-3


class FixedPointSession(WithoutMoments):
    """Runs a program piece by piece, see :class:`sal_hw.contracts.backend.Session`.

    Parameters
    ----------
    program
        What to run; it must have a digital part.
    seed
        Seed of everything random in the run.
    threads
        Threads for independent chains.
    recorder
        Takes the spikes of populations with a spike probe.
    """

    #: no machine is behind it
    chip_id: str | None = None

    def __init__(
        self, program: CompiledProgram, *, seed: int, threads: int = 1, recorder: SpikeRecorder | None = None
    ) -> None:
        self._program = program
        self._digital = program.part_of(DigitalProgram)
        self._seed = seed
        self._threads = threads
        self._recorder = recorder
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._loaded = self._load((seed,))
        self._simulation = self._simulate(self._loaded)
        self._observations = 0

    def _load(self, entropy: tuple[int, ...]) -> LoadedMachine:
        return load_digital(self._program, self._digital, entropy)

    def _simulate(self, loaded: LoadedMachine) -> FixedPointSimulation:
        return FixedPointSimulation(loaded.machine, *membrane_probe(self._program))

    def learn(self, updates: int) -> Observation:
        """Run `updates` update intervals with plasticity."""
        steps = self._program.rules[0].update_steps
        pieces = self._simulation.run(steps * updates)
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
            found = [run(index, steps) for index, steps in enumerate(lengths)]
        else:
            with ThreadPoolExecutor(max_workers=self._threads) as pool:
                found = list(pool.map(run, range(chains), lengths))
        return self._observation([piece for pieces in found for piece in pieces])

    def _run_chain(self, observation: int, warmup: int, index: int, steps: int) -> list[Piece]:
        loaded = self._load((self._seed, observation, index))
        machine = without_learning(loaded.machine)
        machine.synapses.words[:] = self._simulation.machine.synapses.words
        simulation = FixedPointSimulation(machine, *membrane_probe(self._program))
        simulation.run(warmup)
        return simulation.run(steps)

    def _observation(self, pieces: Sequence[Piece]) -> Observation:
        counts = np.zeros(self._program.n_neurons, dtype=np.int64)
        for piece in pieces:
            counts += np.bincount(piece.spike_neuron, minlength=len(counts))
        # a digital machine reads its potentials as they are, so that no chip and no random numbers come into it
        unused = np.random.SeedSequence(self._seed)
        membrane_ms, membrane = read_membranes(self._program, pieces, unused) if pieces else ({}, {})
        return Observation(
            duration_ms=sum(piece.steps for piece in pieces) * self._program.timestep_ms,
            spike_counts={
                item.population: counts[item.offset : item.offset + item.size] for item in self._program.neurons
            },
            state_counts={},
            membrane_ms=membrane_ms,
            membrane_mv=membrane,
        )

    def _words(self, part: DigitalSynapses) -> NDArray[np.int64]:
        return self._simulation.words()[self._loaded.places[part.name]].reshape(part.words.shape)

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the present weights, shape (pre, post), mV: those of its parts added up with their signs."""
        shape = self._program.synapse_block(projection).weights.shape
        return self._digital.weights_mv(projection, shape, self._words)

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives, shape (neurons,), mV."""
        return self._program.neuron_block(population).biases.copy()

    def counters(self) -> dict[str, int]:
        """Return how often what happened that a user should know."""
        machine = self._simulation.machine
        return {
            "updates_missed": 0,
            "weights_at_rail": total_at_limit(self._digital.words_at_limit(self._words)),
            "ring_buffers_saturated": int(machine.buffers.saturated[0]),
            "post_history_overflows": int(machine.traces.lost[0]),
        }

    def findings(self) -> Sequence[Finding]:
        """Return silent neurons, saturated sums, pairs that were lost, and weights at the ends of their range."""
        machine, step_ms = self._simulation.machine, self._program.timestep_ms
        found: list[Finding] = []
        saturated, lost = int(machine.buffers.saturated[0]), int(machine.traces.lost[0])
        if self._simulation.step:
            found.extend(silent_neurons(by_population(self._program, machine.neurons.counts)))
        if saturated:
            advice = "more arrived in one step than a ring buffer holds; make weights or rates smaller"
            found.append(Finding(kind="ring_buffers_saturated", severity="degraded", count=saturated, advice=advice))
        if lost and any(item.step_lsb > 0.0 for item in self._digital.plasticity):
            updates = self._synapse_updates()
            severity: Verdict = "degraded" if lost > MAX_SHARE_TRUNCATED * updates else "ok"
            advice = (
                f"a neuron keeps {self._digital.history} post spikes; in {lost} of {updates} updates of synapses older "
                "ones were not paired with the pre spike before them: bring the rates on both sides closer together"
            )
            found.append(Finding(kind="post_history_overflows", severity=severity, count=lost, advice=advice))
        pairs, size, everything = machine.traces.changes.tolist()
        found.extend(simultaneous_pairs(pairs, size / everything if everything else 0.0, self._digital, step_ms))
        found.extend(weights_at_limit(self._digital.words_at_limit(self._words)))
        return found

    def _synapse_updates(self) -> int:
        """Return how often synapses that learn were updated: at each spike of their source."""
        counts, updates = self._simulation.machine.neurons.counts, 0
        for name in {item.projection for item in self._digital.plasticity}:
            block = self._program.synapse_block(name)
            pre = self._program.neuron_block(block.source)
            updates += int(counts[pre.offset : pre.offset + pre.size] @ block.exists.sum(axis=1))
        return updates

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""
        arrays = {f"simulation.{key}": item for key, item in self._simulation.to_arrays().items()}
        return arrays | {"observations": np.array(self._observations)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""
        marked = {key: item for key, item in arrays.items() if key.startswith("simulation.")}
        self._simulation.from_arrays({key.removeprefix("simulation."): item for key, item in marked.items()})
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

"""Programs that run in chunks, on whatever runs a chunk; see :mod:`sal_hw_spinnaker.chunks.loop`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, SpikeRecorder
from sal_hw.contracts.learning_session import WithoutMoments, silent_neurons, total_at_limit, weights_at_limit
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw_spinnaker.chunks.loop import Chunk, ChunkLoop, Records, Spikes
from sal_hw_spinnaker.chunks.plan import ChunkPlan, chunk_plan
from sal_hw_spinnaker.ticks import TickProgram


class ChunkRunner(Protocol):
    """Runs a network from rest."""

    def __call__(self, chunk: Chunk) -> Records:
        """Run a chunk and return what was recorded.

        Raises
        ------
        sal_hw.errors.SalHwError
            If the machine fails.
        """


#: makes a runner from a plan
Opener = Callable[[ChunkPlan], ChunkRunner]


class ChunkSession(WithoutMoments):
    """Runs a program chunk by chunk, see :class:`sal_hw.contracts.backend.Session`.

    It is a :class:`sal_hw.contracts.backend.WholeRun` as well, so that results carry the machine's name.

    Parameters
    ----------
    program
        What to run.
    open_runner
        Makes what runs a chunk.
    seed
        Seed of everything random in the run.
    recorder
        Takes the spikes of populations with a spike probe.
    chip_id
        Name of the machine; None for an emulation.
    """

    def __init__(
        self,
        program: CompiledProgram,
        open_runner: Opener,
        *,
        seed: int,
        recorder: SpikeRecorder | None = None,
        chip_id: str | None = None,
    ) -> None:
        self.chip_id = chip_id
        self._program = program
        self._ticks = program.part_of(TickProgram)
        self._plan = chunk_plan(program, seed)
        self._run = open_runner(self._plan)
        self._recorder = recorder
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._loop = self._new_loop()
        self._counts = {block.population: np.zeros(block.size, dtype=np.int64) for block in program.neurons}
        self._too_early = 0
        self._observations = 0

    def _new_loop(self, *key: int) -> ChunkLoop:
        return ChunkLoop(self._plan.document(), self._plan.arrays, key)

    def prepare(self, updates: int) -> None:
        """Nothing to prepare: chunks are run as they are asked for."""

    def learn(self, updates: int) -> Observation:
        """Run `updates` chunks, after each of which the host learns."""
        found = []
        for _ in range(updates):
            first = self._loop.chunks * self._ticks.chunk_ticks
            records = self._run(self._loop.next_chunk())
            self._loop.learn(records.spikes)
            self._take_note(records, first)
            found.append((first, self._ticks.chunk_ticks, records))
        return self._observation(found)

    def _take_note(self, records: Records, first: int) -> None:
        step_ms = self._program.timestep_ms
        for name, (tick, neuron) in records.spikes.items():
            self._counts[name] += np.bincount(neuron, minlength=len(self._counts[name]))
            self._too_early += too_early((tick, neuron), self._ticks.neurons_of(name).refractory_ticks)
            if self._recorder is not None and name in self._recorded:
                time_ms = np.asarray((first + tick) * step_ms, dtype=np.float64)
                self._recorder(time_ms, neuron.astype(np.int32), name)

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Run without plasticity, in chunks of their own, each of which begins with the time that does not count."""
        step_ms = self._program.timestep_ms
        total, warmup = round(duration_ms / step_ms), round(warmup_ms / step_ms)
        found = []
        for chain in range(chains):
            loop = self._new_loop(self._observations, chain)
            loop.stored = self._loop.stored
            left = total // chains + (chain < total % chains)
            while left:
                ticks = min(left, max(1, self._ticks.chunk_ticks - warmup))
                records = self._run(loop.next_chunk(warmup + ticks))
                found.append((0, ticks, _after(records, warmup)))
                loop.skip()
                left -= ticks
        self._observations += 1
        return self._observation(found)

    def _observation(self, found: Sequence[tuple[int, int, Records]]) -> Observation:
        counts = {block.population: np.zeros(block.size, dtype=np.int64) for block in self._program.neurons}
        for _, _, records in found:
            for name, (_, neuron) in records.spikes.items():
                counts[name] += np.bincount(neuron, minlength=len(counts[name]))
        times: dict[str, NDArray[np.float64]] = {}
        potentials: dict[str, NDArray[np.float64]] = {}
        for probe in self._program.probes_of(MembraneProbe) if found else ():
            samples = [self._samples(probe, first, records) for first, _, records in found]
            times[probe.population] = np.concatenate([each[0] for each in samples])
            potentials[probe.population] = np.concatenate([each[1] for each in samples])
        return Observation(
            duration_ms=sum(ticks for _, ticks, _ in found) * self._program.timestep_ms,
            spike_counts=counts,
            state_counts={},
            membrane_ms=times,
            membrane_mv=potentials,
        )

    def _samples(
        self, probe: MembraneProbe, first: int, records: Records
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        name, step_ms = probe.population, self._program.timestep_ms
        lif = self._program.neuron_block(name).lif
        values = records.potentials[name]
        tick = first + np.arange(len(values))
        taken = tick % round(probe.every_ms / step_ms) == 0
        rest_mv = lif.v_rest_mv if lif is not None else 0.0
        # a sample is taken at the end of its tick
        return (tick[taken] + 1) * step_ms, values[taken] / self._ticks.neurons_of(name).potential_per_mv + rest_mv

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the weights that the machine has, mV, shape (pre, post): whole numbers over their scale."""
        return self._loop.weights(projection)

    def unrounded_weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the weights that the host keeps, mV, shape (pre, post); the machine's if it keeps none."""
        return self._loop.weights(projection, stored=False)

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives, mV, shape (neurons,)."""
        return self._program.neuron_block(population).biases.copy()

    def _at_limit(self) -> dict[str, tuple[int, int]]:
        """Return, per projection, learning weights that stand at an end of their range, and how many there are."""
        found = {}
        learning = {name for rule in self._plan.rules if rule.gain != 0.0 for name in rule.learned}
        for block in self._program.synapses:
            if block.projection in learning:
                weights = self.unrounded_weights(block.projection)[block.exists]
                ends = [end for end in (block.weight_min, block.weight_max) if end is not None]
                found[block.projection] = (sum(int(np.isclose(weights, end).sum()) for end in ends), weights.size)
        return found

    def counters(self) -> dict[str, int]:
        """Return how often what happened that a user should know."""
        return {
            "updates_missed": 0,
            "weights_at_rail": total_at_limit(self._at_limit()),
            "spikes_too_early": self._too_early,
        }

    def findings(self) -> Sequence[Finding]:
        """Return silent neurons, spikes that no refractory neuron has, and weights at the ends of their range."""
        found: list[Finding] = []
        if self._loop.chunks:
            found.extend(silent_neurons(self._counts))
        if self._too_early:
            advice = (
                "neurons spiked while they were refractory: the machine ignored their parameter t_refrac, or takes the "
                "tick of a spike for the first of it, which is not published"
            )
            found.append(Finding(kind="spikes_too_early", severity="degraded", count=self._too_early, advice=advice))
        found.extend(weights_at_limit(self._at_limit()))
        return found

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result: chunks begin at rest, so it is little."""
        loop = self._loop
        arrays: dict[str, NDArray[Any]] = {f"stored.{name}": item.copy() for name, item in loop.stored.items()}
        arrays |= {f"shadow.{name}": item.copy() for name, item in loop.shadow.items()}
        arrays |= {f"counts.{name}": item.copy() for name, item in self._counts.items()}
        return arrays | {"progress": np.array((loop.chunks, self._observations, self._too_early), dtype=np.int64)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""
        loop = self._loop
        loop.stored = {name: arrays[f"stored.{name}"].copy() for name in loop.stored}
        loop.shadow = {name: arrays[f"shadow.{name}"].copy() for name in loop.shadow}
        self._counts = {name: arrays[f"counts.{name}"].copy() for name in self._counts}
        loop.chunks, self._observations, self._too_early = arrays["progress"].tolist()

    def close(self) -> None:
        """Nothing to release: every chunk lets go of the machine."""


def too_early(spikes: Spikes, refractory_ticks: int) -> int:
    """Return how many spikes follow one of the same neuron within its refractory time.

    Parameters
    ----------
    spikes
        Ticks and neurons.
    refractory_ticks
        Ticks in which a neuron does not integrate after that of its spike.
    """
    tick, neuron = spikes
    order = np.lexsort((tick, neuron))
    gap, same = np.diff(tick[order]), np.diff(neuron[order]) == 0
    return int((same & (gap <= refractory_ticks)).sum())


def _after(records: Records, warmup: int) -> Records:
    """Return what was recorded after a number of ticks, in ticks since the chunk's begin."""
    spikes = {name: (tick[tick >= warmup], neuron[tick >= warmup]) for name, (tick, neuron) in records.spikes.items()}
    return Records(spikes=spikes, potentials={name: item[warmup:] for name, item in records.potentials.items()})

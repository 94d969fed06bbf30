"""A compiled program of sampling neurons, loaded into the sampling engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Moments, Observation, SpikeRecorder
from sal_hw.contracts.learning_session import by_population, silent_neurons, total_at_limit
from sal_hw.experiment.effective import SpikeEffects
from sal_hw.program import CompiledProgram, LoweredWakeSleep
from sal_hw.results.result import Finding
from sal_hw.spec.probes import SpikeProbe, StateProbe
from sal_hw_emulator.engines.sampling import (
    PairWindow,
    SamplingModel,
    SamplingState,
    SamplingStatistics,
    simulate,
)
from sal_hw_emulator.engines.sampling.forcing import force_spikes
from sal_hw_emulator.forcing import Batch, in_batches
from sal_hw_emulator.occupancy import marginal
from sal_hw_emulator.parameters import Parameters
from sal_hw_emulator.plasticity import PairSums, distinct_windows, measured_moments

#: keys of the independent random streams of a run
_LEARNING, _OBSERVING = 0, 1


class SamplingSession:
    """Runs a program piece by piece; see :class:`sal_hw.contracts.backend.Session`.

    Parameters
    ----------
    program
        What to run.
    seed
        Seed of everything random in the run.
    threads
        Threads for independent chains.
    recorder
        Takes the spikes of populations with a spike probe.
    """

    def __init__(
        self, program: CompiledProgram, *, seed: int, threads: int = 1, recorder: SpikeRecorder | None = None
    ) -> None:
        if program.timing is None:
            raise TypeError("the program has no sampling neurons")
        self._program = program
        self._timing = program.timing
        self._seed = seed
        self._threads = threads
        self._recorder = recorder
        self._parameters = Parameters(program)
        self._state = SamplingState.fresh(program.n_neurons, self._stream(_LEARNING))
        self._observations = 0
        self._spikes_seen = np.zeros(program.n_neurons, dtype=np.int64)
        self._lowered = distinct_windows(program)
        self._windows = tuple(
            PairWindow(
                shape=window.shape,
                tau_steps=window.tau_steps,
                pairing=window.pairing,
                coincidence=self._timing.coincidence,
            )
            for window in self._lowered
        )
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._state_probed = {probe.population for probe in program.probes_of(StateProbe)}

    def _stream(self, *key: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self._seed, spawn_key=key)

    def learn(self, updates: int) -> Observation:
        """Run `updates` update intervals with plasticity."""
        steps = self._program.rules[0].update_steps
        counts = np.zeros(self._program.n_neurons, dtype=np.int64)
        sink = self._send_spikes if self._recorder is not None and self._recorded else None
        for _ in range(updates):
            statistics = simulate(self._parameters.model(), self._state, steps, windows=self._windows, spike_sink=sink)
            time_ms = self._state.step * self._program.timestep_ms
            self._parameters.learn(self._sums(statistics), time_ms)
            counts += statistics.spike_counts
        self._spikes_seen += counts
        return self._observation(updates * steps, counts, np.zeros(0, dtype=np.int64))

    def _sums(self, statistics: SamplingStatistics) -> PairSums:
        return PairSums(windows=self._lowered, causal=statistics.causal, spike_counts=statistics.spike_counts)

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Run without plasticity, in independent chains that do not disturb the learning network."""
        states = bool(self._state_probed)
        measured = self._run_chains(duration_ms, chains, warmup_ms, windows=(), states=states)
        state_counts = np.sum([item.state_counts for item in measured], axis=0)
        counts = np.sum([item.spike_counts for item in measured], axis=0)
        return self._observation(sum(item.steps for item in measured), counts, state_counts)

    def _run_chains(
        self,
        duration_ms: float,
        chains: int,
        warmup_ms: float,
        *,
        windows: tuple[PairWindow, ...],
        states: bool,
    ) -> list[SamplingStatistics]:
        total = round(duration_ms / self._program.timestep_ms)
        warmup = round(warmup_ms / self._program.timestep_ms)
        lengths = [total // chains + (index < total % chains) for index in range(chains)]
        run = partial(_run_chain, self._parameters.model(), warmup, windows=windows, states=states)
        streams = [self._stream(_OBSERVING, self._observations, index) for index in range(chains)]
        self._observations += 1
        if self._threads == 1 or chains == 1:
            return [run(steps, stream) for steps, stream in zip(lengths, streams, strict=True)]
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            return list(pool.map(run, lengths, streams))

    def _observation(self, steps: int, counts: NDArray[np.int64], state_counts: NDArray[np.int64]) -> Observation:
        blocks = self._program.neurons
        return Observation(
            duration_ms=steps * self._program.timestep_ms,
            spike_counts={item.population: counts[item.offset : item.offset + item.size] for item in blocks},
            state_counts={
                item.population: marginal(state_counts, self._program.n_neurons, item.offset, item.size)
                for item in blocks
                if item.population in self._state_probed and state_counts.size
            },
        )

    def measure_moments(self, rule: str, duration_ms: float) -> Moments:
        """Return the moments as the synapses of a wake-sleep rule measure them, without plasticity."""
        lowered = next(item for item in self._program.rules if item.name == rule)
        if not isinstance(lowered, LoweredWakeSleep):
            raise TypeError(f"{rule} is not a wake-sleep rule")
        warmup_ms = 20 * self._timing.tau_ref_steps * self._program.timestep_ms
        (measured,) = self._run_chains(duration_ms, 1, warmup_ms, windows=self._windows, states=False)
        scale = self._timing.tau_ref_steps / measured.steps
        return measured_moments(lowered, self._program, self._sums(measured), scale)

    def force_spikes(
        self, sources: NDArray[np.int64], *, window_ms: float, trials: int, batches: int, warmup_ms: float
    ) -> SpikeEffects:
        """Force spikes on neurons, see :class:`sal_hw.experiment.effective.SpikeForcer`."""
        step_ms, observation = self._program.timestep_ms, self._observations
        self._observations += 1
        model = self._parameters.model()

        def run(batch: int) -> Batch:
            spikes, ready = force_spikes(
                model,
                sources,
                trials=-(-trials // batches),
                warmup_steps=round(warmup_ms / step_ms),
                window_steps=round(window_ms / step_ms),
                seed=self._stream(_OBSERVING, observation, batch),
            )
            return spikes.astype(np.float64), ready.astype(np.float64)

        return in_batches(run, batches, threads=self._threads, timestep_ms=step_ms)

    def set_moments(self, rule: str, moments: Moments) -> None:
        """Set the wake phase's moments of a wake-sleep rule."""
        self._parameters.wake[rule] = moments

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the present weights, shape (pre, post)."""
        return self._parameters.weights[projection].copy()

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the present biases, shape (neurons,)."""
        return self._parameters.biases[population].copy()

    def findings(self) -> Sequence[Finding]:
        """Return silent neurons and weights at their limits."""
        found = self._parameters.findings()
        if self._state.step:
            found.extend(silent_neurons(by_population(self._program, self._spikes_seen), raising="their bias"))
        return found

    def counters(self) -> dict[str, int]:
        """Return weights at the ends of their range."""
        return {"weights_at_rail": total_at_limit(self._parameters.at_limit())}

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""
        arrays: dict[str, NDArray[Any]] = {f"state.{key}": item for key, item in self._state.to_arrays().items()}
        arrays |= self._parameters.to_arrays()
        return arrays | {
            "observations": np.array(self._observations),
            "spikes_seen": self._spikes_seen.copy(),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program and seed."""
        marked = {key: item for key, item in arrays.items() if key.startswith("state.")}
        self._state = SamplingState.from_arrays({key.removeprefix("state."): item for key, item in marked.items()})
        self._parameters.from_arrays(arrays)
        self._observations = int(arrays["observations"])
        self._spikes_seen = np.array(arrays["spikes_seen"])

    def close(self) -> None:
        """Nothing to release."""

    def _send_spikes(self, steps: NDArray[np.int64], neurons: NDArray[np.int32]) -> None:
        if self._recorder is None:
            return
        for block in self._program.neurons:
            if block.population in self._recorded:
                mine = (neurons >= block.offset) & (neurons < block.offset + block.size)
                time_ms = np.asarray(steps[mine] * self._program.timestep_ms, dtype=np.float64)
                self._recorder(time_ms, (neurons[mine] - block.offset).astype(np.int32), block.population)


def _run_chain(
    model: SamplingModel,
    warmup: int,
    steps: int,
    stream: np.random.SeedSequence,
    *,
    windows: tuple[PairWindow, ...],
    states: bool,
) -> SamplingStatistics:
    state = SamplingState.fresh(model.n_neurons, stream)
    simulate(model, state, warmup)
    return simulate(model, state, steps, windows=windows, record_states=states)

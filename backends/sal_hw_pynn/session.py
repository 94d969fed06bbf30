"""A program in a simulator, run piece by piece; see :class:`sal_hw.contracts.backend.Session`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, SpikeRecorder, never
from sal_hw.contracts.learning_session import WithoutMoments, silent_neurons, total_at_limit
from sal_hw.errors import IntegrityError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.probes import SpikeProbe
from sal_hw_pynn.blueprint import plan_network
from sal_hw_pynn.description import INPUT_STEPS, Simulator
from sal_hw_pynn.inputs import Inputs
from sal_hw_pynn.learning import Learning
from sal_hw_pynn.mechanisms import Mechanism, plan_mechanisms
from sal_hw_pynn.pair_sums import Train
from sal_hw_pynn.process import Process


class PynnSession(WithoutMoments):
    """Runs a program in a simulator's process, one update interval at a time.

    No simulator can be set to all of a network's state: traces, refractory times and spikes on their way stay inside. A
    session is therefore restored by repeating the run up to the checkpoint, and it checks that the weights agree.

    Parameters
    ----------
    program
        What to run.
    simulator
        Where.
    seed
        Seed of all noise.
    recorder
        Takes the spikes of populations with a spike probe.
    interrupted
        Asked whether to stop.
    """

    def __init__(
        self,
        program: CompiledProgram,
        simulator: Simulator,
        *,
        seed: int,
        recorder: SpikeRecorder | None = None,
        interrupted: Callable[[], bool] = never,
    ) -> None:
        self._interrupted = interrupted
        self._program = program
        self._simulator: Simulator = simulator
        self._seed = seed
        self._recorder = recorder
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._mechanisms = plan_mechanisms(
            simulator, program.rules, program.synapses, program.neurons, program.timestep_ms
        )
        self._process: Process | None = None
        self._observations = 0
        self._begin()

    def _begin(self) -> None:
        self.close()
        self._updates = 0
        self._learning = Learning(self._program, self._simulator, self._mechanisms)
        self._inputs = Inputs(self._program, (self._seed,))
        self._counts = {block.population: np.zeros(block.size, dtype=np.int64) for block in self._program.neurons}

    def learn(self, updates: int) -> Observation:
        """Run `updates` update intervals with plasticity."""
        before = {name: counts.copy() for name, counts in self._counts.items()}
        for _ in range(updates):
            self._learn_once(record=True)
        return Observation(
            duration_ms=updates * self._steps * self._program.timestep_ms,
            spike_counts={name: counts - before[name] for name, counts in self._counts.items()},
            state_counts={},
        )

    @property
    def _steps(self) -> int:
        if not self._program.rules:
            raise TypeError("a program without a rule has no update intervals")
        return self._program.rules[0].update_steps

    def _learn_once(self, *, record: bool) -> None:
        if self._process is None:
            self._process = self._start([self._inputs], self._mechanisms)
        found = self._process.advance(self._steps, self._inputs.draw(self._steps))
        self._updates += 1
        spikes: dict[str, Train] = {}
        for block in self._program.neurons:
            step, neuron = found[f"step.{block.population}"], found[f"neuron.{block.population}"]
            spikes[block.population] = (step, neuron)
            self._counts[block.population] += np.bincount(neuron, minlength=block.size)
            if record and self._recorder is not None and block.population in self._recorded:
                self._recorder(step * self._program.timestep_ms, neuron.astype(np.int32), block.population)
        self._learning.update(self._process, spikes, self._updates * self._steps)

    def _start(self, inputs: Sequence[Inputs], mechanisms: Sequence[Mechanism]) -> Process:
        plan, arrays = plan_network(self._simulator, self._program, self._learning.weights, inputs, mechanisms)
        return Process(plan, arrays, interrupted=self._interrupted)

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Run without plasticity: the chains are unconnected copies of the network in one simulation of their own."""
        step_ms = self._program.timestep_ms
        total, warmup = round(duration_ms / step_ms), round(warmup_ms / step_ms)
        lengths = np.array([total // chains + (index < total % chains) for index in range(chains)])
        inputs = [Inputs(self._program, (self._seed, self._observations, chain)) for chain in range(chains)]
        self._observations += 1
        frozen = [Mechanism(projection=block.projection, way="static") for block in self._program.synapses]
        process = self._start(inputs, frozen)
        try:
            steps = warmup + int(lengths.max())
            found = process.advance(steps, _side_by_side(inputs, steps))
        finally:
            process.close()
        counts = {}
        for block in self._program.neurons:
            step, neuron = found[f"step.{block.population}"], found[f"neuron.{block.population}"]
            chain, member = np.divmod(neuron, block.size)
            counted = (step >= warmup) & (step < warmup + lengths[chain])
            counts[block.population] = np.bincount(member[counted], minlength=block.size).astype(np.int64)
        return Observation(duration_ms=total * step_ms, spike_counts=counts, state_counts={})

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return a copy of the weights as of the last update, mV, shape (pre, post)."""
        return self._learning.weights[projection].copy()

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives, mV, shape (neurons,)."""
        return self._program.neuron_block(population).biases.copy()

    def counters(self) -> dict[str, int]:
        """Return weights at the ends of their range; no update is ever late here."""
        return {"updates_missed": 0, "weights_at_rail": total_at_limit(self._learning.at_limit())}

    def findings(self) -> Sequence[Finding]:
        """Return silent neurons, weights at their limits, updates that were cut, and inputs that have not arrived."""
        found = self._learning.findings()
        if self._updates:
            found.extend(silent_neurons(self._counts))
        if late := self._inputs.on_their_way():
            advice = (
                f"{late} given spikes of the last {INPUT_STEPS} steps never arrive, since an input takes so long here; "
                "make the duration longer or leave them out"
            )
            found.append(Finding(kind="spikes_on_their_way", severity="degraded", count=late, advice=advice))
        return found

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return how far the run is, and the weights that a repetition must have there."""
        arrays: dict[str, NDArray[Any]] = {
            "updates": np.array(self._updates),
            "observations": np.array(self._observations),
        }
        return arrays | {f"weights.{name}": values.copy() for name, values in self._learning.weights.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Repeat the run up to a checkpoint of the same program and seed, without recording it again.

        Raises
        ------
        IntegrityError
            E822 if the repetition arrives at other weights: the simulator or its libraries have changed.
        """
        self._begin()
        for _ in range(int(arrays["updates"])):
            self._learn_once(record=False)
        self._observations = int(arrays["observations"])
        for name, weights in self._learning.weights.items():
            if not np.array_equal(weights, arrays[f"weights.{name}"]):
                raise IntegrityError(_no_repetition(self._simulator, name))

    def close(self) -> None:
        """End the simulator's process."""
        if self._process is not None:
            self._process.close()
        self._process = None


def _side_by_side(inputs: Sequence[Inputs], steps: int) -> dict[str, Train]:
    """Return the events of several copies of a network as those of one."""
    drawn = [item.draw(steps) for item in inputs]
    joined = {}
    for name in inputs[0].populations:
        size = len(inputs[0].sources(name).neuron)
        at = np.concatenate([events[name][0] for events in drawn])
        joined[name] = (at, np.concatenate([events[name][1] + copy * size for copy, events in enumerate(drawn)]))
    return joined


def _no_repetition(simulator: Simulator, projection: str) -> Problem:
    return Problem(
        code="E822",
        field=f"projection {projection}",
        value=quote_value(f"pynn:{simulator}"),
        allowed="the same weights as when the run was interrupted; PyNN, the simulator or numpy are of another version",
        hint="begin the run again without --resume",
    )

"""The ``train_distribution`` experiment: wake-sleep learning of a Boltzmann distribution, with and without SAL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.backend import Moments, Session
from sal_hw.experiment.base import Arrays, Outcome, Promise, Recording, next_stop
from sal_hw.experiment.boltzmann import Boltzmann, draw_beta_problem, mirrored
from sal_hw.experiment.metrics import NO_PAIR, asymmetry_variance, kullback_leibler, sampling_floor
from sal_hw.passes.draw_values import draw_values
from sal_hw.program import CompiledProgram, LoweredWakeSleep
from sal_hw.results.metrics import Found, finite
from sal_hw.spec.probes import WeightProbe
from sal_hw.spec.protocols import BetaTarget, BoltzmannTarget, TrainDistributionProtocol
from sal_hw.storage.codec import frozen

OpenSession = Callable[[CompiledProgram], Session]


def target_distribution(
    protocol: TrainDistributionProtocol, program: CompiledProgram, folder: Path | None = None
) -> Boltzmann:
    """Return the wanted distribution over the states of the trained population; files lie below `folder`."""
    size = program.neuron_block(protocol.population).size
    target = protocol.target
    match target:
        case BetaTarget():
            return draw_beta_problem(target, size)
        case BoltzmannTarget():
            names, seed = ("target", protocol.population), program.seed
            weights = draw_values(target.weight, (size, size), seed=seed, names=(*names, "weight"), folder=folder)
            biases = draw_values(target.bias, (size,), seed=seed, names=(*names, "bias"), folder=folder)
            return Boltzmann(weights=mirrored(weights), biases=biases)
        case _:
            assert_never(target)


class TrainDistributionExperiment:
    """Trains a recurrent sampling network and validates it between stretches of learning.

    Validation phases run on chains of their own, without learning: they change nothing of the trained network.

    Parameters
    ----------
    protocol
        What the user wants.
    program, session
        The compiled network and where it is loaded.
    open_session
        Opens a session of another program on the same backend; used where the wake phase's moments are sampled.
    folder
        Folder that files with the target's parameters are looked up in; None is the working folder.
    """

    def __init__(
        self,
        protocol: TrainDistributionProtocol,
        program: CompiledProgram,
        session: Session,
        open_session: OpenSession,
        folder: Path | None = None,
    ) -> None:
        self.done = 0
        self.total = protocol.updates
        self._protocol = protocol
        self._program = program
        self._session = session
        self._rule = program.wake_sleep_rules[0]
        self._target = target_distribution(protocol, program, folder)
        self._probabilities = self._target.probabilities()
        every = protocol.validation.every_updates
        probed = {probe.projection: probe.every_updates for probe in program.probes_of(WeightProbe)}
        #: every how many updates weights are recorded; those of the trained projection at validations, too
        self._weight_periods = {self._rule.projection: every} | probed
        self._periods = [every, *self._weight_periods.values()]
        self._recording = Recording()
        self._session.set_moments(self._rule.name, self._wake_moments(open_session))

    def _wake_moments(self, open_session: OpenSession) -> Moments:
        match self._protocol.moments:
            case "analytic":
                return self._target.moments()
            case "sampled":
                return self._sampled_moments(open_session)
            case _:
                assert_never(self._protocol.moments)

    def _sampled_moments(self, open_session: OpenSession) -> Moments:
        teacher = open_session(_with_parameters(self._program, self._rule, self._target))
        try:
            return teacher.measure_moments(self._rule.name, self._protocol.wake_duration_ms or 0.0)
        finally:
            teacher.close()

    @staticmethod
    def promise(protocol: TrainDistributionProtocol, program: CompiledProgram) -> Promise:
        """Return what the experiment will have found, which is the same for all programs."""
        del protocol, program
        ends = {f"{name}_{when}" for name in ("dkl", "asymmetry") for when in ("initial", "final")}
        metrics = {"updates", "dkl_sampling_floor", "states_unseen_final", *ends}
        return Promise(metrics=frozenset(metrics), numbers=frozenset({"dkl", "states_unseen", "asymmetry"}))

    def step(self) -> None:
        """Validate, then learn up to the next validation or record; validate once more after the last update."""
        if self.done == 0:
            self._validate()
            self._record_weights()
        updates = next_stop(self.done, self.total, self._periods) - self.done
        self._session.learn(updates)
        self.done += updates
        if self._is_due(self._protocol.validation.every_updates):
            self._validate()
        self._record_weights()

    def _is_due(self, period: int) -> bool:
        return self.done % period == 0 or self.done == self.total

    def _record_weights(self) -> None:
        validated = self._is_due(self._protocol.validation.every_updates)
        for name, period in self._weight_periods.items():
            if self._is_due(period) or (validated and name == self._rule.projection):
                self._recording.add(f"weights.{name}", self.done, self._session.weights(name))

    def _validate(self) -> None:
        wanted = self._protocol.validation
        seen = self._session.observe(wanted.duration_ms, chains=wanted.chains, warmup_ms=wanted.warmup_ms)
        counts = seen.state_counts[self._protocol.population]
        weights = self._session.weights(self._rule.projection)
        self._recording.add("dkl", self.done, kullback_leibler(self._probabilities, counts))
        self._recording.add("states_unseen", self.done, np.count_nonzero(counts == 0))
        self._recording.add("asymmetry", self.done, asymmetry_variance(weights))
        self._recording.add(f"biases.{self._rule.population}", self.done, self._session.biases(self._rule.population))
        if self.done == self.total:
            self._recording.add("state_counts", self.done, counts)
            self._recording.add("state_target", self.done, self._probabilities)

    def outcome(self) -> Outcome:
        """Return metrics and traces of a finished experiment."""
        traces = self._recording.traces()
        dkl, asymmetry = traces["dkl"].values, traces["asymmetry"].values
        metrics: dict[str, Found] = {
            "updates": self.total,
            "dkl_initial": float(dkl[0]),
            "dkl_final": float(dkl[-1]),
            "dkl_sampling_floor": self._sampling_floor(),
            "asymmetry_initial": finite(asymmetry[0], NO_PAIR),
            "asymmetry_final": finite(asymmetry[-1], NO_PAIR),
            "states_unseen_final": int(traces["states_unseen"].values[-1]),
        }
        return Outcome(metrics=metrics, traces=traces)

    def _sampling_floor(self) -> float:
        """Return the expected DKL of a perfect sampler, one independent sample per refractory time."""
        if self._program.timing is None:
            raise TypeError("a distribution is trained with sampling neurons")
        tau_ref_ms = self._program.timing.tau_ref_steps * self._program.timestep_ms
        samples = self._protocol.validation.duration_ms / tau_ref_ms
        return sampling_floor(len(self._probabilities), samples)

    def checkpoint(self) -> Arrays:
        """Return what is known so far."""
        return self._recording.checkpoint() | {"done": np.array(self.done)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._recording.restore(arrays)
        self.done = int(arrays["done"])


def _with_parameters(program: CompiledProgram, rule: LoweredWakeSleep, target: Boltzmann) -> CompiledProgram:
    """Return the program with the target's weights and biases: the network whose samples are the wake phase."""
    synapses = tuple(
        replace(block, weights=frozen(np.where(block.exists, target.weights, 0.0)))
        if block.projection == rule.projection
        else block
        for block in program.synapses
    )
    neurons = tuple(
        replace(block, biases=frozen(target.biases)) if block.population == rule.population else block
        for block in program.neurons
    )
    return replace(program, synapses=synapses, neurons=neurons)

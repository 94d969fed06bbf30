"""The parameters of a loaded program that learning changes, and how the engine sees them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.backend import Moments
from sal_hw.contracts.learning_session import weights_at_limit
from sal_hw.errors import InputError, Problem
from sal_hw.program import CompiledProgram, LoweredRule, LoweredSal, LoweredWakeSleep, SynapseBlock
from sal_hw.results.result import Finding
from sal_hw_emulator.engines.sampling import SamplingModel
from sal_hw_emulator.plasticity import PairSums, sal_change, wake_sleep_change

#: log-odds of this size have long saturated every probability: learning has lost its meaning
DIVERGED = 1e3


class Parameters:
    """Weights per projection and biases per population, in the making.

    Parameters
    ----------
    program
        Where they start.
    """

    def __init__(self, program: CompiledProgram) -> None:
        self.program = program
        self.weights = {block.projection: block.weights.copy() for block in program.synapses}
        self.biases = {block.population: block.biases.copy() for block in program.neurons}
        self.wake: dict[str, Moments] = {}
        self._learning = {name for rule in program.rules for name in rule.learned if rule.gain != 0.0}

    def model(self) -> SamplingModel:
        """Return the network as the sampling engine takes it: one dense matrix over all neurons."""
        program, timing = self.program, self.program.timing
        if timing is None:
            raise TypeError("the program has no sampling neurons")
        weights = np.zeros((program.n_neurons, program.n_neurons))
        for block in program.synapses:
            pre, post = program.neuron_block(block.source), program.neuron_block(block.target)
            rows = slice(pre.offset, pre.offset + pre.size)
            weights[rows, post.offset : post.offset + post.size] += self.weights[block.projection]
        return SamplingModel(
            weights=weights,
            biases=np.concatenate([self.biases[block.population] for block in program.neurons]),
            tau_ref_steps=timing.tau_ref_steps,
            psp_steps=timing.psp_steps,
            dead_steps=timing.dead_steps,
            state_steps=timing.state_steps,
        )

    def learn(self, sums: PairSums, time_ms: float) -> None:
        """Apply all rules once; every change comes from the same pair sums, then the ranges are enforced.

        Raises
        ------
        InputError
            E601 if a weight is no longer finite or has diverged, naming time, pre and post.
        """
        changes = [
            (block, change)
            for rule in self.program.rules
            for block in self.program.synapses
            if (change := self._change(rule, block, sums)) is not None
        ]
        for block, change in changes:
            self.weights[block.projection] += change
        for block in self.program.synapses:
            if block.projection in self._learning:
                _enforce_range(block, self.weights[block.projection])
                _refuse_divergence(block, self.weights[block.projection], time_ms)

    def _change(self, rule: LoweredRule, block: SynapseBlock, sums: PairSums) -> NDArray[np.float64] | None:
        match rule:
            case LoweredSal():
                return sal_change(rule, block.projection, self.program, sums)
            case LoweredWakeSleep():
                return self._wake_sleep_change(rule, block, sums)
            case _:
                assert_never(rule)

    def _wake_sleep_change(
        self, rule: LoweredWakeSleep, block: SynapseBlock, sums: PairSums
    ) -> NDArray[np.float64] | None:
        if block.projection != rule.projection or rule.name not in self.wake:
            return None
        weights, biases = wake_sleep_change(rule, self.program, sums, self.wake[rule.name])
        self.biases[rule.population] += biases
        if rule.bias_limit is not None:
            np.clip(
                self.biases[rule.population],
                -rule.bias_limit,
                rule.bias_limit,
                out=self.biases[rule.population],
            )
        return weights

    def at_limit(self) -> dict[str, tuple[int, int]]:
        """Return, per projection, learning weights that stand at an end of their range, and how many there are."""
        found = {}
        for block in self.program.synapses:
            if block.projection in self._learning:
                weights = self.weights[block.projection][block.exists]
                at_ends = int(sum((weights == end).sum() for end in (block.weight_min, block.weight_max)))
                found[block.projection] = (at_ends, weights.size)
        return found

    def findings(self) -> list[Finding]:
        """Return how many learning weights stand at an end of their range."""
        return list(weights_at_limit(self.at_limit()))

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return all parameters by name."""
        arrays = {f"weights.{name}": values.copy() for name, values in self.weights.items()}
        arrays |= {f"biases.{name}": values.copy() for name, values in self.biases.items()}
        for name, moments in self.wake.items():
            arrays |= {f"wake_mean.{name}": moments.mean, f"wake_coactivation.{name}": moments.coactivation}
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Take over the parameters of :meth:`to_arrays`."""
        for name in self.weights:
            self.weights[name] = np.array(arrays[f"weights.{name}"])
        for name in self.biases:
            self.biases[name] = np.array(arrays[f"biases.{name}"])
        for rule in self.program.rules:
            if f"wake_mean.{rule.name}" in arrays:
                self.wake[rule.name] = Moments(
                    mean=arrays[f"wake_mean.{rule.name}"],
                    coactivation=arrays[f"wake_coactivation.{rule.name}"],
                )


def _enforce_range(block: SynapseBlock, weights: NDArray[np.float64]) -> None:
    if block.weight_min is not None or block.weight_max is not None:
        np.clip(weights, block.weight_min, block.weight_max, out=weights)
        weights[~block.exists] = 0.0


def _refuse_divergence(block: SynapseBlock, weights: NDArray[np.float64], time_ms: float) -> None:
    usable = np.abs(weights) <= DIVERGED
    if usable.all():
        return
    pre, post = (int(number) for number in np.argwhere(~usable)[0])
    raise InputError(
        Problem(
            code="E601",
            field=f"projection {block.projection}",
            value=f"{weights[pre, post]:g} from {pre} to {post}",
            allowed=f"weights of at most {DIVERGED:g} in size; this one diverged at {time_ms:g} ms of model time",
            hint="lower the learning rate or give the projection weight_min and weight_max",
        )
    )

"""The weights of a run: who changes them, and how they are kept in their range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.learning_session import weights_at_limit
from sal_hw.errors import InputError, Problem
from sal_hw.program import CompiledProgram, LoweredSal, SynapseBlock
from sal_hw.results.result import Finding
from sal_hw_pynn.blueprint import part_name
from sal_hw_pynn.coincidences import Owed
from sal_hw_pynn.description import TIMING, Simulator
from sal_hw_pynn.mechanisms import Mechanism
from sal_hw_pynn.pair_sums import PairSums, Train
from sal_hw_pynn.process import Process

Doubles = NDArray[np.float64]

#: weights of this size, in mV, are no weights any more: learning has diverged
DIVERGED_MV = 1e3


class Learning:
    """Learns at the end of each update interval.

    Parameters
    ----------
    program
        Where the weights start.
    simulator
        Whose STDP it is.
    mechanisms
        How each projection learns, in their order.
    """

    def __init__(self, program: CompiledProgram, simulator: Simulator, mechanisms: Sequence[Mechanism]) -> None:
        self._program = program
        self._mechanisms = {item.projection: item for item in mechanisms}
        self.weights = {block.projection: block.weights.copy() for block in program.synapses}
        #: how many learning weights of the simulator's own STDP met one of its bounds, which are far from the range
        self.bounded = 0
        self._sums = {
            (item.projection, index): self._pair_sums(item.projection, index)
            for item in mechanisms
            if item.way == "host"
            for index in item.rules
        }
        self._owed = {
            item.projection: Owed(TIMING[simulator], self._rule(item.rules[0]), *self._sizes(item.projection))
            for item in mechanisms
            if item.way == "native"
        }

    def _rule(self, index: int) -> LoweredSal:
        rule = self._program.rules[index]
        if not isinstance(rule, LoweredSal):
            raise TypeError(f"{rule.name} is not a SAL rule")
        return rule

    def _sizes(self, projection: str) -> tuple[int, int]:
        block = self._program.synapse_block(projection)
        return self._program.neuron_block(block.source).size, self._program.neuron_block(block.target).size

    def _pair_sums(self, projection: str, index: int) -> PairSums:
        return PairSums(self._rule(index), *self._sizes(projection))

    def update(self, process: Process, spikes: Mapping[str, Train], step: int) -> None:
        """Take over what the simulator has learned, and learn what it cannot.

        Parameters
        ----------
        spikes
            Per population, steps and neurons of the interval's spikes.
        step
            First step after the interval.

        Raises
        ------
        InputError
            E601 if a weight is no longer finite or has diverged.
        """
        for block in self._program.synapses:
            item = self._mechanisms[block.projection]
            match item.way:
                case "static":
                    continue
                case "native":
                    self._take_over(process, block, item, spikes, step)
                case "host":
                    self._learn(process, block, item, spikes)
                case _:
                    assert_never(item.way)
            _refuse_divergence(block, self.weights[block.projection], step * self._program.timestep_ms)

    def _take_over(
        self, process: Process, block: SynapseBlock, mechanism: Mechanism, spikes: Mapping[str, Train], step: int
    ) -> None:
        stdp = mechanism.stdp
        if stdp is None:
            raise TypeError(f"{block.projection} learns in the simulator, but by no parameters")
        name = part_name(block.projection, "learning")
        learned = process.weights(name)
        self.bounded += int(((learned <= 0.0) | (learned >= stdp.weight_max_mv))[block.exists].sum())
        rule, owed = self._rule(mechanism.rules[0]), self._owed[block.projection]
        unit = rule.gain * rule.amplitudes[block.projection]
        weights = learned - stdp.offset_mv
        more = unit * owed.take(spikes[block.source], spikes[block.target], step)
        kept = np.clip(weights + more, block.weight_min, block.weight_max)
        changed = block.exists & (kept != weights)
        if changed.any():
            process.set_weights(name, np.where(changed, kept + stdp.offset_mv, learned))
        shown = np.clip(kept + unit * owed.late, block.weight_min, block.weight_max)
        self.weights[block.projection] = np.where(block.exists, shown, 0.0)

    def _learn(self, process: Process, block: SynapseBlock, item: Mechanism, spikes: Mapping[str, Train]) -> None:
        weights = self.weights[block.projection].copy()
        for index in item.rules:
            rule = self._rule(index)
            sums = self._sums[block.projection, index].take(spikes[block.source], spikes[block.target])
            weights += rule.gain * rule.amplitudes[block.projection] * sums
        if block.weight_min is not None or block.weight_max is not None:
            weights = np.clip(weights, block.weight_min, block.weight_max)
        weights = np.where(block.exists, weights, 0.0)
        process.set_weights(part_name(block.projection, "plus"), np.maximum(weights, 0.0))
        process.set_weights(part_name(block.projection, "minus"), np.minimum(weights, 0.0))
        self.weights[block.projection] = weights

    def at_limit(self) -> dict[str, tuple[int, int]]:
        """Return, per projection, learning weights that stand at an end of their range, and how many there are."""
        found = {}
        for block in self._program.synapses:
            if self._mechanisms[block.projection].way != "static":
                weights = self.weights[block.projection][block.exists]
                at_ends = int(sum((weights == end).sum() for end in (block.weight_min, block.weight_max)))
                found[block.projection] = (at_ends, weights.size)
        return found

    def findings(self) -> list[Finding]:
        """Return weights that stand at an end of their range, or that met a bound of the simulator."""
        found = list(weights_at_limit(self.at_limit()))
        if self.bounded:
            advice = (
                "one update moved weights by more than their whole range; lower the learning rate or update more often"
            )
            found.append(Finding(kind="updates_cut", severity="degraded", count=self.bounded, advice=advice))
        return found


def _refuse_divergence(block: SynapseBlock, weights: Doubles, time_ms: float) -> None:
    usable = np.abs(weights) <= DIVERGED_MV
    if usable.all():
        return
    pre, post = (int(number) for number in np.argwhere(~usable)[0])
    raise InputError(
        Problem(
            code="E601",
            field=f"projection {block.projection}",
            value=f"{weights[pre, post]:g} mV from {pre} to {post}",
            allowed=f"weights of at most {DIVERGED_MV:g} mV; this one diverged at {time_ms:g} ms of model time",
            hint="lower the learning rate or give the projection weight_min and weight_max",
        )
    )

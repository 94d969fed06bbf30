"""Noise and given spikes as single spike sources, drawn from the run's seed and not by the simulator.

A source spikes at most once per step, but several events of a train can fall into one step. Each train is therefore
several sources whose weights are 1, 2, 4, ... times its own: the binary digits of its number of events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc
from typing_extensions import assert_never

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredSpikes, LoweredStimulus
from sal_hw.program.streams import Entropy, poisson_stream
from sal_hw_pynn.description import INPUT_STEPS

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

#: what more events in a step than there are digits for may have as probability; less than once in all runs ever made
_NEVER = 1e-30
#: steps that are drawn at a time, which bounds the memory
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sources:
    """The spike sources of one population.

    Attributes
    ----------
    neuron, weight_mv
        Shape (sources,): the neuron that each reaches, and the signed weight.
    """

    neuron: Integers
    weight_mv: Doubles


class Inputs:
    """The stimuli of a program, for one copy of its network.

    Parameters
    ----------
    program
        Whose stimuli.
    entropy
        The run's seed, and for an observing chain the numbers of the observation and of the chain.
    """

    def __init__(self, program: CompiledProgram, entropy: Entropy) -> None:
        self._program = program
        self._step = 0
        self._streams = {
            item.name: np.random.default_rng(poisson_stream(entropy, item))
            for item in program.stimuli
            if isinstance(item, LoweredPoisson)
        }

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations that have stimuli, in their order."""
        reached = {item.population for item in self._program.stimuli}
        return tuple(block.population for block in self._program.neurons if block.population in reached)

    def sources(self, population: str) -> Sources:
        """Return the sources of a population: stimulus by stimulus, digit by digit, neuron by neuron."""
        size = self._program.neuron_block(population).size
        weights = [item.weights * 2.0**digit for item in self._of(population) for digit in range(self._digits(item))]
        return Sources(neuron=np.tile(np.arange(size), len(weights)), weight_mv=np.concatenate(weights))

    def draw(self, steps: int) -> dict[str, tuple[Integers, Integers]]:
        """Return the next stretch's events: per population, steps and sources, each of shape (events,)."""
        found = {name: self._draw(name, steps) for name in self.populations}
        self._step += steps
        return found

    def on_their_way(self) -> int:
        """Return how many given spikes have been drawn and have not arrived yet."""
        given = (item.step for item in self._program.stimuli if isinstance(item, LoweredSpikes))
        first = self._step - INPUT_STEPS
        return sum(int(((step >= first) & (step < self._step)).sum()) for step in given)

    def _draw(self, population: str, steps: int) -> tuple[Integers, Integers]:
        size = self._program.neuron_block(population).size
        at, who, first = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], 0
        for item in self._of(population):
            for step, neuron, number in self._counts(item, size, steps):
                for digit in range(self._digits(item)):
                    chosen = (number >> digit) & 1 == 1
                    at.append(step[chosen])
                    who.append(first + digit * size + neuron[chosen])
            first += self._digits(item) * size
        return np.concatenate(at), np.concatenate(who)

    def _of(self, population: str) -> list[LoweredStimulus]:
        return [item for item in self._program.stimuli if item.population == population]

    def _digits(self, item: LoweredStimulus) -> int:
        """Return how many binary digits the events of one neuron in one step need."""
        match item:
            case LoweredSpikes():
                pairs = np.column_stack([item.step, item.neuron])
                most = int(np.unique(pairs, axis=0, return_counts=True)[1].max(initial=1))
                return most.bit_length()
            case LoweredPoisson():
                rate = self._per_step(item)
                # P(at least n events) is the regularised incomplete gamma function of n
                return next(digits for digits in range(1, 64) if gammainc(2.0**digits, rate) < _NEVER)
            case _:
                assert_never(item)

    def _per_step(self, item: LoweredPoisson) -> float:
        return item.rate_hz * self._program.timestep_ms * 1e-3

    def _counts(self, item: LoweredStimulus, size: int, steps: int) -> Iterator[tuple[Integers, Integers, Integers]]:
        """Yield steps, neurons and numbers of events, where there are any."""
        match item:
            case LoweredSpikes():
                inside = (item.step >= self._step) & (item.step < self._step + steps)
                pairs = np.column_stack([item.step[inside], item.neuron[inside]])
                places, number = np.unique(pairs, axis=0, return_counts=True)
                yield places[:, 0], places[:, 1], number
            case LoweredPoisson():
                yield from self._drawn(item, size, steps)
            case _:
                assert_never(item)

    def _drawn(self, item: LoweredPoisson, size: int, steps: int) -> Iterator[tuple[Integers, Integers, Integers]]:
        for begin in range(0, steps, _BLOCK):
            length = min(_BLOCK, steps - begin)
            drawn = self._streams[item.name].poisson(self._per_step(item), (length, size))
            step, neuron = np.nonzero(drawn)
            yield self._step + begin + step, neuron, drawn[step, neuron]

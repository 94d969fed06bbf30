"""What recorded spikes tell of learning on the machine: changes that it still defers, and pairs at lag 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw_spinnaker.emulation.fixed_point.arrays import ALL, PAIRS, SIMULTANEOUS
from sal_hw_spinnaker.emulation.fixed_point.loader import LoadedMachine, load_digital
from sal_hw_spinnaker.emulation.fixed_point.stdp import caught_up, replay
from sal_hw_spinnaker.program import DigitalProgram, DigitalSynapses

#: recorded times are whole steps but for rounding
_HALF = 0.5


class RecordedPairs:
    """The machine's STDP, replayed on the spikes that were recorded before a time.

    Parameters
    ----------
    program, digital
        What ran.
    arrays
        ``time_ms.POPULATION`` and ``neuron.POPULATION``.
    end_ms
        The time.
    """

    def __init__(
        self,
        program: CompiledProgram,
        digital: DigitalProgram,
        arrays: Mapping[str, NDArray[Any]],
        end_ms: float,
    ) -> None:
        self._loaded: LoadedMachine = load_digital(program, digital, (0,))
        step_ms, steps, neurons = program.timestep_ms, [], []
        for block in program.neurons:
            time_ms = np.asarray(arrays[f"time_ms.{block.population}"], dtype=np.float64)
            early = time_ms < end_ms - _HALF * step_ms
            steps.append(np.rint(time_ms[early] / step_ms).astype(np.int64))
            neurons.append(np.asarray(arrays[f"neuron.{block.population}"], dtype=np.int64)[early] + block.offset)
        step, neuron = np.concatenate(steps), np.concatenate(neurons)
        order = np.lexsort((neuron, step))
        machine = self._loaded.machine
        replay(machine.synapses, machine.rules, machine.traces, step[order], neuron[order])

    def caught_up(self, part: DigitalSynapses, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the words of a part, shape (pre, post), with the post spikes that they wait for."""
        machine, place = self._loaded.machine, self._loaded.places[part.name]
        machine.synapses.words[place] = words.ravel()
        return caught_up(machine.synapses, machine.rules, machine.traces)[place].reshape(words.shape)

    def simultaneous(self) -> tuple[int, float]:
        """Return the number of pairs of simultaneous spikes, and the size of their changes over that of all."""
        changes = self._loaded.machine.traces.changes.tolist()
        return changes[PAIRS], changes[SIMULTANEOUS] / changes[ALL] if changes[ALL] else 0.0

"""A network that runs piece by piece: running, reading, saving and restoring it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.simulation import Piece
from sal_hw_spinnaker.emulation.fixed_point.advance import advance
from sal_hw_spinnaker.emulation.fixed_point.arrays import Integers, Machine, Records
from sal_hw_spinnaker.emulation.fixed_point.stdp import caught_up

#: spikes that are kept before the loop hands them over
SPIKES_PER_PIECE = 1 << 16


class FixedPointSimulation:
    """A network in the making.

    Parameters
    ----------
    machine
        The network; it is changed in place.
    membrane, membrane_every
        Neurons whose membrane is recorded, and the steps between two samples; 0 for none.
    """

    def __init__(self, machine: Machine, membrane: Integers, membrane_every: int) -> None:
        self.machine = machine
        self.step = 0
        self._membrane = membrane
        self._membrane_every = membrane_every

    def run(self, steps: int) -> list[Piece]:
        """Run a stretch and return what was recorded in it, in order."""
        pieces, left = [], steps
        while left:
            pieces.append(self._run_piece(left))
            left -= pieces[-1].steps
        return pieces

    def _run_piece(self, steps: int) -> Piece:
        records, first, every = self._records(steps), self.step, self._membrane_every
        done = advance(self.step, steps, *self.machine, records)
        self.step += done
        spikes, samples = records.filled.tolist()
        sampled = np.arange(-(-first // every) * every, self.step, every) if every else np.zeros(0, dtype=np.int64)
        return Piece(
            steps=done,
            spike_step=records.spike_step[:spikes].copy(),
            spike_neuron=records.spike_neuron[:spikes].copy(),
            membrane=records.membrane[:samples].copy(),
            membrane_step=sampled,
            states=np.zeros(0, dtype=np.int64),
        )

    def _records(self, steps: int) -> Records:
        size, every = len(self.machine.neurons.v), self._membrane_every
        samples = steps // every + 1 if every else 0
        return Records(
            spike_step=np.zeros(SPIKES_PER_PIECE + size, dtype=np.int64),
            spike_neuron=np.zeros(SPIKES_PER_PIECE + size, dtype=np.int32),
            membrane=np.zeros((samples, len(self._membrane))),
            membrane_neuron=self._membrane,
            membrane_every=np.array([every], dtype=np.int64),
            filled=np.zeros(2, dtype=np.int64),
        )

    def words(self) -> Integers:
        """Return the words of all synapses, with the post spikes that they wait for until their next pre spike."""
        return caught_up(self.machine.synapses, self.machine.rules, self.machine.traces)

    def _changing(self) -> dict[str, NDArray[Any]]:
        neurons, traces = self.machine.neurons, self.machine.traces
        return {
            "v": neurons.v,
            "current": neurons.current,
            "wait": neurons.wait,
            "counts": neurons.counts,
            "buffers": self.machine.buffers.words,
            "saturated": self.machine.buffers.saturated,
            "words": self.machine.synapses.words,
            "pre_step": traces.pre_step,
            "pre_trace": traces.pre_trace,
            "post_step": traces.post_step,
            "post_trace": traces.post_trace,
            "post_last": traces.post_last,
            "lost": traces.lost,
            "changes": traces.changes,
            "noise_upcoming": self.machine.noise.upcoming,
            "noise_random": self.machine.noise.random,
            "given_done": self.machine.given.done,
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""
        return {name: array.copy() for name, array in self._changing().items()} | {"step": np.array(self.step)}

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from :meth:`to_arrays` of a simulation of the same network."""
        for name, array in self._changing().items():
            array[...] = arrays[name]
        self.step = int(arrays["step"])

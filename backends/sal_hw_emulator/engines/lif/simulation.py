"""A network in the making: arrays, random streams, and running, reading, saving and restoring them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.advance import advance
from sal_hw_emulator.engines.lif.arrays import Records
from sal_hw_emulator.engines.lif.build import (
    MAX_COLUMNS,
    build_background,
    build_external,
    build_kernels,
    build_neurons,
    build_readout,
    build_schedule,
    build_sensors,
    build_tiles,
    view_of,
)
from sal_hw_emulator.engines.lif.model import LifModel
from sal_hw_emulator.engines.lif.start import start_sensors

#: spikes that are kept before the loop hands them over
SPIKES_PER_PIECE = 1 << 16

#: random numbers per synapse and update that the work space has room for
_MOST_DRAWS = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Piece:
    """What happened in a stretch of steps.

    Attributes
    ----------
    steps
        Its length.
    spike_step, spike_neuron
        Shape (spikes,), in order of time.
    membrane
        Shape (samples, recorded neurons); one sample at each multiple of the sampling interval.
    membrane_step
        Shape (samples,).
    states
        Shape (2**neurons,): steps in each joint state.
    """

    steps: int
    spike_step: NDArray[np.int64]
    spike_neuron: NDArray[np.int32]
    membrane: NDArray[np.float64]
    membrane_step: NDArray[np.int64]
    states: NDArray[np.int64]


class LifSimulation:
    """A network that runs piece by piece.

    Parameters
    ----------
    model
        The network.
    seed
        Stream of the membranes' noise, of the readings' noise, of the processors' random numbers and of the readings
        before the first update.
    """

    def __init__(self, model: LifModel, seed: np.random.SeedSequence) -> None:
        self.model = model
        self.step = 0
        size = len(model.neurons.v_leak)
        neuron_seed, readout_seed, start_seed = seed.spawn(3)
        self.neurons = build_neurons(model.neurons, neuron_seed)
        self.tiles, self.flat_weights = build_tiles(model.tiles, size)
        self.sensors = build_sensors(model.tiles, self.tiles)
        self.readout, constants = build_readout(model.tiles, self.tiles, readout_seed, keep=model.keep_readings)
        start_sensors(model.tiles, model.kernels, self.tiles, self.sensors, self.readout, constants, start_seed)
        self._first_constant = constants
        self.schedule = build_schedule(model.tiles, model.processors, constants)
        self.kernels = build_kernels(model.kernels)
        self.background = build_background(model.background)
        self.external = build_external(model.external)
        self._noisy = bool((self.neurons.noise > 0.0).any())
        self._sensing = bool((self.tiles.sensor >= 0).any())
        self._work = np.zeros((2 + _MOST_DRAWS, MAX_COLUMNS), dtype=np.float32)

    def run(self, steps: int) -> Piece:
        """Run a stretch and return what was recorded in it."""
        pieces, left = [], steps
        while left:
            pieces.append(self._run_piece(left))
            left -= pieces[-1].steps
        return _joined(pieces) if pieces else _joined([self._run_piece(0)])

    def _run_piece(self, steps: int) -> Piece:
        records = self._records(steps)
        done = advance(
            self.step,
            steps,
            self.neurons,
            self.tiles,
            self.flat_weights,
            self.background,
            self.external,
            self.sensors,
            self.readout,
            self.schedule,
            self.kernels,
            records,
            self._noisy,
            self._sensing,
            self._work,
        )
        every, first = self.model.membrane_every, self.step
        self.step += done
        spikes, samples = records.filled.tolist()
        sampled = np.arange(-(-first // every) * every, self.step, every) if every else np.zeros(0, dtype=np.int64)
        return Piece(
            steps=done,
            spike_step=records.spike_step[:spikes].copy(),
            spike_neuron=records.spike_neuron[:spikes].copy(),
            membrane=records.membrane[:samples].copy(),
            membrane_step=sampled,
            states=records.states,
        )

    def _records(self, steps: int) -> Records:
        model = self.model
        every = model.membrane_every
        samples = steps // every + 1 if every else 0
        return Records(
            spike_step=np.zeros(SPIKES_PER_PIECE + len(self.neurons.v), dtype=np.int64),
            spike_neuron=np.zeros(SPIKES_PER_PIECE + len(self.neurons.v), dtype=np.int32),
            membrane=np.zeros((samples, len(model.membrane))),
            membrane_neuron=model.membrane,
            membrane_every=np.array([every], dtype=np.int64),
            states=np.zeros(2 ** len(model.state) if len(model.state) else 0, dtype=np.int64),
            state_neuron=model.state,
            state_steps=model.state_steps,
            filled=np.zeros(2, dtype=np.int64),
        )

    def weights(self, tile: int) -> NDArray[np.float32]:
        """Return a view of a tile's weights (magnitudes), shape (rows, columns)."""
        return view_of(self.flat_weights, self.tiles, tile, int(self.tiles.base[tile]))

    def codes(self, tile: int) -> NDArray[np.float32]:
        """Return a view of a plastic tile's stored weights, shape (rows, columns)."""
        return view_of(self.readout.code, self.tiles, tile, int(self.tiles.sensor[tile]))

    def causal(self, tile: int) -> NDArray[np.float32]:
        """Return a view of what a tile's causal sensors hold, shape (rows, columns)."""
        return view_of(self.sensors.causal, self.tiles, tile, int(self.tiles.sensor[tile]))

    def anticausal(self, tile: int) -> NDArray[np.float32]:
        """Return a view of what a tile's anti-causal sensors hold, shape (rows, columns)."""
        return view_of(self.sensors.anticausal, self.tiles, tile, int(self.tiles.sensor[tile]))

    def readings(self, tile: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return views of the last causal and anti-causal readings of a tile, each of shape (rows, columns).

        Raises
        ------
        TypeError
            If the model does not keep them.
        """
        if not self.model.keep_readings:
            raise TypeError("the model does not keep readings")
        first = int(self.tiles.sensor[tile])
        causal, anticausal = (
            view_of(flat, self.tiles, tile, first) for flat in (self.readout.seen_causal, self.readout.seen_anticausal)
        )
        return causal, anticausal

    def constants(self, tile: int) -> NDArray[np.float32]:
        """Return a copy of the constants of a plastic tile's kernel, shape (constants, rows, columns)."""
        plastic = self.model.tiles[tile].plastic
        if plastic is None:
            raise TypeError(f"tile {tile} is not plastic")
        per_row, rows, columns = plastic.constants.shape
        first = int(self._first_constant[tile])
        found = self.readout.constants[first : first + per_row * rows, :columns]
        return found.reshape(rows, per_row, columns).transpose(1, 0, 2)

    def _changing(self) -> dict[str, NDArray[Any]]:
        neurons, readout = self.neurons, self.readout
        return {
            "v": neurons.v,
            "v_leak": neurons.v_leak,
            "current_exc": neurons.current_exc,
            "current_inh": neurons.current_inh,
            "until": neurons.until,
            "last_spike": neurons.last_spike,
            "counts": neurons.counts,
            "words": neurons.words,
            "weights": self.flat_weights,
            "causal": self.sensors.causal,
            "anticausal": self.sensors.anticausal,
            "past_causal": self.sensors.past_causal,
            "past_anticausal": self.sensors.past_anticausal,
            "code": readout.code,
            "noise_words": readout.noise_words,
            "random_words": readout.random_words,
            "seen_causal": readout.seen_causal,
            "seen_anticausal": readout.seen_anticausal,
            "constants": readout.constants,
            "progress": self.schedule.progress,
            "saturated": self.schedule.saturated,
            "background_upcoming": self.background.upcoming,
            "background_words": self.background.words,
            "external_done": self.external.done,
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything needed to go on later with the very same result."""
        return {name: array.copy() for name, array in self._changing().items()} | {"step": np.array(self.step)}

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from :meth:`to_arrays` of a simulation of the same model."""
        for name, array in self._changing().items():
            array[...] = arrays[name]
        self.step = int(arrays["step"])


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(
        steps=sum(piece.steps for piece in pieces),
        spike_step=np.concatenate([piece.spike_step for piece in pieces]),
        spike_neuron=np.concatenate([piece.spike_neuron for piece in pieces]),
        membrane=np.concatenate([piece.membrane for piece in pieces]),
        membrane_step=np.concatenate([piece.membrane_step for piece in pieces]),
        states=np.asarray(np.sum([piece.states for piece in pieces], axis=0)),
    )

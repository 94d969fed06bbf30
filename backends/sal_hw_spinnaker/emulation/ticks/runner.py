"""Runs the chunks of a plan on the emulator's engine for ticks; see :mod:`sal_hw_spinnaker.chunks.session`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sal_hw_spinnaker.chunks.loop import Chunk, Records
from sal_hw_spinnaker.chunks.plan import ChunkPlan, PopulationPlan
from sal_hw_spinnaker.emulation.ticks import arrays as engine
from sal_hw_spinnaker.emulation.ticks.advance import run_chunk


class TickRunner:
    """Runs a network from rest, chunk by chunk.

    Parameters
    ----------
    plan
        Of the program.
    input_first
        Whether currents take in what arrives in a tick before potentials move in it. That is how conversions from NIR
        write the machine's equations; the machine's own order is not published.
    """

    def __init__(self, plan: ChunkPlan, *, input_first: bool = True) -> None:
        self._plan = plan
        self._input_first = input_first
        starts = np.cumsum([0, *(item.size for item in plan.populations)]).tolist()
        names = [item.name for item in plan.populations]
        self._places = {name: slice(*ends) for name, *ends in zip(names, starts[:-1], starts[1:], strict=True)}
        self._size = int(starts[-1])
        self._neurons = self._load_neurons()
        recorded = [np.arange(self._size)[self._places[item.name]] for item in self._with_potential()]
        self._recorded = np.concatenate([np.zeros(0, dtype=np.int64), *recorded])
        self._slots = 1 + max([1, *(item.delay_ticks for item in plan.projections)])

    def __call__(self, chunk: Chunk) -> Records:
        """Run a chunk."""
        # a neuron spikes at most once per tick
        room = (self._size * chunk.ticks) // (1 + int(self._neurons.refractory.min(initial=0))) + 2 * self._size
        records = engine.Records(
            tick=np.zeros(room, dtype=np.int64),
            neuron=np.zeros(room, dtype=np.int64),
            filled=np.zeros(1, dtype=np.int64),
            recorded=self._recorded,
            potentials=np.zeros((chunk.ticks, len(self._recorded)), dtype=np.float32),
        )
        synapses, given = self._synapses(chunk), self._given(chunk)
        done = run_chunk(chunk.ticks, self._neurons, synapses, given, records, self._slots, self._input_first)
        if done < chunk.ticks:
            raise RuntimeError(f"the record of spikes was full after {done} of {chunk.ticks} ticks")
        return self._read(records)

    def _with_potential(self) -> list[PopulationPlan]:
        return [item for item in self._plan.populations if item.records_potential]

    def _load_neurons(self) -> engine.Neurons:
        populations = self._plan.populations
        parameters = [item.parameters for item in populations]

        def joined(values: Iterable[float]) -> NDArray[np.float64]:
            sizes = (item.size for item in populations)
            return np.concatenate([np.full(size, value, float) for size, value in zip(sizes, values, strict=True)])

        offset = np.concatenate([self._plan.arrays[f"i_offset.{item.name}"] for item in populations])
        decays = [joined(each.exc_decay for each in parameters), joined(each.inh_decay for each in parameters)]
        return engine.Neurons(
            alpha=joined(each.alpha_decay for each in parameters).astype(np.float32),
            decay=np.stack(decays).astype(np.float32),
            offset=offset.astype(np.float32),
            threshold=joined(each.threshold for each in parameters).astype(np.float32),
            v_reset=joined(each.v_reset for each in parameters).astype(np.float32),
            refractory=joined(each.t_refrac for each in parameters).astype(np.int64),
        )

    def _synapses(self, chunk: Chunk) -> engine.Synapses:
        blocks = self._plan.projections
        sources = [self._places[item.source] for item in blocks]
        targets = [self._places[item.target] for item in blocks]
        weights = [chunk.weights[item.name].astype(np.int64).ravel() for item in blocks]
        bases = np.cumsum([0, *(len(each) for each in weights)])[:-1]
        return engine.Synapses(
            base=bases.astype(np.int64),
            source=np.array([each.start for each in sources], dtype=np.int64),
            rows=np.array([each.stop - each.start for each in sources], dtype=np.int64),
            target=np.array([each.start for each in targets], dtype=np.int64),
            columns=np.array([each.stop - each.start for each in targets], dtype=np.int64),
            delay=np.array([item.delay_ticks for item in blocks], dtype=np.int64),
            weights=np.concatenate([np.zeros(0, dtype=np.int64), *weights]),
        )

    def _given(self, chunk: Chunk) -> engine.Given:
        parts = []
        for item in self._plan.inputs:
            weights = self._plan.arrays[f"input.{item.name}"].astype(np.int64)
            _, (tick, source) = chunk.inputs[item.name]
            neuron = source % len(weights)
            parts.append((tick, self._places[item.population].start + neuron, weights[neuron]))
        none = np.zeros(0, dtype=np.int64)
        tick, target, weight = (np.concatenate([none, *(part[index] for part in parts)]) for index in range(3))
        order = np.argsort(tick, kind="stable")
        return engine.Given(tick=tick[order], target=target[order], weight=weight[order])

    def _read(self, records: engine.Records) -> Records:
        count = int(records.filled[0])
        tick, neuron = records.tick[:count], records.neuron[:count]
        spikes = {}
        for name, place in self._places.items():
            mine = (neuron >= place.start) & (neuron < place.stop)
            spikes[name] = (tick[mine].copy(), neuron[mine] - place.start)
        starts = np.cumsum([0, *(item.size for item in self._with_potential())])
        potentials = {
            item.name: records.potentials[:, starts[index] : starts[index + 1]].astype(np.float64)
            for index, item in enumerate(self._with_potential())
        }
        return Records(spikes=spikes, potentials=potentials)

"""From a model to the arrays of the compiled loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.arrays import (
    NEVER,
    Background,
    Doubles,
    External,
    Integers,
    Kernels,
    Neurons,
    Readout,
    Schedule,
    Sensors,
    Singles,
    Tiles,
)
from sal_hw_emulator.engines.lif.kernel_code import machine_code
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    ExternalModel,
    KernelModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    TileModel,
)
from sal_hw_emulator.engines.sampling.random_words import random_words

#: columns of the widest row that a processor updates
MAX_COLUMNS = 256

#: singles in a cache line
_LINE = 16


def padded(length: int) -> int:
    """Return a row's stride: whole cache lines, but never a power of two, whose columns would share cache sets."""
    stride = -(-length // _LINE) * _LINE
    return stride + _LINE if stride % (4 * _LINE) == 0 else stride


def build_neurons(model: NeuronModel, seed: np.random.SeedSequence) -> Neurons:
    """Return neurons at rest; one step is integrated exactly (matrix exponential of membrane and current)."""
    size = len(model.v_leak)
    decay_mem, decay_exc, decay_inh = (np.exp(-1.0 / tau) for tau in (model.tau_mem, model.tau_exc, model.tau_inh))
    return Neurons(
        v=model.v_leak.copy(),
        current_exc=np.zeros(size),
        current_inh=np.zeros(size),
        until=np.full(size, NEVER),
        v_leak=model.v_leak.copy(),
        v_reset=model.v_reset.copy(),
        v_threshold=model.v_threshold.copy(),
        decay_mem=decay_mem,
        decay_exc=decay_exc,
        decay_inh=decay_inh,
        push_exc=_push(model.tau_mem, model.tau_exc),
        push_inh=_push(model.tau_mem, model.tau_inh),
        # the noise of a step decays in the same step
        noise=model.noise * np.sqrt(1.0 - decay_mem**2) / decay_mem,
        refractory=np.rint(model.refractory),
        last_spike=np.full(size, NEVER),
        counts=np.zeros(size, dtype=np.int64),
        words=_odd_words(seed, size),
    )


def _push(tau_mem: Doubles, tau_syn: Doubles) -> Doubles:
    """Return what a unit of current adds to the membrane in a step; for equal time constants the limit."""
    near = np.isclose(tau_mem, tau_syn, rtol=1e-7, atol=0.0)
    ratio = tau_syn / np.where(near, 1.0, tau_syn - tau_mem)
    push = np.where(near, np.exp(-1.0 / tau_mem) / tau_mem, ratio * (np.exp(-1.0 / tau_syn) - np.exp(-1.0 / tau_mem)))
    return np.asarray(push)


def _odd_words(seed: np.random.SeedSequence, size: int) -> NDArray[np.uint64]:
    """Return generator states, none of them zero, which a xorshift generator cannot leave."""
    return seed.generate_state(size, np.uint64).astype(np.uint64) | np.uint64(1)


def _ranges(starts: Sequence[int], lengths: Sequence[int], size: int) -> tuple[Integers, Integers]:
    """Return, per neuron, the tiles that it belongs to, as start pointers and a flat list."""
    members: list[list[int]] = [[] for _ in range(size)]
    for tile, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        for n in range(start, start + length):
            members[n].append(tile)
    pointers = np.cumsum([0, *(len(each) for each in members)])
    return pointers.astype(np.int64), np.array([tile for each in members for tile in each], dtype=np.int64)


def build_tiles(tiles: Sequence[TileModel], size: int) -> tuple[Tiles, Singles]:
    """Return the tiles and the flat array of all weights."""
    shapes = [tile.weights.shape for tile in tiles]
    rows, columns = [shape[0] for shape in shapes], [shape[1] for shape in shapes]
    strides = [padded(shape[1]) for shape in shapes]
    turned_strides = [padded(shape[0]) for shape in shapes]
    sensing = [tile.sensors is not None for tile in tiles]
    spans = [row * stride for row, stride in zip(rows, strides, strict=True)]
    turned_spans = [column * stride for column, stride in zip(columns, turned_strides, strict=True)]
    base = _places(spans, [True] * len(tiles))
    source_start, of_source = _ranges([tile.source for tile in tiles], rows, size)
    target_start, of_target = _ranges([tile.target for tile in tiles], columns, size)
    made = Tiles(
        base=base,
        rows=_integers(rows),
        columns=_integers(columns),
        stride=_integers(strides),
        source=_integers([tile.source for tile in tiles]),
        target=_integers([tile.target for tile in tiles]),
        inhibitory=_integers([int(tile.inhibitory) for tile in tiles]),
        sensor=_places(spans, sensing),
        turned=_places(turned_spans, sensing),
        turned_stride=_integers(turned_strides),
        all_pairs=_integers([int(tile.sensors is not None and tile.sensors.all_pairs) for tile in tiles]),
        of_source_start=source_start,
        of_source=of_source,
        of_target_start=target_start,
        of_target=of_target,
    )
    weights = np.zeros(sum(spans), dtype=np.float32)
    for index, tile in enumerate(tiles):
        view_of(weights, made, index, made.base[index])[:] = tile.weights
    return made, weights


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)


def _places(spans: Sequence[int], used: Sequence[bool]) -> Integers:
    places, total = [], 0
    for span, take in zip(spans, used, strict=True):
        places.append(total if take else -1)
        total += span if take else 0
    return _integers(places)


def view_of(flat: NDArray[Any], tiles: Tiles, tile: int, first: int, *, turned: bool = False) -> NDArray[Any]:
    """Return the part of a flat array that belongs to a tile, shape (rows, columns), as a view."""
    rows, columns = int(tiles.rows[tile]), int(tiles.columns[tile])
    if turned:
        stride = int(tiles.turned_stride[tile])
        return flat[first : first + columns * stride].reshape(columns, stride)[:, :rows].T
    stride = int(tiles.stride[tile])
    return flat[first : first + rows * stride].reshape(rows, stride)[:, :columns]


def build_sensors(models: Sequence[TileModel], tiles: Tiles) -> Sensors:
    """Return all sensors, empty."""
    along, across = _sensor_sizes(tiles)
    sensors = Sensors(
        *(np.zeros(size, dtype=np.float32) for size in (along, along, across, across, along, along, across, along))
    )
    for index, model in enumerate(models):
        if model.sensors is None:
            continue
        sensor, turned, found = int(tiles.sensor[index]), int(tiles.turned[index]), model.sensors
        view_of(sensors.amplitude_causal, tiles, index, turned, turned=True)[:] = found.amplitude_causal
        view_of(sensors.rate_causal, tiles, index, turned, turned=True)[:] = 1.0 / found.tau_causal
        view_of(sensors.amplitude_anticausal, tiles, index, sensor)[:] = found.amplitude_anticausal
        view_of(sensors.rate_anticausal, tiles, index, sensor)[:] = 1.0 / found.tau_anticausal
        before = 0.0 if found.all_pairs else 1.0
        view_of(sensors.past_causal, tiles, index, turned, turned=True)[:] = before
        view_of(sensors.past_anticausal, tiles, index, sensor)[:] = before
    return sensors


def _sensor_sizes(tiles: Tiles) -> tuple[int, int]:
    used = tiles.sensor >= 0
    return int((tiles.rows * tiles.stride)[used].sum()), int((tiles.columns * tiles.turned_stride)[used].sum())


_READOUT = ("baseline_causal", "baseline_anticausal", "noise_causal", "noise_anticausal", "code", "strength")


def build_readout(
    models: Sequence[TileModel], tiles: Tiles, seed: np.random.SeedSequence, *, keep: bool
) -> tuple[Readout, Integers]:
    """Return what the processors see, and for each tile its first row of constants; `keep` makes room for readings."""
    along, _ = _sensor_sizes(tiles)
    arrays = {name: np.zeros(along, dtype=np.float32) for name in _READOUT}
    rows: list[Singles] = []
    begins = []
    for index, model in enumerate(models):
        begins.append(len(rows))
        if model.plastic is None:
            continue
        for name, flat in arrays.items():
            view_of(flat, tiles, index, int(tiles.sensor[index]))[:] = getattr(model.plastic, name)
        rows += _rows_of_constants(model.plastic)
    constants = np.zeros((max(1, len(rows)), MAX_COLUMNS), dtype=np.float32)
    for place, row in enumerate(rows):
        constants[place, : len(row)] = row
    noise, random = seed.spawn(2)
    return Readout(
        **arrays,
        constants=constants,
        noise_words=_odd_words(noise, MAX_COLUMNS),
        random_words=_odd_words(random, MAX_COLUMNS),
        seen_causal=np.zeros(along if keep else 0, dtype=np.float32),
        seen_anticausal=np.zeros(along if keep else 0, dtype=np.float32),
    ), _integers(begins)


def _rows_of_constants(plastic: PlasticModel) -> list[Singles]:
    """Return the constants row by row: all those of the first row, then all those of the second, ..."""
    return list(plastic.constants.transpose(1, 0, 2).reshape(-1, plastic.code.shape[1]))


def build_schedule(models: Sequence[TileModel], processors: Sequence[ProcessorModel], constants: Integers) -> Schedule:
    """Return each processor's rows in order."""
    rows: list[list[tuple[int, int, int, int, int]]] = [[] for _ in processors]
    for index, model in enumerate(models):
        if model.plastic is None:
            continue
        plastic = model.plastic
        per_row = plastic.constants.shape[0]
        for row, order in enumerate(plastic.order.tolist()):
            first = int(constants[index]) + row * per_row
            rows[plastic.processor].append((order, index, row, plastic.kernel, first))
    listed = [entry for each in rows for entry in sorted(each)]
    table = np.array(listed, dtype=np.int64).reshape(-1, 5)
    lengths = _integers([len(each) for each in rows])
    progress = np.zeros((len(processors), 5))
    progress[:, 0] = lengths
    progress[:, 2] = [item.start for item in processors]
    return Schedule(
        start=np.cumsum([0, *lengths[:-1]]).astype(np.int64)[: len(lengths)],
        rows=lengths,
        period=np.array([item.period for item in processors], dtype=np.float64),
        row_time=np.array([item.row_time for item in processors], dtype=np.float64),
        tile=table[:, 1].copy(),
        row=table[:, 2].copy(),
        kernel=table[:, 3].copy(),
        constant=table[:, 4].copy(),
        progress=progress,
        saturated=np.zeros(1, dtype=np.int64),
    )


def build_kernels(kernels: Sequence[KernelModel]) -> Kernels:
    """Return all kernels; equal ones have one code."""
    return Kernels(
        address=_integers([machine_code(kernel.steps).address for kernel in kernels]),
        draws=_integers([kernel.draws for kernel in kernels]),
    )


def build_background(models: Sequence[BackgroundModel]) -> Background:
    """Return the generators that are on, each with the step of its first event."""
    used = [model for model in models if model.rate > 0.0]
    lengths = [len(model.target) for model in used]
    return Background(
        size=_integers([model.size for model in used]),
        rate=np.array([model.size * model.rate for model in used], dtype=np.float64),
        upcoming=np.array([_first_event(model) for model in used], dtype=np.float64),
        words=np.array([random_words(model.seed) for model in used], dtype=np.uint64).reshape(-1, 5),
        target_start=np.cumsum([0, *lengths]).astype(np.int64),
        target=np.concatenate([_integers([]), *(model.target for model in used)]),
        weight=np.concatenate([np.zeros(0), *(model.weight for model in used)]),
        inhibitory=np.concatenate([_integers([]), *(model.inhibitory for model in used)]),
    )


def _first_event(model: BackgroundModel) -> float:
    return float(np.random.default_rng(model.seed).exponential() / (model.size * model.rate))


def build_external(model: ExternalModel | None) -> External:
    """Return the given spikes, none delivered yet."""
    none = np.zeros(1, dtype=np.int64)
    if model is None:
        return External(step=none[:0], target=none[:0], weight=np.zeros(0), inhibitory=none[:0], done=none.copy())
    return External(
        step=model.step, target=model.target, weight=model.weight, inhibitory=model.inhibitory, done=none.copy()
    )

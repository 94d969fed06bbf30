"""A program for a chip, loaded into the LIF engine together with the deviations of the emulated chip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.program import CompiledProgram
from sal_hw.program.streams import Entropy, random_stream
from sal_hw.spec.probes import CorrelationProbe, StateProbe
from sal_hw.spec.signs import sign_of
from sal_hw.spec.windows import pairs_nearest
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.emulation.processors import kernel_pair, processors
from sal_hw_brainscales2.program import BackgroundSource, ChipProgram, PlacedKernel, SynapseTile
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    ExternalModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.lif_loader import (
    EngineTile,
    Loaded,
    membrane_probe,
    merged_events,
)

#: threshold of a broken circuit
_UNREACHABLE_LSB = 1e9


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Context:
    """What all parts of the loading need."""

    program: CompiledProgram
    chip: ChipProgram
    model: ChipModel
    entropy: Entropy

    @property
    def step_us(self) -> float:
        """Chip time of a step."""
        return self.program.timestep_ms * 1e3 / self.chip.time_scale


def load_chip(program: CompiledProgram, chip_model: ChipModel, entropy: Entropy, *, learning: bool = True) -> Loaded:
    """Return the model of a chip's program; potentials and weights in CADC LSB.

    Parameters
    ----------
    learning
        Whether the plasticity processors run.
    """
    context = _Context(program=program, chip=program.part_of(ChipProgram), model=chip_model, entropy=entropy)
    tiles: list[TileModel] = []
    places: dict[str, list[EngineTile]] = {block.projection: [] for block in program.synapses}
    for number, tile in enumerate(context.chip.tiles):
        if tile.owner not in places:
            continue
        for columns in _runs(tile.post):
            places[tile.owner].append(_place(len(tiles), number, tile, columns))
            tiles.append(_tile(context, number, tile, columns, learning=learning))
    membrane, every = membrane_probe(program)
    state = _state_neurons(program)
    kernels = context.chip.kernels if learning else ()
    model = LifModel(
        neurons=_neurons(context),
        tiles=tiles,
        background=[_background(context, source) for source in context.chip.background],
        external=_external(context),
        kernels=[kernel for placed in kernels for kernel in kernel_pair(placed)],
        processors=processors(context.chip, kernels, context.step_us),
        membrane=membrane,
        membrane_every=every,
        keep_readings=bool(program.probes_of(CorrelationProbe)),
        state=state,
        state_steps=context.chip.neurons.state_us[state] / context.step_us,
    )
    return Loaded(model=model, tiles=places)


def _runs(post: NDArray[np.int64]) -> Iterator[slice]:
    """Yield the columns of consecutive target neurons; the engine addresses targets in one stretch."""
    breaks = [0, *(np.flatnonzero(np.diff(post) != 1) + 1).tolist(), len(post)]
    for begin, end in pairwise(breaks):
        yield slice(int(begin), int(end))


def _place(index: int, number: int, tile: SynapseTile, columns: slice) -> EngineTile:
    first = int(tile.post[columns.start])
    return EngineTile(
        index=index,
        sign=sign_of(tile.polarity),
        pre=slice(0, len(tile.rows)),
        post=slice(first, first + columns.stop - columns.start),
        chip_tile=number,
        columns=columns,
    )


def _neurons(context: _Context) -> NeuronModel:
    neurons, model = context.chip.neurons, context.model
    site, step = neurons.site, context.step_us
    trial = np.random.default_rng(random_stream(context.entropy[:1], "trial", None)).standard_normal((3, len(site)))
    trial *= model.neuron("potential_trial_lsb", site)
    broken = model.neuron("usable", site) <= 0.0
    threshold = neurons.v_threshold_lsb + model.neuron("v_threshold_offset_lsb", site) + trial[2]
    return NeuronModel(
        v_leak=neurons.v_leak_lsb + model.neuron("v_leak_offset_lsb", site) + trial[0],
        v_reset=neurons.v_reset_lsb + model.neuron("v_reset_offset_lsb", site) + trial[1],
        v_threshold=np.where(broken, _UNREACHABLE_LSB, threshold),
        tau_mem=neurons.tau_mem_us * model.neuron("tau_mem_ratio", site) / step,
        tau_exc=neurons.tau_syn_exc_us * model.neuron("tau_syn_exc_ratio", site) / step,
        tau_inh=neurons.tau_syn_inh_us * model.neuron("tau_syn_inh_ratio", site) / step,
        refractory=neurons.refractory_us * model.neuron("refractory_ratio", site) / step,
        noise=model.neuron("membrane_noise_lsb", site),
    )


def _strength(context: _Context, tile: SynapseTile, columns: slice) -> NDArray[np.float64]:
    """Return the steady drive of one weight unit per synapse, in CADC LSB, shape (sources, columns)."""
    chip, model = context.chip, context.model
    offset = _population_offset(context, tile.owner)
    targets = offset + tile.post[columns]
    site = chip.neurons.site[targets]
    match tile.polarity:
        case "excitatory":
            drive = chip.neurons.drive_exc_lsb[targets] * model.neuron("gain_exc_ratio", site)
        case "inhibitory":
            drive = chip.neurons.drive_inh_lsb[targets] * model.neuron("gain_inh_ratio", site)
        case _:
            assert_never(tile.polarity)
    return _lookup(context, "gain_ratio", tile, columns) * drive


def _population_offset(context: _Context, owner: str) -> int:
    for block in context.program.synapses:
        if block.projection == owner:
            return context.program.neuron_block(block.target).offset
    stimulus = next(item for item in context.program.stimuli if item.name == owner)
    return context.program.neuron_block(stimulus.population).offset


def _lookup(context: _Context, name: str, tile: SynapseTile, columns: slice) -> NDArray[np.float32]:
    # a source without synapses has no row, and nothing is read at its place
    return context.model.synapse(name, tile.hemisphere, np.maximum(tile.rows, 0), tile.columns[columns])


def _tile(context: _Context, number: int, tile: SynapseTile, columns: slice, *, learning: bool) -> TileModel:
    block = next(item for item in context.program.synapses if item.projection == tile.owner)
    program = context.program
    strength = _strength(context, tile, columns)
    placed = next((item for item in context.chip.kernels if item.projection == tile.owner), None) if learning else None
    return TileModel(
        source=program.neuron_block(block.source).offset,
        target=program.neuron_block(block.target).offset + int(tile.post[columns.start]),
        inhibitory=sign_of(tile.polarity) < 0,
        weights=(tile.codes[:, columns] * strength).astype(np.float32),
        sensors=None if placed is None else _sensors(context, placed, tile, columns),
        plastic=None if placed is None else _plastic(context, placed, number, columns, strength),
    )


def _sensors(context: _Context, placed: PlacedKernel, tile: SynapseTile, columns: slice) -> SensorModel:
    def of(name: str, target: float) -> NDArray[np.float32]:
        return (_lookup(context, name, tile, columns) * target).astype(np.float32)

    return SensorModel(
        amplitude_causal=of("amplitude_causal_ratio", placed.amplitude_lsb),
        amplitude_anticausal=of("amplitude_anticausal_ratio", placed.amplitude_lsb),
        tau_causal=of("tau_causal_ratio", placed.tau_causal_us / context.step_us),
        tau_anticausal=of("tau_anticausal_ratio", placed.tau_anticausal_us / context.step_us),
        all_pairs=not pairs_nearest(placed.pairing),
    )


def _plastic(
    context: _Context, placed: PlacedKernel, number: int, columns: slice, strength: NDArray[np.float64]
) -> PlasticModel:
    tile = context.chip.tiles[number]
    kernel = placed.kernel(tile.polarity)
    if kernel is None:
        raise TypeError(f"{placed.projection} has no kernel for {tile.polarity} rows")
    _, order = steps_of(kernel)
    shape = strength.shape
    none = np.zeros(shape, dtype=np.int64)
    given = kernel.given_constants
    constants = [placed.constants[f"{name}.{number}"][:, columns] if name in given else none for name in order]
    baselines = [_lookup(context, f"baseline_{branch}_lsb", tile, columns) for branch in ("causal", "anticausal")]
    # before the first reset a sensor may hold anything
    rng = np.random.default_rng(random_stream(context.entropy, f"charge.{number}", None, columns.start))
    charges = [(baseline * rng.random(shape, dtype=np.float32)).astype(np.float32) for baseline in baselines]
    # even and odd columns of both branches are converted by one channel each
    noise = context.model.neuron("cadc_noise_lsb", tile.hemisphere * context.chip.columns + tile.columns[columns])
    spread = np.broadcast_to(noise.astype(np.float32), shape)
    return PlasticModel(
        processor=tile.hemisphere,
        order=np.maximum(tile.rows, 0),
        kernel=2 * context.chip.kernels.index(placed) + (sign_of(tile.polarity) < 0),
        code=tile.codes[:, columns].astype(np.float32),
        strength=strength.astype(np.float32),
        baseline_causal=baselines[0],
        baseline_anticausal=baselines[1],
        noise_causal=spread,
        noise_anticausal=spread,
        constants=np.array(constants, dtype=np.float32).reshape(len(order), *shape),
        charge_causal=charges[0],
        charge_anticausal=charges[1],
    )


def _background(context: _Context, source: BackgroundSource) -> BackgroundModel:
    target = np.full(source.size, -1, dtype=np.int64)
    weight, inhibitory = np.zeros(source.size), np.zeros(source.size, dtype=np.int64)
    offset = context.program.neuron_block(source.population).offset
    for tile in context.chip.tiles_of(source.name):
        if tile.hemisphere != source.hemisphere:
            continue
        everything = slice(0, len(tile.post))
        drives = tile.codes * _strength(context, tile, everything)
        for train, column in np.argwhere(tile.exists):
            target[train] = offset + tile.post[column]
            weight[train] = drives[train, column]
            inhibitory[train] = sign_of(tile.polarity) < 0
    return BackgroundModel(
        size=source.size,
        rate=source.rate_hz * context.step_us * 1e-6,
        target=target,
        weight=weight,
        inhibitory=inhibitory,
        seed=source.stream(context.entropy),
    )


def _external(context: _Context) -> ExternalModel | None:
    if not context.chip.external:
        return None
    steps, targets, weights = [], [], []
    for source in context.chip.external:
        offset = context.program.neuron_block(source.population).offset
        drive = np.zeros(context.program.neuron_block(source.population).size)
        for tile in context.chip.tiles_of(source.name):
            strength = tile.codes * _strength(context, tile, slice(0, len(tile.post)))
            drive[tile.post] += sign_of(tile.polarity) * np.where(tile.exists, strength, 0.0).sum(axis=0)
        steps.append(np.rint(source.time_us / context.step_us).astype(np.int64))
        targets.append(offset + source.neuron)
        weights.append(drive[source.neuron])
    return merged_events(steps, targets, weights)


def _state_neurons(program: CompiledProgram) -> NDArray[np.int64]:
    populations = {probe.population for probe in program.probes_of(StateProbe)}
    blocks = [block for block in program.neurons if block.population in populations]
    if not blocks:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([np.arange(block.offset, block.offset + block.size) for block in blocks])

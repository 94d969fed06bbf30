"""A program of LIF neurons without a chip, loaded into the LIF engine: float weights, ideal sensors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredSal, LoweredSpikes, NeuronBlock
from sal_hw.program.streams import Entropy, poisson_stream
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.windows import Pairing, pairs_nearest
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    ExternalModel,
    LifModel,
    NeuronModel,
    SensorModel,
    TileModel,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EngineTile:
    """Which part of a projection an engine's tile is.

    Attributes
    ----------
    index
        Number of the tile in the engine.
    sign
        1 for excitation, -1 for inhibition.
    pre, post
        The part of the projection's weight matrix.
    chip_tile
        Number of the program's tile; None without a chip.
    columns
        The part of that tile's columns.
    """

    index: int
    sign: int
    pre: slice
    post: slice
    columns: slice
    chip_tile: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Loaded:
    """A model and the places of the program's projections in it.

    Attributes
    ----------
    sensors
        Number of the engine's tile whose sensors a rule reads, by rule and projection; empty with a chip.
    """

    model: LifModel
    tiles: dict[str, list[EngineTile]]
    sensors: dict[tuple[str, str], int] = field(default_factory=dict)


def membrane_probe(program: CompiledProgram) -> tuple[NDArray[np.int64], int]:
    """Return the neurons whose membrane is recorded and the steps between two samples."""
    probes = program.probes_of(MembraneProbe)
    if not probes:
        return np.zeros(0, dtype=np.int64), 0
    every = math.gcd(*(round(probe.every_ms / program.timestep_ms) for probe in probes))
    blocks = [program.neuron_block(probe.population) for probe in probes]
    chosen = np.concatenate([np.arange(block.offset, block.offset + block.size) for block in blocks])
    return np.unique(chosen), every


def load_ideal(program: CompiledProgram, entropy: Entropy) -> Loaded:
    """Return the model of a program without a chip; potentials and weights in mV.

    Each rule reads sensors of its windows. Rules of the same windows share them; sensors of further windows on one
    projection stand in a tile of their own, whose weights are 0.
    """
    tiles: list[TileModel] = []
    places: dict[str, list[EngineTile]] = {}
    sensors: dict[tuple[str, str], int] = {}
    for block in program.synapses:
        places[block.projection] = []
        pre, post = program.neuron_block(block.source), program.neuron_block(block.target)
        rules = [rule for rule in program.sal_rules if block.projection in rule.learned]
        for sign in (1, -1):
            weights = np.maximum(sign * block.weights, 0.0)
            if not rules and not weights.any():
                continue
            rows, columns = slice(0, pre.size), slice(0, post.size)
            place = EngineTile(index=len(tiles), sign=sign, pre=rows, post=columns, columns=columns)
            places[block.projection].append(place)
            tiles.append(_tile(pre, post, weights, inhibitory=sign < 0))
        for same in _of_equal_windows(rules):
            first = places[block.projection][0].index
            if tiles[first].sensors is not None:
                first = len(tiles)
                tiles.append(_tile(pre, post, np.zeros_like(block.weights)))
            tiles[first] = replace(tiles[first], sensors=_ideal_sensors(same[0], block.weights.shape))
            sensors |= {(rule.name, block.projection): first for rule in same}
    membrane, every = membrane_probe(program)
    model = LifModel(
        neurons=_neurons(program),
        tiles=tiles,
        background=[_poisson(program, item, entropy) for item in program.stimuli if isinstance(item, LoweredPoisson)],
        external=_external(program),
        membrane=membrane,
        membrane_every=every,
    )
    return Loaded(model=model, tiles=places, sensors=sensors)


def _tile(pre: NeuronBlock, post: NeuronBlock, weights: NDArray[np.float64], *, inhibitory: bool = False) -> TileModel:
    return TileModel(
        source=pre.offset, target=post.offset, inhibitory=inhibitory, weights=weights.astype(np.float32), sensors=None
    )


def _of_equal_windows(rules: list[LoweredSal]) -> list[list[LoweredSal]]:
    """Return the rules that can read the same sensors together, in their order."""
    groups: dict[tuple[float, float, Pairing], list[LoweredSal]] = {}
    for rule in rules:
        windows = (rule.causal.trace_tau_steps, rule.anticausal.trace_tau_steps, rule.causal.pairing)
        groups.setdefault(windows, []).append(rule)
    return list(groups.values())


def _neurons(program: CompiledProgram) -> NeuronModel:
    step = program.timestep_ms
    fields: dict[str, list[NDArray[np.float64]]] = {}
    for block in program.neurons:
        neuron, ones = block.lif, np.ones(block.size)
        if neuron is None:
            raise TypeError(f"{block.population}: {block.model} neurons reached the LIF engine")
        values = {
            "v_leak": neuron.v_rest_mv + block.biases,
            "v_reset": neuron.v_reset_mv * ones,
            "v_threshold": neuron.v_threshold_mv * ones,
            "tau_mem": neuron.tau_mem_ms / step * ones,
            "tau_exc": neuron.tau_syn_exc_ms / step * ones,
            "tau_inh": neuron.tau_syn_inh_ms / step * ones,
            "refractory": neuron.tau_ref_ms / step * ones,
            "noise": 0.0 * ones,
        }
        for name, array in values.items():
            fields.setdefault(name, []).append(array)
    return NeuronModel(**{name: np.concatenate(arrays) for name, arrays in fields.items()})


def _ideal_sensors(rule: LoweredSal, shape: tuple[int, ...]) -> SensorModel:
    def full(value: float) -> NDArray[np.float32]:
        return np.full(shape, value, dtype=np.float32)

    return SensorModel(
        amplitude_causal=full(1.0),
        amplitude_anticausal=full(1.0),
        tau_causal=full(rule.causal.trace_tau_steps),
        tau_anticausal=full(rule.anticausal.trace_tau_steps),
        all_pairs=not pairs_nearest(rule.causal.pairing),
    )


def _poisson(program: CompiledProgram, stimulus: LoweredPoisson, entropy: Entropy) -> BackgroundModel:
    block = program.neuron_block(stimulus.population)
    return BackgroundModel(
        size=block.size,
        rate=stimulus.rate_hz * program.timestep_ms * 1e-3,
        target=np.arange(block.offset, block.offset + block.size),
        weight=np.abs(stimulus.weights),
        inhibitory=(stimulus.weights < 0.0).astype(np.int64),
        seed=poisson_stream(entropy, stimulus),
    )


def _external(program: CompiledProgram) -> ExternalModel | None:
    lists = [item for item in program.stimuli if isinstance(item, LoweredSpikes)]
    if not lists:
        return None
    weights = [item.weights[item.neuron] for item in lists]
    targets = [program.neuron_block(item.population).offset + item.neuron for item in lists]
    return merged_events([item.step for item in lists], targets, weights)


def merged_events(
    steps: list[NDArray[np.int64]], targets: list[NDArray[np.int64]], weights: list[NDArray[np.float64]]
) -> ExternalModel:
    """Return several lists of events (signed weights) as one, in order of time."""
    step, target, weight = np.concatenate(steps), np.concatenate(targets), np.concatenate(weights)
    order = np.argsort(step, kind="stable")
    return ExternalModel(
        step=step[order],
        target=target[order],
        weight=np.abs(weight[order]),
        inhibitory=(weight[order] < 0.0).astype(np.int64),
    )

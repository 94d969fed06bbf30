"""The digital part of a compiled program, loaded into the fixed-point engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredSpikes
from sal_hw.program.streams import Entropy, poisson_stream
from sal_hw.spec.neurons import LifNeuron
from sal_hw_emulator.engines.sampling.random_words import random_words
from sal_hw_spinnaker.emulation.fixed_point.arrays import (
    DECAY_BITS,
    FRACTION_BITS,
    HISTORY,
    Buffers,
    Given,
    Integers,
    Machine,
    Neurons,
    Noise,
    Rules,
    Synapses,
    Traces,
)
from sal_hw_spinnaker.program import DigitalProgram, DigitalSynapses, PairStdp, window_table

_RECEPTORS = {"excitatory": 0, "inhibitory": 1}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LoadedMachine:
    """A network and where the parts of the program's projections lie in its words."""

    machine: Machine
    places: dict[str, slice]


def load_digital(program: CompiledProgram, digital: DigitalProgram, entropy: Entropy) -> LoadedMachine:
    """Return the network of a program for a machine that computes in time steps.

    Parameters
    ----------
    entropy
        What the random streams depend on besides their names.
    """
    synapses, rows = _synapses(program, digital)
    slots = max((item.delay_slots for item in digital.neurons), default=2)
    size = program.n_neurons
    machine = Machine(
        neurons=_neurons(program, digital),
        buffers=Buffers(words=np.zeros((2, slots, size), dtype=np.int64), saturated=np.zeros(1, dtype=np.int64)),
        synapses=synapses,
        rules=_rules(program, digital),
        traces=_traces(program, digital, rows),
        noise=_noise(program, digital, entropy),
        given=_given(program, digital),
    )
    starts = [*synapses.base.tolist(), len(synapses.words)]
    places = {
        item.name: slice(starts[index], starts[index] + item.words.size) for index, item in enumerate(digital.synapses)
    }
    return LoadedMachine(machine=machine, places=places)


def without_learning(machine: Machine) -> Machine:
    """Return the same network with synapses that do not learn."""
    none = np.full_like(machine.synapses.rule, -1)
    silent = np.full_like(machine.traces.rule, -1)
    return machine._replace(synapses=machine.synapses._replace(rule=none), traces=machine.traces._replace(rule=silent))


def fixed_point(value: float | NDArray[np.float64], bits: int = FRACTION_BITS) -> Integers:
    """Return the nearest whole number of ``2**-bits``."""
    return np.asarray(np.rint(np.asarray(value) * 2.0**bits), dtype=np.int64)


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)


def _neurons(program: CompiledProgram, digital: DigitalProgram) -> Neurons:
    fields: dict[str, list[Integers]] = {}
    for block, placed in zip(program.neurons, digital.neurons, strict=True):
        if block.lif is None:
            raise TypeError(f"{block.population}: {block.model} neurons reached the fixed-point engine")
        for name, value in _parameters(block.lif, program.timestep_ms).items():
            fields.setdefault(name, []).append(np.repeat(value[..., None], block.size, axis=-1))
        fields.setdefault("drive", []).append(fixed_point(block.lif.v_rest_mv + placed.offset_na))
        fields.setdefault("refractory", []).append(np.full(block.size, placed.refractory_steps, dtype=np.int64))
        shifts = [digital.scale_of(block.population, receptor).shift for receptor in ("excitatory", "inhibitory")]
        fields.setdefault("shift", []).append(np.repeat(_integers(shifts)[:, None], block.size, axis=1))
    size = program.n_neurons
    return Neurons(
        **{name: np.ascontiguousarray(np.concatenate(arrays, axis=-1)) for name, arrays in fields.items()},
        current=np.zeros((2, size), dtype=np.int64),
        wait=np.zeros(size, dtype=np.int64),
        counts=np.zeros(size, dtype=np.int64),
    )


def _parameters(lif: LifNeuron, step_ms: float) -> dict[str, Integers]:
    rates = [step_ms / tau for tau in (lif.tau_syn_exc_ms, lif.tau_syn_inh_ms)]
    return {
        "v": fixed_point(lif.v_rest_mv),
        "v_reset": fixed_point(lif.v_reset_mv),
        "v_threshold": fixed_point(lif.v_threshold_mv),
        "decay_mem": fixed_point(math.exp(-step_ms / lif.tau_mem_ms)),
        "decay": fixed_point(np.exp(-np.array(rates)), DECAY_BITS),
        # the mean over a step of a current that begins as 1
        "initial": fixed_point(-np.expm1(-np.array(rates)) / np.array(rates), DECAY_BITS),
    }


def _rule_numbers(digital: DigitalProgram) -> dict[str, int]:
    return {item.synapses: number for number, item in enumerate(digital.plasticity)}


def _synapses(program: CompiledProgram, digital: DigitalProgram) -> tuple[Synapses, int]:
    """Return all blocks, and how many rows learn."""
    parts, numbers = digital.synapses, _rule_numbers(digital)
    pre = [program.neuron_block(item.source) for item in parts]
    post = [program.neuron_block(item.target) for item in parts]
    learning = [block.size if item.plastic else 0 for item, block in zip(parts, pre, strict=True)]
    of_source = [
        [index for index, block in enumerate(pre) if block.offset <= n < block.offset + block.size]
        for n in range(program.n_neurons)
    ]
    synapses = Synapses(
        base=np.cumsum([0, *(item.words.size for item in parts[:-1])])[: len(parts)].astype(np.int64),
        source=_integers(block.offset for block in pre),
        target=_integers(block.offset for block in post),
        columns=_integers(block.size for block in post),
        receptor=_integers(_RECEPTORS[item.receptor] for item in parts),
        delay=_integers(item.delay_steps for item in parts),
        rule=_integers(numbers.get(item.name, -1) for item in parts),
        trace=np.cumsum([0, *learning[:-1]])[: len(parts)].astype(np.int64),
        words=_flat([item.words for item in parts]),
        exists=_flat([item.exists for item in parts]),
        of_source_start=np.cumsum([0, *(len(each) for each in of_source)]).astype(np.int64),
        of_source=_integers(index for each in of_source for index in each),
    )
    return synapses, sum(learning)


def _flat(arrays: Sequence[NDArray[np.uint16] | NDArray[np.bool_]]) -> Integers:
    return np.concatenate([np.zeros(0, dtype=np.int64), *(item.astype(np.int64).ravel() for item in arrays)])


def _part(digital: DigitalProgram, item: PairStdp) -> DigitalSynapses:
    return next(part for part in digital.synapses if part.name == item.synapses)


def _rules(program: CompiledProgram, digital: DigitalProgram) -> Rules:
    items = digital.plasticity
    plus = [window_table(item.tau_plus_ms / program.timestep_ms) for item in items]
    minus = [window_table(item.tau_minus_ms / program.timestep_ms) for item in items]
    lengths = [len(table) for pair in zip(plus, minus, strict=True) for table in pair]
    starts = np.cumsum([0, *lengths]).astype(np.int64)
    parts = [_part(digital, item) for item in items]
    return Rules(
        amplitude_plus=_integers(int(fixed_point(item.amplitude_plus_mv)) for item in items),
        amplitude_minus=_integers(int(fixed_point(item.amplitude_minus_mv)) for item in items),
        weight_min=np.zeros(len(items), dtype=np.int64),
        weight_max=_integers(int(fixed_point(item.weight_max_mv)) for item in items),
        shift=_integers(digital.scale_of(part.target, part.receptor).shift for part in parts),
        plus_start=starts[:-1:2],
        plus_length=_integers(lengths[::2]),
        minus_start=starts[1::2],
        minus_length=_integers(lengths[1::2]),
        table=np.concatenate(
            [np.zeros(0, dtype=np.int64), *(table for pair in zip(plus, minus, strict=True) for table in pair)]
        ),
    )


def _traces(program: CompiledProgram, digital: DigitalProgram, rows: int) -> Traces:
    size = program.n_neurons
    rule = np.full(size, -1, dtype=np.int64)
    for number, item in enumerate(digital.plasticity):
        block = program.neuron_block(_part(digital, item).target)
        rule[block.offset : block.offset + block.size] = number
    return Traces(
        pre_step=np.zeros(rows, dtype=np.int64),
        pre_trace=np.zeros(rows, dtype=np.int64),
        post_step=np.zeros((size, HISTORY), dtype=np.int64),
        post_trace=np.zeros((size, HISTORY), dtype=np.int64),
        post_last=np.zeros(size, dtype=np.int64),
        rule=rule,
        lost=np.zeros(1, dtype=np.int64),
        changes=np.zeros(3, dtype=np.int64),
    )


def _input_words(digital: DigitalProgram, stimulus: str, size: int) -> Integers:
    """Return the weights of a stimulus by receptor, shape (2, neurons), words."""
    words = np.zeros((2, size), dtype=np.int64)
    for item in digital.inputs:
        if item.stimulus == stimulus:
            words[_RECEPTORS[item.receptor]] = item.words
    return words


def _noise(program: CompiledProgram, digital: DigitalProgram, entropy: Entropy) -> Noise:
    sources = [item for item in program.stimuli if isinstance(item, LoweredPoisson) and item.rate_hz > 0.0]
    blocks = [program.neuron_block(item.population) for item in sources]
    rates = [
        block.size * item.rate_hz * program.timestep_ms * 1e-3 for item, block in zip(sources, blocks, strict=True)
    ]
    seeds = [poisson_stream(entropy, item) for item in sources]
    first = [np.random.default_rng(seed).exponential() / rate for seed, rate in zip(seeds, rates, strict=True)]
    sizes = [block.size for block in blocks]
    weights = [_input_words(digital, item.name, block.size) for item, block in zip(sources, blocks, strict=True)]
    return Noise(
        size=_integers(sizes),
        first=_integers(block.offset for block in blocks),
        rate=np.array(rates, dtype=np.float64),
        upcoming=np.array(first, dtype=np.float64),
        random=np.array([random_words(seed) for seed in seeds], dtype=np.uint64).reshape(-1, 5),
        start=np.cumsum([0, *sizes])[: len(sizes)].astype(np.int64),
        weight=np.ascontiguousarray(np.concatenate([np.zeros((2, 0), dtype=np.int64), *weights], axis=1)),
    )


def _given(program: CompiledProgram, digital: DigitalProgram) -> Given:
    columns: list[tuple[Integers, Integers, Integers, Integers]] = []
    for item in program.stimuli:
        if not isinstance(item, LoweredSpikes):
            continue
        block = program.neuron_block(item.population)
        for receptor, words in enumerate(_input_words(digital, item.name, block.size)):
            weight = words[item.neuron]
            used = weight > 0
            receptors = np.full(int(used.sum()), receptor, dtype=np.int64)
            columns.append((item.step[used], block.offset + item.neuron[used], receptors, weight[used]))
    none = np.zeros(0, dtype=np.int64)
    step, target, receptor_of, weight = (np.concatenate([none, *(row[i] for row in columns)]) for i in range(4))
    order = np.argsort(step, kind="stable")
    return Given(
        step=step[order],
        target=target[order],
        receptor=receptor_of[order],
        weight=weight[order],
        done=np.zeros(1, dtype=np.int64),
    )

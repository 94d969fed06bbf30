"""A program as the network that sPyNNaker is told to build: populations, sources and lists of synapses, as plain data.

sPyNNaker 1!7.4.1 chooses the shift of a ring buffer for the sum of the largest weights of *all* synapses, as if all
sources spiked in the same step, wherever a receptor has synapses of one delay only
(neuron/population_vertex.py, ``get_max_weight``); tried on a virtual board: 16 synapses of up to 3 mV get shift 6. The
compiler plans for what is likely to arrive, and its shifts are handed over as ``max_expected_summed_weight``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredSpikes, LoweredStimulus
from sal_hw.program.streams import machine_seed, poisson_stream
from sal_hw.spec.signs import Polarity
from sal_hw_spinnaker.program import (
    DigitalInput,
    DigitalNeurons,
    DigitalProgram,
    DigitalSynapses,
)
from sal_hw_spinnaker.spinnaker1.network_plan import (
    CellParameters,
    Mode,
    NetworkPlan,
    PairRule,
    PopulationPlan,
    ProjectionPlan,
    SourcePlan,
)

Arrays = dict[str, NDArray[Any]]

#: where in ``2 ** (shift - 1) .. 2 ** shift`` the sum is said to lie that a shift is chosen for
_INSIDE = 0.75
#: 1 ms divided by a step of 0.1 ms need not be exactly 10
_ROUNDING = 1e-9
#: how often weights are read in a run at most, since each reading stops the machine; a choice
MOST_READINGS = 200

_RECEPTORS: tuple[Polarity, ...] = ("excitatory", "inhibitory")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SynapseList:
    """One projection of the network.

    Attributes
    ----------
    name
        Of the part of the program that it is.
    source, target
        Labels.
    words, exists
        Shape (pre, post).
    stdp
        None of static synapses.
    """

    name: str
    source: str
    target: str
    population: str
    receptor: Polarity
    delay_steps: int
    words: NDArray[np.uint16]
    exists: NDArray[np.bool_]
    stdp: PairRule | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Job:
    """What the process that loads sPyNNaker is given.

    Attributes
    ----------
    network, arrays
        Everything, as plain data.
    owners
        Name of the population or stimulus per label.
    synapses
        The projections in the order in which they are made.
    """

    network: NetworkPlan
    arrays: Arrays
    owners: dict[str, str]
    synapses: tuple[SynapseList, ...]


def make_job(program: CompiledProgram, mode: Mode, *, updates: int, seed: int) -> Job:
    """Return the network of a program.

    Parameters
    ----------
    mode
        Whether it is only mapped, on a virtual board.
    updates
        How many updates a run lasts.
    seed
        The run's.
    """
    digital = program.part_of(DigitalProgram)
    labels = {block.population: f"n{index}" for index, block in enumerate(program.neurons)}
    driven = [(f"s{index}", item) for index, item in enumerate(program.stimuli)]
    lists = [item for item in _all_lists(program, digital, labels) if item.exists.any()]
    arrays: Arrays = {f"offset.{labels[item.population]}": item.offset_na for item in digital.neurons}
    for index, item in enumerate(lists):
        arrays[f"list.{index}"] = _rows(digital, item)
    for label, stimulus in driven:
        if isinstance(stimulus, LoweredSpikes):
            arrays |= {f"step.{label}": stimulus.step, f"neuron.{label}": stimulus.neuron}
    update_steps = program.rules[0].update_steps if program.rules else 1
    network = NetworkPlan(
        mode=mode,
        timestep_ms=program.timestep_ms,
        # a whole number is asked for; a slower machine computes the same
        time_scale_factor=math.ceil(digital.time_scale_factor - _ROUNDING),
        updates=updates,
        update_steps=update_steps,
        read_every_updates=max(1, -(-updates // MOST_READINGS)),
        populations=tuple(_population(program, digital, labels[item.population], item) for item in digital.neurons),
        sources=tuple(_source(program, label, item, seed) for label, item in driven),
        projections=tuple(_projection(program, item) for item in lists),
    )
    owners = {label: name for name, label in labels.items()}
    owners |= {label: item.name for label, item in driven}
    return Job(network=network, arrays=arrays, owners=owners, synapses=tuple(lists))


def _population(program: CompiledProgram, digital: DigitalProgram, label: str, item: DigitalNeurons) -> PopulationPlan:
    block = program.neuron_block(item.population)
    lif = block.lif
    if lif is None:
        raise TypeError(f"{block.population}: {block.model} neurons reached sPyNNaker")
    excitatory, inhibitory = (_INSIDE * 2.0 ** digital.scale_of(item.population, name).shift for name in _RECEPTORS)
    return PopulationPlan(
        label=label,
        size=block.size,
        neurons_per_core=item.neurons_per_core,
        summed_weights=(excitatory, inhibitory),
        cell=CellParameters(
            tau_mem_ms=lif.tau_mem_ms,
            capacitance_nf=item.capacitance_nf,
            tau_syn_exc_ms=lif.tau_syn_exc_ms,
            tau_syn_inh_ms=lif.tau_syn_inh_ms,
            tau_refrac_ms=item.refractory_steps * program.timestep_ms,
            v_rest_mv=lif.v_rest_mv,
            v_reset_mv=lif.v_reset_mv,
            v_threshold_mv=lif.v_threshold_mv,
        ),
    )


def _source(program: CompiledProgram, label: str, item: LoweredStimulus, seed: int) -> SourcePlan:
    size = program.neuron_block(item.population).size
    match item:
        case LoweredSpikes():
            return SourcePlan(label=label, size=size)
        case LoweredPoisson():
            own = machine_seed(poisson_stream((seed,), item))
            return SourcePlan(label=label, size=size, rate_hz=item.rate_hz, seed=own)
        case _:
            assert_never(item)


def _all_lists(program: CompiledProgram, digital: DigitalProgram, labels: dict[str, str]) -> Iterator[SynapseList]:
    for part in digital.synapses:
        yield _synapses(digital, part, labels)
    for index, stimulus in enumerate(program.stimuli):
        for item in digital.inputs:
            if item.stimulus == stimulus.name:
                yield _input(item, f"s{index}", labels)


def _synapses(digital: DigitalProgram, part: DigitalSynapses, labels: dict[str, str]) -> SynapseList:
    rule = next((item for item in digital.plasticity if item.synapses == part.name), None)
    stdp = None
    if rule is not None:
        stdp = PairRule(
            tau_plus_ms=rule.tau_plus_ms,
            tau_minus_ms=rule.tau_minus_ms,
            amplitude_plus_mv=rule.amplitude_plus_mv,
            amplitude_minus_mv=rule.amplitude_minus_mv,
            weight_max_mv=rule.weight_max_mv,
        )
    return SynapseList(
        name=part.name,
        source=labels[part.source],
        target=labels[part.target],
        population=part.target,
        receptor=part.receptor,
        delay_steps=part.delay_steps,
        words=part.words,
        exists=part.exists,
        stdp=stdp,
    )


def _input(item: DigitalInput, label: str, labels: dict[str, str]) -> SynapseList:
    return SynapseList(
        name=f"{item.stimulus}.{item.receptor}",
        source=label,
        target=labels[item.population],
        population=item.population,
        receptor=item.receptor,
        delay_steps=item.delay_steps,
        words=np.diag(item.words),
        exists=np.diag(item.words > 0),
    )


def _rows(digital: DigitalProgram, item: SynapseList) -> NDArray[np.float64]:
    """Return one row per synapse, ordered by source: source, target, and the weight in mV that is exactly its word."""
    pre, post = np.nonzero(item.exists)
    lsb_mv = digital.scale_of(item.population, item.receptor).lsb_mv
    return np.column_stack([pre, post, item.words[pre, post] * lsb_mv]).astype(np.float64)


def _projection(program: CompiledProgram, item: SynapseList) -> ProjectionPlan:
    return ProjectionPlan(
        source=item.source,
        target=item.target,
        receptor=item.receptor,
        delay_ms=item.delay_steps * program.timestep_ms,
        stdp=item.stdp,
    )

"""Planning the network that a simulator's process builds of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, SynapseBlock
from sal_hw.spec.signs import Polarity
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.inputs import Inputs
from sal_hw_pynn.mechanisms import Mechanism, PairStdp
from sal_hw_pynn.network_plan import NetworkPlan, PopulationPlan, SynapsesPlan
from sal_hw_pynn.wire import Arrays

Doubles = NDArray[np.float64]


def plan_network(
    simulator: Simulator,
    program: CompiledProgram,
    weights: Mapping[str, Doubles],
    inputs: Sequence[Inputs],
    mechanisms: Sequence[Mechanism],
) -> tuple[NetworkPlan, Arrays]:
    """Return a network of as many independent copies of the program's as there are `inputs`.

    Parameters
    ----------
    weights
        Per projection, mV, shape (pre, post).
    mechanisms
        How each projection learns, in their order.
    """
    populations, arrays = _populations(program, len(inputs))
    for name in inputs[0].populations:
        sources, size = inputs[0].sources(name), program.neuron_block(name).size
        arrays[f"source_neuron.{name}"] = _repeated(sources.neuron, size, len(inputs))
        arrays[f"source_weight.{name}"] = np.tile(sources.weight_mv, len(inputs))
    synapses: list[SynapsesPlan] = []
    for block, mechanism in zip(program.synapses, mechanisms, strict=True):
        sizes = program.neuron_block(block.source).size, program.neuron_block(block.target).size
        for part, (exists, signed) in _parts(block, weights[block.projection], mechanism):
            synapses.append(part)
            pre, post = np.nonzero(exists)
            arrays[f"pre.{part.name}"] = _repeated(pre, sizes[0], len(inputs))
            arrays[f"post.{part.name}"] = _repeated(post, sizes[1], len(inputs))
            arrays[f"weight.{part.name}"] = np.tile(signed[pre, post], len(inputs))
    plan = NetworkPlan(
        simulator=simulator,
        timestep_ms=program.timestep_ms,
        populations=populations,
        sources=tuple(inputs[0].populations),
        synapses=tuple(synapses),
    )
    return plan, arrays


def _populations(program: CompiledProgram, copies: int) -> tuple[tuple[PopulationPlan, ...], Arrays]:
    populations: list[PopulationPlan] = []
    arrays: Arrays = {}
    for block in program.neurons:
        if block.lif is None:
            raise TypeError(f"{block.population}: {block.model} neurons reached a target for lif neurons")
        populations.append(PopulationPlan(name=block.population, lif=block.lif))
        arrays[f"drive.{block.population}"] = np.tile(block.biases, copies)
    return tuple(populations), arrays


def _repeated(neurons: NDArray[np.int64], size: int, copies: int) -> NDArray[np.int64]:
    """Return indices into a population of `size` neurons, for as many copies of it side by side."""
    return np.concatenate([neurons + copy * size for copy in range(copies)])


def part_name(projection: str, kind: str) -> str:
    """Return the name of one of a projection's groups of synapses: ``plus``, ``minus``, ``learning`` or ``offset``."""
    return f"{projection}.{kind}"


def _parts(
    block: SynapseBlock, weights: Doubles, mechanism: Mechanism
) -> list[tuple[SynapsesPlan, tuple[NDArray[np.bool_], Doubles]]]:
    """Return the groups of synapses of a projection, each with which synapses it has and their signed weights."""

    def part(kind: str, receptor: Polarity, stdp: PairStdp | None = None) -> SynapsesPlan:
        name = part_name(block.projection, kind)
        return SynapsesPlan(name=name, source=block.source, target=block.target, receptor=receptor, stdp=stdp)

    if mechanism.stdp is not None:
        stdp = mechanism.stdp
        constant = np.full(weights.shape, -stdp.offset_mv)
        return [
            (part("learning", "excitatory", stdp), (block.exists, weights + stdp.offset_mv)),
            (part("offset", "inhibitory"), (block.exists, constant)),
        ]
    # weights that the host changes may become either sign
    both = mechanism.way == "host"
    return [
        (part("plus", "excitatory"), (block.exists if both else weights > 0.0, np.maximum(weights, 0.0))),
        (part("minus", "inhibitory"), (block.exists if both else weights < 0.0, np.minimum(weights, 0.0))),
    ]

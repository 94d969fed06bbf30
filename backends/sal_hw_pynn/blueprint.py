"""The message that a simulator's process builds its network from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, SynapseBlock
from sal_hw_pynn.inputs import Inputs
from sal_hw_pynn.mechanisms import Mechanism
from sal_hw_pynn.wire import Arrays

Doubles = NDArray[np.float64]
Document = dict[str, Any]


def blueprint(
    simulator: str,
    program: CompiledProgram,
    weights: Mapping[str, Doubles],
    inputs: Sequence[Inputs],
    mechanisms: Sequence[Mechanism],
) -> tuple[Document, Arrays]:
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
    synapses: list[Document] = []
    for block, mechanism in zip(program.synapses, mechanisms, strict=True):
        sizes = program.neuron_block(block.source).size, program.neuron_block(block.target).size
        for part, (exists, signed) in _parts(block, weights[block.projection], mechanism):
            synapses.append(part)
            pre, post = np.nonzero(exists)
            arrays[f"pre.{part['name']}"] = _repeated(pre, sizes[0], len(inputs))
            arrays[f"post.{part['name']}"] = _repeated(post, sizes[1], len(inputs))
            arrays[f"weight.{part['name']}"] = np.tile(signed[pre, post], len(inputs))
    document = {
        "simulator": simulator,
        "timestep_ms": program.timestep_ms,
        "populations": populations,
        "sources": list(inputs[0].populations),
        "synapses": synapses,
    }
    return document, arrays


def _populations(program: CompiledProgram, copies: int) -> tuple[list[Document], Arrays]:
    populations: list[Document] = []
    arrays: Arrays = {}
    for block in program.neurons:
        if block.lif is None:
            raise TypeError(f"{block.population}: {block.model} neurons reached a target for lif neurons")
        lif = {name: value for name, value in asdict(block.lif).items() if name != "model"}
        populations.append({"name": block.population, "lif": lif})
        arrays[f"drive.{block.population}"] = np.tile(block.biases, copies)
    return populations, arrays


def _repeated(neurons: NDArray[np.int64], size: int, copies: int) -> NDArray[np.int64]:
    """Return indices into a population of `size` neurons, for as many copies of it side by side."""
    return np.concatenate([neurons + copy * size for copy in range(copies)])


def part_name(projection: str, kind: str) -> str:
    """Return the name of one of a projection's groups of synapses: ``plus``, ``minus``, ``learning`` or ``offset``."""
    return f"{projection}.{kind}"


def _parts(block: SynapseBlock, weights: Doubles, mechanism: Mechanism) -> list[tuple[Document, tuple[Any, Doubles]]]:
    """Return the groups of synapses of a projection, each with the mask of its synapses and their signed weights."""
    ends = {"source": block.source, "target": block.target}
    if mechanism.stdp is not None:
        stdp = mechanism.stdp
        learning = {"name": part_name(block.projection, "learning"), "receptor": "excitatory", "stdp": asdict(stdp)}
        offset = {"name": part_name(block.projection, "offset"), "receptor": "inhibitory", "stdp": None}
        constant = np.full(weights.shape, -stdp.offset_mv)
        return [
            (ends | learning, (block.exists, weights + stdp.offset_mv)),
            (ends | offset, (block.exists, constant)),
        ]
    # weights that the host changes may become either sign
    both = mechanism.way == "host"
    plus = {"name": part_name(block.projection, "plus"), "receptor": "excitatory", "stdp": None}
    minus = {"name": part_name(block.projection, "minus"), "receptor": "inhibitory", "stdp": None}
    return [
        (ends | plus, (block.exists if both else weights > 0.0, np.maximum(weights, 0.0))),
        (ends | minus, (block.exists if both else weights < 0.0, np.minimum(weights, 0.0))),
    ]

"""The plan of a program that runs in chunks: what executors and run files have in common.

On this side it is made of dataclasses. A run file and the process that runs a chunk read it as JSON and arrays, for
which they need nothing of this package; so does the loop that learns, which run files embed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredRule, LoweredSal, LoweredSpikes, LoweredStimulus
from sal_hw.program.streams import stream_entropy
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.windows import pairs_nearest
from sal_hw.storage.codec import encode
from sal_hw_spinnaker.ticks import IntegerInput, IntegerSynapses, Rounding, TickNeurons, TickProgram

Arrays: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelParameters:
    """Parameters of a neuron model, by the names that py-spinnaker2 gives them; times are ticks."""

    threshold: float
    alpha_decay: float
    exc_decay: float
    inh_decay: float
    v_init: float
    v_reset: float
    reset: str
    t_refrac: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationPlan:
    """A population, how much of it a core holds, and whether its potentials are recorded."""

    name: str
    size: int
    model: str
    neurons_per_core: int
    parameters: ModelParameters
    records_potential: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionPlan:
    """A projection.

    Attributes
    ----------
    limit
        The largest whole number of a weight, either sign.
    per_mv
        How many whole numbers a mV is, for excitatory and for inhibitory weights.
    low_mv, high_mv
        Where the weights of a learning projection end; None for unbounded ones and for those that do not learn.
    """

    name: str
    source: str
    target: str
    delay_ticks: int
    learns: bool
    limit: int
    per_mv: tuple[float, float]
    low_mv: float | None
    high_mv: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class InputPlan:
    """A stimulus.

    Attributes
    ----------
    rate_per_tick
        Of a Poisson stimulus; None for given spikes, which are arrays.
    entropy
        What its random numbers follow from; None for given spikes.
    """

    name: str
    population: str
    sources_per_core: int
    rate_per_tick: float | None = None
    entropy: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RulePlan:
    """A SAL rule.

    Attributes
    ----------
    learned
        Projections that it changes.
    causal_nearest, anticausal_nearest
        Whether only the last spike before counts.
    """

    name: str
    learned: tuple[str, ...]
    gain: float
    tau_causal_ticks: float
    tau_anticausal_ticks: float
    causal_nearest: bool
    anticausal_nearest: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChunkPlan:
    """The plan of a run.

    Attributes
    ----------
    seed
        Of everything random in the run.
    real_tick_s
        How long a tick takes.
    chunk_ticks
        Length of a chunk.
    shadow, rounding
        Whether the host keeps unrounded weights, and how they become whole numbers.
    arrays
        By name: ``i_offset.POPULATION`` (neurons,), ``stored.PROJECTION``, ``exists.PROJECTION`` and, of those that
        learn, ``weights.PROJECTION`` and ``amplitude.RULE.PROJECTION`` (pre, post), ``input.STIMULUS`` (neurons,), and
        of given spikes ``given.STIMULUS.tick`` and ``given.STIMULUS.neuron`` (spikes,).
    """

    program_hash: str
    seed: int
    timestep_ms: float
    real_tick_s: float
    chunk_ticks: int
    shadow: bool
    rounding: Rounding
    populations: tuple[PopulationPlan, ...]
    projections: tuple[ProjectionPlan, ...]
    inputs: tuple[InputPlan, ...]
    rules: tuple[RulePlan, ...]
    arrays: Arrays

    def document(self) -> dict[str, Any]:
        """Return everything but the arrays as JSON data, see :mod:`sal_hw_spinnaker.chunks.loop`."""
        found, _ = encode(replace(self, arrays={}))
        inputs = [
            {key: item for key, item in each.items() if key != "entropy" or item is not None}
            for each in found["inputs"]
        ]
        return {key: item for key, item in found.items() if key != "arrays"} | {"inputs": inputs}


def chunk_plan(program: CompiledProgram, seed: int) -> ChunkPlan:
    """Return the plan of a program.

    Parameters
    ----------
    seed
        Seed of everything random in the run.
    """
    ticks, arrays = program.part_of(TickProgram), Arrays()
    stimuli = zip(ticks.inputs, program.stimuli, strict=True)
    return ChunkPlan(
        program_hash=program.hash,
        seed=seed,
        timestep_ms=program.timestep_ms,
        real_tick_s=program.timestep_ms * 1e-3 * ticks.time_scale_factor,
        chunk_ticks=ticks.chunk_ticks,
        shadow=ticks.shadow,
        rounding=ticks.rounding,
        populations=tuple(_population(program, item, arrays) for item in ticks.neurons),
        projections=tuple(_projection(program, ticks, item, arrays) for item in ticks.synapses),
        inputs=tuple(_input(program, item, stimulus, seed, arrays) for item, stimulus in stimuli),
        rules=tuple(_rule(rule, arrays) for rule in program.rules),
        arrays=arrays,
    )


def _population(program: CompiledProgram, item: TickNeurons, arrays: Arrays) -> PopulationPlan:
    arrays[f"i_offset.{item.population}"] = item.i_offset
    return PopulationPlan(
        name=item.population,
        size=len(item.i_offset),
        model=item.model,
        neurons_per_core=item.neurons_per_core,
        parameters=ModelParameters(
            threshold=item.threshold,
            alpha_decay=item.alpha_decay,
            exc_decay=item.exc_decay,
            inh_decay=item.inh_decay,
            v_init=0.0,
            v_reset=item.v_reset,
            reset="reset_to_v_reset",
            t_refrac=item.refractory_ticks,
        ),
        records_potential=any(probe.population == item.population for probe in program.probes_of(MembraneProbe)),
    )


def _projection(program: CompiledProgram, ticks: TickProgram, item: IntegerSynapses, arrays: Arrays) -> ProjectionPlan:
    block = program.synapse_block(item.projection)
    excitatory, inhibitory = (ticks.scale_of(item.target, sign) for sign in ("excitatory", "inhibitory"))
    arrays[f"stored.{item.projection}"] = item.weights
    arrays[f"exists.{item.projection}"] = item.exists
    bounds = (block.weight_min, block.weight_max) if item.learns else (None, None)
    if item.learns:
        arrays[f"weights.{item.projection}"] = np.where(item.exists, np.clip(block.weights, *bounds), 0.0)
    return ProjectionPlan(
        name=item.projection,
        source=item.source,
        target=item.target,
        delay_ticks=item.delay_ticks,
        learns=item.learns,
        limit=excitatory.limit,
        per_mv=(excitatory.per_mv, inhibitory.per_mv),
        low_mv=bounds[0],
        high_mv=bounds[1],
    )


def _input(
    program: CompiledProgram, item: IntegerInput, stimulus: LoweredStimulus, seed: int, arrays: Arrays
) -> InputPlan:
    arrays[f"input.{item.stimulus}"] = item.weights
    found = InputPlan(name=item.stimulus, population=item.population, sources_per_core=item.sources_per_core)
    match stimulus:
        case LoweredPoisson():
            rate = stimulus.rate_hz * program.timestep_ms * 1e-3
            return replace(found, rate_per_tick=rate, entropy=stream_entropy(seed, stimulus.name, stimulus.seed))
        case LoweredSpikes():
            arrays[f"given.{item.stimulus}.tick"] = stimulus.step
            arrays[f"given.{item.stimulus}.neuron"] = stimulus.neuron
            return found
        case _:
            assert_never(stimulus)


def _rule(rule: LoweredRule, arrays: Arrays) -> RulePlan:
    if not isinstance(rule, LoweredSal):
        raise TypeError(f"{rule.name} is not a SAL rule")
    arrays |= {f"amplitude.{rule.name}.{name}": values for name, values in rule.amplitudes.items()}
    return RulePlan(
        name=rule.name,
        learned=tuple(rule.amplitudes),
        gain=rule.gain,
        tau_causal_ticks=rule.causal.trace_tau_steps,
        tau_anticausal_ticks=rule.anticausal.trace_tau_steps,
        causal_nearest=pairs_nearest(rule.causal.pairing),
        anticausal_nearest=pairs_nearest(rule.anticausal.pairing),
    )

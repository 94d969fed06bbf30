"""A program that runs in chunks as plain JSON and arrays: what executors and run files have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram, LoweredPoisson, LoweredRule, LoweredSal, LoweredStimulus
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.windows import pairs_nearest
from sal_hw_spinnaker.ticks import IntegerInput, IntegerSynapses, TickNeurons, TickProgram

Arrays = dict[str, NDArray[Any]]
Document = dict[str, Any]


def ticks_of(program: CompiledProgram) -> TickProgram:
    """Return the part of a program that runs in chunks.

    Raises
    ------
    TypeError
        If it has none.
    """
    if program.digital is None or program.digital.ticks is None:
        raise TypeError("the program was not compiled for a machine for which a host learns")
    return program.digital.ticks


def chunk_plan(program: CompiledProgram, seed: int) -> tuple[Document, Arrays]:
    """Return the plan of a program and its arrays, see :mod:`sal_hw_spinnaker.chunks.loop`.

    Parameters
    ----------
    seed
        Seed of everything random in the run.
    """
    ticks, arrays = ticks_of(program), Arrays()
    stimuli = zip(ticks.inputs, program.stimuli, strict=True)
    plan: Document = {
        "program_hash": program.hash,
        "seed": seed,
        "timestep_ms": program.timestep_ms,
        "real_tick_s": program.timestep_ms * 1e-3 * (program.digital.time_scale_factor if program.digital else 1.0),
        "chunk_ticks": ticks.chunk_ticks,
        "shadow": ticks.shadow,
        "rounding": ticks.rounding,
        "populations": [_population(program, item, arrays) for item in ticks.neurons],
        "projections": [_projection(program, ticks, item, arrays) for item in ticks.synapses],
        "inputs": [_input(program, item, stimulus, seed, arrays) for item, stimulus in stimuli],
        "rules": [_rule(rule, arrays) for rule in program.rules],
    }
    return plan, arrays


def _population(program: CompiledProgram, item: TickNeurons, arrays: Arrays) -> Document:
    arrays[f"i_offset.{item.population}"] = item.i_offset
    return {
        "name": item.population,
        "size": len(item.i_offset),
        "model": item.model,
        "neurons_per_core": item.neurons_per_core,
        "parameters": {
            "threshold": item.threshold,
            "alpha_decay": item.alpha_decay,
            "exc_decay": item.exc_decay,
            "inh_decay": item.inh_decay,
            "v_init": 0.0,
            "v_reset": item.v_reset,
            "reset": "reset_to_v_reset",
            "t_refrac": item.refractory_ticks,
        },
        "records_potential": any(
            isinstance(probe, MembraneProbe) and probe.population == item.population for probe in program.probes
        ),
    }


def _projection(program: CompiledProgram, ticks: TickProgram, item: IntegerSynapses, arrays: Arrays) -> Document:
    block = program.synapse_block(item.projection)
    scales = [ticks.scale_of(item.target, sign) for sign in ("excitatory", "inhibitory")]
    arrays[f"stored.{item.projection}"] = item.weights
    arrays[f"exists.{item.projection}"] = item.exists
    bounds = (block.weight_min, block.weight_max) if item.learns else (None, None)
    if item.learns:
        arrays[f"weights.{item.projection}"] = np.where(item.exists, np.clip(block.weights, *bounds), 0.0)
    return {
        "name": item.projection,
        "source": item.source,
        "target": item.target,
        "delay_ticks": item.delay_ticks,
        "learns": item.learns,
        "limit": scales[0].limit,
        "per_mv": [scale.per_mv for scale in scales],
        "low_mv": bounds[0],
        "high_mv": bounds[1],
    }


def _input(
    program: CompiledProgram, item: IntegerInput, stimulus: LoweredStimulus, seed: int, arrays: Arrays
) -> Document:
    arrays[f"input.{item.stimulus}"] = item.weights
    found: Document = {
        "name": item.stimulus,
        "population": item.population,
        "sources_per_core": item.sources_per_core,
        "rate_per_tick": None,
    }
    if isinstance(stimulus, LoweredPoisson):
        own = seed if stimulus.seed is None else stimulus.seed
        rate = stimulus.rate_hz * program.timestep_ms * 1e-3
        return found | {"rate_per_tick": rate, "entropy": [own, *stimulus.name.encode()]}
    arrays[f"given.{item.stimulus}.tick"] = stimulus.step
    arrays[f"given.{item.stimulus}.neuron"] = stimulus.neuron
    return found


def _rule(rule: LoweredRule, arrays: Arrays) -> Document:
    if not isinstance(rule, LoweredSal):
        raise TypeError(f"{rule.name} is not a SAL rule")
    amplitudes = {rule.backward: rule.backward_amplitude}
    if rule.forward_amplitude is not None:
        amplitudes[rule.forward] = rule.forward_amplitude
    arrays |= {f"amplitude.{rule.name}.{name}": values for name, values in amplitudes.items()}
    return {
        "name": rule.name,
        "learned": list(amplitudes),
        "gain": rule.gain,
        "tau_causal_ticks": rule.causal.trace_tau_steps,
        "tau_anticausal_ticks": rule.anticausal.trace_tau_steps,
        "causal_nearest": pairs_nearest(rule.causal.pairing),
        "anticausal_nearest": pairs_nearest(rule.anticausal.pairing),
    }

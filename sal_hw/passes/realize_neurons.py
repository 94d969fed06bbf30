"""Pass: turn the populations into blocks of parameters, and those of sampling neurons into one timing in steps."""

from __future__ import annotations

import numpy as np
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.draw_values import draw_values
from sal_hw.program import NeuronBlock, PassRecord, SamplingTiming
from sal_hw.spec.discretizations import Discretization, convention
from sal_hw.spec.network import Population
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.stimulus import ConstantDrive
from sal_hw.storage.codec import frozen


def sampling_timing(discretization: Discretization, tau_ref_steps: int, tau_syn_steps: int) -> SamplingTiming:
    """Return the lengths in steps of a named discretisation."""
    meant = convention(discretization)
    return SamplingTiming(
        tau_ref_steps=tau_ref_steps,
        psp_steps=tau_syn_steps + meant.psp,
        dead_steps=tau_ref_steps + meant.dead,
        state_steps=tau_ref_steps,
        coincidence=meant.coincidence,
    )


def realize_neurons(draft: Draft) -> Draft:
    """Give each population its place in the executor's order and its biases, and sampling neurons one timing.

    Raises
    ------
    InputError
        E304 if sampling populations differ in their time constants, or if neuron models are mixed: the engines run
        one timing and one model per network.
    """
    models = {population.neuron.model for population in draft.spec.populations}
    if len(models) > 1:
        raise InputError(_mixed(draft))
    timing: SamplingTiming | None = None
    notes: tuple[str, ...] = ()
    if models == {"sampling"}:
        timing = _common_timing(draft)
        notes = (f"{draft.spec.discretization}: dead {timing.dead_steps}, PSP {timing.psp_steps} steps",)
    blocks, offset = [], 0
    for population in draft.spec.populations:
        blocks.append(_block(draft, population, offset))
        offset += population.size
    record = PassRecord(name="realize_neurons", notes=notes, counts={"neurons": float(offset)})
    return draft.recorded(record, timing=timing, neurons=tuple(blocks))


def _mixed(draft: Draft) -> Problem:
    first, *rest = draft.spec.populations
    other = next(item for item in rest if item.neuron.model != first.neuron.model)
    return Problem(
        code="E304",
        field=f"populations.{other.name}.neuron.model",
        value=f'"{other.neuron.model}"',
        allowed=f"on {draft.target.family} all populations have neurons of one model; {first.name} has "
        f"{first.neuron.model} neurons",
        hint=f"write model: {first.neuron.model}",
    )


def _common_timing(draft: Draft) -> SamplingTiming:
    timings = {_timing(draft, population) for population in draft.spec.populations}
    if len(timings) > 1:
        raise InputError(_differing(draft))
    tau_ref_steps, tau_syn_steps = timings.pop()
    return sampling_timing(draft.spec.discretization, tau_ref_steps, tau_syn_steps)


def _timing(draft: Draft, population: Population) -> tuple[int, int]:
    neuron = population.neuron
    if not isinstance(neuron, SamplingNeuron):
        raise TypeError(f"{population.name}: {neuron.model} neurons reached a pass for sampling neurons")
    tau_syn_ms = neuron.tau_ref_ms if neuron.tau_syn_ms is None else neuron.tau_syn_ms
    return draft.steps(neuron.tau_ref_ms), draft.steps(tau_syn_ms)


def _differing(draft: Draft) -> Problem:
    first, *rest = draft.spec.populations
    other = next(item for item in rest if _timing(draft, item) != _timing(draft, first))
    return Problem(
        code="E304",
        field=f"populations.{other.name}.neuron",
        allowed=f"on {draft.target.family} all populations share one tau_ref and one tau_syn; "
        f"{first.name} has {first.neuron.tau_ref_ms:g} ms",
        hint="give all populations the same time constants",
    )


def _block(draft: Draft, population: Population, offset: int) -> NeuronBlock:
    neuron, shape, name = population.neuron, (population.size,), population.name
    match neuron:
        case SamplingNeuron():
            lif = None
            biases = draw_values(neuron.bias, shape, seed=draft.seed, names=("bias", name), folder=draft.folder)
        case LifNeuron():
            lif = neuron
            biases = np.zeros(shape)
        case _:
            assert_never(neuron)
    for drive in draft.spec.stimuli:
        if isinstance(drive, ConstantDrive) and drive.target == name:
            names = ("drive", drive.name)
            biases += draw_values(drive.amplitude, shape, seed=draft.seed, names=names, folder=draft.folder)
    return NeuronBlock(
        population=name, model=neuron.model, offset=offset, size=population.size, biases=frozen(biases), lif=lif
    )

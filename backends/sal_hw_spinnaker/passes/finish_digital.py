"""Pass: put the part of the program together that is written to a machine that computes in time steps."""

from __future__ import annotations

import numpy as np

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import LoweredStimulus, PassRecord, ScaledWeights, SynapseBlock
from sal_hw.spec.signs import sign_of
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft
from sal_hw_spinnaker.passes.place_on_cores import time_scale_factor
from sal_hw_spinnaker.passes.stored_weights import Steps, of_projection, of_stimulus
from sal_hw_spinnaker.program import MAX_WORD, DigitalProgram


def finish_digital(draft: Draft) -> Draft:
    """Assemble what the passes before have decided."""
    parts = draft.part_of(DigitalDraft)
    if not parts.neurons:
        raise TypeError("a digital program is finished after its neurons are on cores")
    digital = DigitalProgram(
        time_scale_factor=time_scale_factor(draft),
        history=int(limit(draft, "post_history")) - 1,
        neurons=parts.neurons,
        scales=parts.scales,
        synapses=parts.synapses,
        inputs=parts.inputs,
        plasticity=parts.plasticity,
    )
    scaling = (
        *(_projection(digital, block) for block in draft.synapses),
        *(_stimulus(digital, item) for item in draft.stimuli),
    )
    return draft.recorded(PassRecord(name="finish_digital"), part=digital, scaling=scaling)


def _steps(digital: DigitalProgram, population: str) -> Steps:
    found = [item.lsb_mv for item in digital.scales if item.population == population]
    return Steps(finest_mv=min(found), coarsest_mv=max(found), largest_mv=MAX_WORD * min(found))


def _projection(digital: DigitalProgram, block: SynapseBlock) -> ScaledWeights:
    stored = digital.weights_mv(block.projection, block.weights.shape, lambda part: part.words.astype(np.int64))
    return of_projection(block, stored, _steps(digital, block.target))


def _stimulus(digital: DigitalProgram, stimulus: LoweredStimulus) -> ScaledWeights:
    stored = np.zeros(stimulus.weights.shape)
    for item in digital.inputs:
        if item.stimulus == stimulus.name:
            stored += sign_of(item.receptor) * digital.scale_of(item.population, item.receptor).lsb_mv * item.words
    return of_stimulus(stimulus.name, stimulus.weights, stored, _steps(digital, stimulus.population))

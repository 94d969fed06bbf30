"""Pass: put the part of the program together that is written to a machine that computes in time steps."""

from __future__ import annotations

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import PassRecord
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft
from sal_hw_spinnaker.passes.place_on_cores import time_scale_factor
from sal_hw_spinnaker.program import DigitalProgram


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
        flush=parts.flush,
    )
    return draft.recorded(PassRecord(name="finish_digital"), part=digital)

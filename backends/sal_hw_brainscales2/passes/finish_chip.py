"""Pass: put the chip's part of the program together."""

from __future__ import annotations

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import PassRecord
from sal_hw_brainscales2.passes.draft import ChipDraft
from sal_hw_brainscales2.program import ChipProgram


def finish_chip(draft: Draft) -> Draft:
    """Assemble what the passes before have decided."""
    parts = draft.part_of(ChipDraft)
    if parts.neurons is None or parts.lsb_per_mv is None or parts.v_rest_lsb is None:
        raise TypeError("a chip program is finished after its circuits are realised")
    chip = ChipProgram(
        time_scale=draft.target.time_scale,
        hemispheres=int(limit(draft, "hemispheres")),
        columns=int(limit(draft, "columns")),
        rows=int(limit(draft, "rows")),
        neurons=parts.neurons,
        tiles=parts.tiles,
        background=parts.background,
        external=parts.external,
        kernels=parts.kernels,
        lsb_per_mv=parts.lsb_per_mv,
        v_rest_lsb=parts.v_rest_lsb,
    )
    return draft.recorded(PassRecord(name="finish_chip"), part=chip)

"""Pass: clip weights to what the machine stores, and say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord, SynapseBlock
from sal_hw.storage.codec import frozen


def store_weights(draft: Draft) -> Draft:
    """Clip each weight, and the range in which it may learn, to the limit ``weight``."""
    limit = draft.target.limits["weight"].high or 0.0
    clipped = sum(int((np.abs(block.weights) > limit).sum()) for block in draft.synapses)
    stored = tuple(_stored(block, limit) for block in draft.synapses)
    record = PassRecord(name="store_weights", counts={"clipped": float(clipped)})
    return draft.recorded(record, synapses=stored)


def _stored(block: SynapseBlock, limit: float) -> SynapseBlock:
    low = -limit if block.weight_min is None else max(block.weight_min, -limit)
    high = limit if block.weight_max is None else min(block.weight_max, limit)
    return replace(block, weights=frozen(np.clip(block.weights, -limit, limit)), weight_min=low, weight_max=high)

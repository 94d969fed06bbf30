"""Pass: clip weights to what the machine stores, and say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord, ScaledWeights, SynapseBlock
from sal_hw.storage.codec import frozen
from tiny_machine.program import TinyProgram


def store_weights(draft: Draft) -> Draft:
    """Clip each weight, and the range in which it may learn, to the limit ``weight``."""
    limit_mv = draft.target.limits["weight"].high or 0.0
    return draft.recorded(
        PassRecord(name="store_weights"),
        synapses=tuple(_narrowed(block, limit_mv) for block in draft.synapses),
        part=TinyProgram(weights_mv={block.projection: _stored(block, limit_mv) for block in draft.synapses}),
        scaling=tuple(_report(block, limit_mv) for block in draft.synapses),
    )


def _stored(block: SynapseBlock, limit_mv: float) -> NDArray[np.float64]:
    return frozen(np.clip(block.weights, -limit_mv, limit_mv))


def _narrowed(block: SynapseBlock, limit_mv: float) -> SynapseBlock:
    low = -limit_mv if block.weight_min is None else max(block.weight_min, -limit_mv)
    high = limit_mv if block.weight_max is None else min(block.weight_max, limit_mv)
    return replace(block, weight_min=low, weight_max=high)


def _report(block: SynapseBlock, limit_mv: float) -> ScaledWeights:
    """Tell what became of a projection's weights; check and the health of every run show it."""
    wanted = np.abs(block.weights)
    return ScaledWeights(
        owner=block.projection,
        lsb=frozen(np.zeros(block.weights.shape[1])),
        requested_max=float(wanted.max()),
        representable_max=limit_mv,
        clipped=int((wanted > limit_mv).sum()),
        zeroed=0,
        total=int(block.exists.sum()),
        worst_error=float(np.maximum(wanted - limit_mv, 0.0).max()),
    )

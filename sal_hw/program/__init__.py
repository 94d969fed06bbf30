"""The compiled program: everything an executor needs, as inspectable plain data."""

from __future__ import annotations

from sal_hw.program.compiled import CUT_BY_BOUNDS, PROGRAM_SCHEMA, CompiledProgram, PassRecord
from sal_hw.program.lowered import (
    LoweredPoisson,
    LoweredRule,
    LoweredSal,
    LoweredSpikes,
    LoweredStimulus,
    LoweredWakeSleep,
    LoweredWindow,
    NeuronBlock,
    SamplingTiming,
    ScaledWeights,
    SynapseBlock,
)

__all__ = [
    "CUT_BY_BOUNDS",
    "PROGRAM_SCHEMA",
    "CompiledProgram",
    "LoweredPoisson",
    "LoweredRule",
    "LoweredSal",
    "LoweredSpikes",
    "LoweredStimulus",
    "LoweredWakeSleep",
    "LoweredWindow",
    "NeuronBlock",
    "PassRecord",
    "SamplingTiming",
    "ScaledWeights",
    "SynapseBlock",
]

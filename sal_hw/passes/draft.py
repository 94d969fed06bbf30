"""What the compiler's passes hand on: the specification and what has been decided so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import LoweredRule, LoweredStimulus, NeuronBlock, PassRecord, SamplingTiming, SynapseBlock
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.program import (
    BackgroundSource,
    ChipNeurons,
    ChipProgram,
    ExternalSource,
    PlacedKernel,
    ScaledWeights,
    SynapseTile,
)
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft
from sal_hw_spinnaker.program import DigitalProgram


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChipDraft:
    """The chip's part of a program in the making.

    Attributes
    ----------
    sites
        Neuron circuits of each population.
    tiles
        Rows, labels and columns of all synapses; codes are zero until the weights are quantised.
    drive_lsb_per_unit
        Per population, shape (neurons,): steady drive in CADC LSB per unit of weight.
    """

    sites: dict[str, NDArray[np.int64]]
    tiles: tuple[SynapseTile, ...]
    background: tuple[BackgroundSource, ...]
    external: tuple[ExternalSource, ...]
    neurons: ChipNeurons | None = None
    lsb_per_mv: dict[str, float] | None = None
    v_rest_lsb: dict[str, float] | None = None
    drive_lsb_per_unit: dict[str, NDArray[np.float64]] | None = None
    scaling: tuple[ScaledWeights, ...] = ()
    kernels: tuple[PlacedKernel, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Draft:
    """A program in the making.

    Attributes
    ----------
    spec, target, seed, folder, snapshot, strict
        The compiler's inputs; weight files are looked up below `folder`.
    timing, neurons, stimuli, synapses, rules
        What the passes have decided, in model units.
    chip_draft, chip
        What they have decided about a chip, and the finished part.
    digital_draft, digital
        The same about a machine that computes in time steps.
    trace
        One record per pass so far.
    """

    spec: NetworkSpec
    target: TargetDescription
    seed: int
    folder: Path | None
    snapshot: CalibrationSnapshot | None = None
    strict: bool = False
    timing: SamplingTiming | None = None
    neurons: tuple[NeuronBlock, ...] = ()
    synapses: tuple[SynapseBlock, ...] = ()
    stimuli: tuple[LoweredStimulus, ...] = ()
    rules: tuple[LoweredRule, ...] = ()
    chip_draft: ChipDraft | None = None
    chip: ChipProgram | None = None
    digital_draft: DigitalDraft | None = None
    digital: DigitalProgram | None = None
    trace: tuple[PassRecord, ...] = ()

    @property
    def chip_parts(self) -> ChipDraft:
        """What has been decided about the chip.

        Raises
        ------
        TypeError
            If the target's passes are in the wrong order.
        """
        if self.chip_draft is None:
            raise TypeError("nothing has been placed yet: the target's passes are in the wrong order")
        return self.chip_draft

    @property
    def digital_parts(self) -> DigitalDraft:
        """What has been decided about a machine that computes in time steps.

        Raises
        ------
        TypeError
            If the target's passes are in the wrong order.
        """
        if self.digital_draft is None:
            raise TypeError("no synapses have been split yet: the target's passes are in the wrong order")
        return self.digital_draft

    def recorded(self, record: PassRecord, **decided: object) -> Draft:
        """Return the next draft: `decided` replaced and the pass's record appended."""
        return replace(self, trace=(*self.trace, record), **decided)  # type: ignore[arg-type]

    def steps(self, duration_ms: float) -> int:
        """Return a duration in time steps; the validator has made sure that it is a whole number."""
        return round(duration_ms / self.spec.timestep_ms)

"""What the compiler's passes hand on: the specification and what has been decided so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sal_hw.program import LoweredRule, NeuronBlock, PassRecord, SamplingTiming, SynapseBlock
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import TargetDescription


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Draft:
    """A program in the making.

    Attributes
    ----------
    spec, target, seed, folder
        The compiler's inputs; weight files are looked up below `folder`.
    timing, neurons, synapses, rules
        What the passes have decided.
    trace
        One record per pass so far.
    """

    spec: NetworkSpec
    target: TargetDescription
    seed: int
    folder: Path | None
    timing: SamplingTiming | None = None
    neurons: tuple[NeuronBlock, ...] = ()
    synapses: tuple[SynapseBlock, ...] = ()
    rules: tuple[LoweredRule, ...] = ()
    trace: tuple[PassRecord, ...] = ()

    def recorded(self, record: PassRecord, **decided: object) -> Draft:
        """Return the next draft: `decided` replaced and the pass's record appended."""
        return replace(self, trace=(*self.trace, record), **decided)  # type: ignore[arg-type]

    def steps(self, duration_ms: float) -> int:
        """Return a duration in time steps; the validator has made sure that it is a whole number."""
        return round(duration_ms / self.spec.timestep_ms)

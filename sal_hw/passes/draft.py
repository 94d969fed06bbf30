"""What the compiler's passes hand on: the specification and what has been decided so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import assert_never

from sal_hw.program import (
    LoweredRule,
    LoweredSal,
    LoweredStimulus,
    LoweredWakeSleep,
    NeuronBlock,
    PassRecord,
    SamplingTiming,
    ScaledWeights,
    SynapseBlock,
)
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.probes import CorrelationProbe
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot

P = TypeVar("P")


def _is_enabled(rule: LoweredRule) -> bool:
    match rule:
        case LoweredSal():
            return rule.gain != 0.0
        case LoweredWakeSleep():
            return rule.gain != 0.0 or rule.bias_gain != 0.0
        case _:
            assert_never(rule)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Draft:
    """A program in the making.

    Attributes
    ----------
    spec, target, seed, folder, snapshot, strict
        The compiler's inputs; weight files are looked up below `folder`.
    timing, neurons, stimuli, synapses, rules
        What the passes have decided, in model units.
    part
        What they have decided about the machine, of a class that the target's passes choose; at the end the machine's
        part of the program.
    scaling
        How weights became what the machine stores.
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
    part: Any = None
    scaling: tuple[ScaledWeights, ...] = ()
    trace: tuple[PassRecord, ...] = ()

    def part_of(self, kind: type[P]) -> P:
        """Return what has been decided about the machine so far.

        Raises
        ------
        TypeError
            If it is none of that class: the target's passes are in the wrong order.
        """
        if not isinstance(self.part, kind):
            raise TypeError(f"there is no {kind.__name__} yet: the target's passes are in the wrong order")
        return self.part

    @property
    def acting(self) -> tuple[tuple[int, LoweredRule], ...]:
        """The rules that a machine makes room for, each with its place among all: those enabled, or read by a probe.

        A disabled rule beside an enabled one changes nothing of what a machine stores. Where all are disabled they all
        count, so that a control run has the same network as the run that it belongs to.
        """
        every = tuple(enumerate(self.rules))
        read = {probe.projection for probe in self.spec.probes_of(CorrelationProbe)}
        return tuple(item for item in every if _is_enabled(item[1]) or read & set(item[1].learned)) or every

    @property
    def acting_sal(self) -> tuple[LoweredSal, ...]:
        """The rules of spike-based alignment learning among those."""
        return tuple(rule for _, rule in self.acting if isinstance(rule, LoweredSal))

    @property
    def learned(self) -> set[str]:
        """Names of the projections that those change."""
        return {name for _, rule in self.acting for name in rule.learned}

    def recorded(self, record: PassRecord, **decided: object) -> Draft:
        """Return the next draft: `decided` replaced and the pass's record appended."""
        return replace(self, trace=(*self.trace, record), **decided)  # type: ignore[arg-type]

    def steps(self, duration_ms: float) -> int:
        """Return a duration in time steps; the validator has made sure that it is a whole number."""
        return round(duration_ms / self.spec.timestep_ms)

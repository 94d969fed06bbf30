"""The compiled program: a network lowered for one target."""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeVar

from sal_hw.program.lowered import (
    LoweredRule,
    LoweredSal,
    LoweredStimulus,
    LoweredWakeSleep,
    NeuronBlock,
    SamplingTiming,
    ScaledWeights,
    SynapseBlock,
)
from sal_hw.spec.probes import Probe
from sal_hw.storage.codec import digest
from sal_hw.storage.document import document

P = TypeVar("P")

#: version of the program's format on disk
PROGRAM_SCHEMA = 2


#: counts of initial weights that synaptic noise carried beyond the bounds begin so, and end with the projection
CUT_BY_BOUNDS = "cut by bounds: "


@document
class PassRecord:
    """What one pass of the compiler did.

    Attributes
    ----------
    name
        Name of the pass.
    notes
        What it decided, in words.
    counts
        Named numbers, for example of synapses.
    """

    name: str
    notes: tuple[str, ...] = ()
    counts: dict[str, float] = field(default_factory=dict)


@document
class CompiledProgram:
    """A network compiled for a target.

    Attributes
    ----------
    spec_hash
        Digest of the specification.
    snapshot_hash
        Digest of the calibration snapshot, None without one.
    seed
        Seed that generators without a seed of their own drew from.
    timestep_ms
        Model time of one step.
    timing
        How sampling neurons map to steps; None without sampling neurons.
    trace
        One record per pass, in order.
    part
        What is written to the machine, of a class that the target chooses; None for targets without a machine.
    scaling
        How weights became what the machine stores, per projection or stimulus; empty where nothing is rounded.
    """

    spec_hash: str
    target: str
    seed: int
    timestep_ms: float
    timing: SamplingTiming | None
    neurons: tuple[NeuronBlock, ...]
    synapses: tuple[SynapseBlock, ...]
    rules: tuple[LoweredRule, ...]
    probes: tuple[Probe, ...]
    trace: tuple[PassRecord, ...]
    stimuli: tuple[LoweredStimulus, ...] = ()
    part: Any = None
    scaling: tuple[ScaledWeights, ...] = ()
    snapshot_hash: str | None = None
    schema_version: int = PROGRAM_SCHEMA

    @property
    def hash(self) -> str:
        """Digest of the whole program; equal inputs give equal hashes."""
        return digest(self)

    @property
    def sal_rules(self) -> tuple[LoweredSal, ...]:
        """The rules of spike-based alignment learning, in order."""
        return tuple(rule for rule in self.rules if isinstance(rule, LoweredSal))

    @property
    def wake_sleep_rules(self) -> tuple[LoweredWakeSleep, ...]:
        """The rules of wake-sleep learning, in order."""
        return tuple(rule for rule in self.rules if isinstance(rule, LoweredWakeSleep))

    def probes_of(self, kind: type[P]) -> tuple[P, ...]:
        """Return the probes of a class, in order."""
        return tuple(probe for probe in self.probes if isinstance(probe, kind))

    def part_of(self, kind: type[P]) -> P:
        """Return the machine's part of the program.

        Raises
        ------
        TypeError
            If it is none of that class: the program was compiled for another kind of machine.
        """
        if not isinstance(self.part, kind):
            raise TypeError(f"a program for {self.target} has no {kind.__name__}")
        return self.part

    def scaling_of(self, owner: str) -> ScaledWeights:
        """Return how an owner's weights became what the machine stores."""
        found = next((item for item in self.scaling if item.owner == owner), None)
        if found is None:
            raise KeyError(f"{owner} has no synapses on {self.target}")
        return found

    @property
    def n_neurons(self) -> int:
        """Number of neurons in all."""
        return sum(block.size for block in self.neurons)

    def neuron_block(self, population: str) -> NeuronBlock:
        """Return the block of a population."""
        return next(block for block in self.neurons if block.population == population)

    def synapse_block(self, projection: str) -> SynapseBlock:
        """Return the block of a projection."""
        return next(block for block in self.synapses if block.projection == projection)

    @property
    def aligned(self) -> dict[str, tuple[str, str]]:
        """Names of the forward and the backward projection of each SAL rule."""
        return {rule.name: (rule.forward, rule.backward) for rule in self.sal_rules}

    @property
    def update_ms(self) -> float | None:
        """Model time between two weight updates; None without plasticity."""
        return self.rules[0].update_steps * self.timestep_ms if self.rules else None

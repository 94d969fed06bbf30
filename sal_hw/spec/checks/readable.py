"""What the cross checks see: the entries that could be read, each with its path.

A recipe with mistakes yields only some of its entries. The checks then run on those, and say nothing about
names that exist but could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Generic, TypeAlias, TypeVar

from sal_hw.errors import quote_value
from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.experiments import ExperimentProtocol
from sal_hw.spec.findings import Path, SpecFinding, did_you_mean, listed
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.plasticity import Rule
from sal_hw.spec.probes import Probe
from sal_hw.spec.stimulus import Stimulus

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Entry(Generic[E]):
    """An entry of a specification and where it stands."""

    path: Path
    item: E


Entries: TypeAlias = Sequence[Entry[E]]

#: stands among the names of broken entries for one whose name could not be read
NAMELESS = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadableSpec:
    """A specification, or the readable part of one.

    Attributes
    ----------
    timestep_ms
        None if it could not be read.
    broken
        Names of entries that exist but could not be read, by section; :data:`NAMELESS` for an unknown name.
    folder
        Folder below which files are looked for; None to leave them unchecked.
    max_inline
        Most numbers in one table; None for no limit.
    """

    timestep_ms: float | None
    discretization: Discretization = "consistent"
    populations: Entries[Population] = ()
    projections: Entries[Projection] = ()
    plasticity: Entries[Rule] = ()
    stimuli: Entries[Stimulus] = ()
    probes: Entries[Probe] = ()
    protocol: ExperimentProtocol | None = None
    broken: Mapping[str, Set[str]] = field(default_factory=dict)
    folder: FilePath | None = None
    max_inline: int | None = None
    _populations: dict[str, Population] = field(init=False)
    _projections: dict[str, Projection] = field(init=False)
    _names: dict[str, tuple[str, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        # the first entry of a name counts; a second one is reported
        for section in ("populations", "projections"):
            index = {entry.item.name: entry.item for entry in reversed(getattr(self, section))}
            object.__setattr__(self, f"_{section}", index)
            self._names[section] = tuple(sorted({*index, *self.broken.get(section, ())}))

    def population(self, name: str) -> Population | None:
        """Return the population of this name, None if there is none or it could not be read."""
        return self._populations.get(name)

    def projection(self, name: str) -> Projection | None:
        """Return the projection of this name, None if there is none or it could not be read."""
        return self._projections.get(name)

    def ends(self, projection: Projection) -> tuple[Population | None, Population | None]:
        """Return the source and target populations of a projection."""
        return self.population(projection.source), self.population(projection.target)

    def unknown(self, section: str, name: str, path: Path) -> Iterator[SpecFinding]:
        """Yield a finding if no entry of `section` has this name."""
        known = self._populations if section == "populations" else self._projections
        broken = self.broken.get(section, frozenset[str]())
        if name in known or name in broken or NAMELESS in broken:
            return
        choices = self._names[section]
        what = section.removesuffix("s")
        allowed = f"the name of a {what}: {listed(choices)}" if choices else f"the name of a {what}; there are none"
        hint = f"for example {quote_value(choices[0])[1:-1]}" if choices else f"add a {what}"
        yield SpecFinding(code="E216", path=path, allowed=allowed, value=name, hint=did_you_mean(name, choices) or hint)


def readable_of(network: NetworkSpec, protocol: ExperimentProtocol | None) -> ReadableSpec:
    """Return a whole specification, all of whose entries are readable."""
    return ReadableSpec(
        timestep_ms=network.timestep_ms,
        discretization=network.discretization,
        populations=[Entry(("populations", item.name), item) for item in network.populations],
        projections=_numbered("projections", network.projections),
        plasticity=_numbered("plasticity", network.plasticity),
        stimuli=_numbered("stimuli", network.stimuli),
        probes=_numbered("probes", network.probes),
        protocol=protocol,
    )


def _numbered(section: str, items: Sequence[E]) -> list[Entry[E]]:
    return [Entry((section, index), item) for index, item in enumerate(items)]

"""Names: each once, and each that is referred to exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import assert_never

from sal_hw.spec.checks.readable import Entries, ReadableSpec
from sal_hw.spec.findings import SpecFinding, render_path
from sal_hw.spec.plasticity import Rule, SalRule, WakeSleepRule
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe, StateProbe, WeightProbe
from sal_hw.spec.protocols import TrainDistributionProtocol


def check_names(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find names that are given twice and names that nothing has."""
    for entries in (readable.populations, readable.projections, readable.plasticity, readable.stimuli):
        yield from _find_twice(entries)
    yield from _find_unknown(readable)


def _find_twice(entries: Entries[Any]) -> Iterator[SpecFinding]:
    first: dict[str, str] = {}
    for entry in entries:
        name = entry.item.name
        if name in first:
            hint = f"{first[name]} has the same name; results are kept by name, so rename one"
            yield SpecFinding(
                code="E217",
                path=(*entry.path, "name"),
                allowed="each name once in a section",
                value=name,
                hint=hint,
            )
        first.setdefault(name, render_path(entry.path))


def _projection_keys(rule: Rule) -> tuple[str, ...]:
    match rule:
        case SalRule():
            return ("forward", "backward")
        case WakeSleepRule():
            return ("projection",)
        case _:
            assert_never(rule)


def _find_unknown(readable: ReadableSpec) -> Iterator[SpecFinding]:
    for projection in readable.projections:
        for end in ("source", "target"):
            name = getattr(projection.item, end)
            yield from readable.unknown("populations", name, (*projection.path, end))
    for rule in readable.plasticity:
        for key in _projection_keys(rule.item):
            yield from readable.unknown("projections", getattr(rule.item, key), (*rule.path, key))
    for stimulus in readable.stimuli:
        yield from readable.unknown("populations", stimulus.item.target, (*stimulus.path, "target"))
    for probe in readable.probes:
        match probe.item:
            case WeightProbe() | CorrelationProbe():
                yield from readable.unknown("projections", probe.item.projection, (*probe.path, "projection"))
            case SpikeProbe() | StateProbe() | MembraneProbe():
                yield from readable.unknown("populations", probe.item.population, (*probe.path, "population"))
            case _:
                assert_never(probe.item)
    if isinstance(readable.protocol, TrainDistributionProtocol):
        yield from readable.unknown("populations", readable.protocol.population, ("experiment", "population"))

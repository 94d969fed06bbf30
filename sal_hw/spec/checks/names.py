"""Names: each once, and each that is referred to exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import assert_never

from sal_hw.spec.checks.readable import Entries, View
from sal_hw.spec.findings import Finding, render_path
from sal_hw.spec.plasticity import Rule, SalRule, WakeSleepRule
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe, StateProbe, WeightProbe
from sal_hw.spec.protocols import TrainDistributionProtocol


def check_names(view: View) -> Iterator[Finding]:
    """Find names that are given twice and names that nothing has."""
    for entries in (view.populations, view.projections, view.plasticity, view.stimuli):
        yield from _find_twice(entries)
    yield from _find_unknown(view)


def _find_twice(entries: Entries[Any]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for entry in entries:
        name = entry.item.name
        if name in first:
            hint = f"{first[name]} has the same name; results are kept by name, so rename one"
            yield Finding(
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


def _find_unknown(view: View) -> Iterator[Finding]:
    for projection in view.projections:
        for end in ("source", "target"):
            name = getattr(projection.item, end)
            yield from view.unknown("populations", name, (*projection.path, end))
    for rule in view.plasticity:
        for key in _projection_keys(rule.item):
            yield from view.unknown("projections", getattr(rule.item, key), (*rule.path, key))
    for stimulus in view.stimuli:
        yield from view.unknown("populations", stimulus.item.target, (*stimulus.path, "target"))
    for probe in view.probes:
        match probe.item:
            case WeightProbe() | CorrelationProbe():
                yield from view.unknown("projections", probe.item.projection, (*probe.path, "projection"))
            case SpikeProbe() | StateProbe() | MembraneProbe():
                yield from view.unknown("populations", probe.item.population, (*probe.path, "population"))
            case _:
                assert_never(probe.item)
    if isinstance(view.protocol, TrainDistributionProtocol):
        yield from view.unknown("populations", view.protocol.population, ("experiment", "population"))

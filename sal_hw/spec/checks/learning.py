"""Learning rules: the projections they need and the neurons they fit."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.spec.checks.readable import Entry, ReadableSpec
from sal_hw.spec.findings import SpecFinding, listed
from sal_hw.spec.network import Projection
from sal_hw.spec.plasticity import Rule, SalRule, WakeSleepRule


def check_learning(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find rules whose projections are not reciprocal, not alike or not between the right neurons."""
    for entry in readable.plasticity:
        if isinstance(entry.item, SalRule):
            yield from _check_sal(readable, entry, entry.item)
        else:
            yield from _check_wake_sleep(readable, entry, entry.item)


def _check_sal(readable: ReadableSpec, entry: Entry[Rule], rule: SalRule) -> Iterator[SpecFinding]:
    forward, backward = readable.projection(rule.forward), readable.projection(rule.backward)
    if forward is None or backward is None or None in (*readable.ends(forward), *readable.ends(backward)):
        return
    path = (*entry.path, "backward")
    if (forward.source, forward.target) != (backward.target, backward.source):
        words = f"a projection from {forward.target} to {forward.source}, since {_arrow(forward)};"
        words += f" {_arrow(backward)}"
        yield SpecFinding(
            code="E218", path=path, allowed=words, value=rule.backward, hint=_suggest_partner(readable, forward)
        )
    elif forward.connectivity != backward.connectivity:
        words = f"a projection whose connectivity is {forward.connectivity}, as that of {forward.name}"
        hint = f"{backward.name} is {backward.connectivity}; make both alike"
        yield SpecFinding(code="E218", path=path, allowed=words, value=rule.backward, hint=hint)


def _arrow(projection: Projection) -> str:
    return f"{projection.name} goes from {projection.source} to {projection.target}"


def _suggest_partner(readable: ReadableSpec, forward: Projection) -> str:
    ends = (forward.target, forward.source)
    partners = [entry.item.name for entry in readable.projections if (entry.item.source, entry.item.target) == ends]
    if partners:
        return f"projections from {ends[0]} to {ends[1]}: {listed(partners)}"
    return f"add a projection with source {ends[0]} and target {ends[1]}"


def _check_wake_sleep(readable: ReadableSpec, entry: Entry[Rule], rule: WakeSleepRule) -> Iterator[SpecFinding]:
    projection = readable.projection(rule.projection)
    if projection is None:
        return
    path = (*entry.path, "projection")
    if projection.source != projection.target:
        words = f"a recurrent projection (source and target are the same population); {_arrow(projection)}"
        recurrent = [each.item.name for each in readable.projections if each.item.source == each.item.target]
        hint = f"recurrent projections: {listed(recurrent)}" if recurrent else "this recipe has no recurrent projection"
        yield SpecFinding(code="E218", path=path, allowed=words, value=rule.projection, hint=hint)
        return
    population = readable.population(projection.source)
    if population is not None and population.neuron.model != "sampling":
        words = f"a projection of sampling neurons, whose states are the samples; {population.name} has"
        words += f" {population.neuron.model} neurons"
        hint = "use neurons of model: sampling, or a rule of kind: sal"
        yield SpecFinding(code="E222", path=path, allowed=words, value=rule.projection, hint=hint)

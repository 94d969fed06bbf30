"""Experiments and probes: whether the network has what they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from typing_extensions import assert_never

from sal_hw.spec.checks.readable import Entry, ReadableSpec
from sal_hw.spec.checks.times import is_multiple, not_a_multiple
from sal_hw.spec.findings import Path, SpecFinding, listed
from sal_hw.spec.network import Population
from sal_hw.spec.plasticity import Rule, SalRule, WakeSleepRule
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, StateProbe, WeightProbe
from sal_hw.spec.protocols import AlignProtocol, SampleProtocol, TrainDistributionProtocol
from sal_hw.spec.studies import StudyProtocol

#: all joint states of this many neurons still fit into a table
MAX_STATE_NEURONS = 20


def check_experiment(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find what the experiment needs and the network does not have."""
    if isinstance(readable.protocol, AlignProtocol):
        yield from _check_align(readable, readable.protocol)
    elif isinstance(readable.protocol, TrainDistributionProtocol):
        yield from _check_training(readable, readable.protocol)
    elif isinstance(readable.protocol, SampleProtocol):
        population = readable.population(readable.protocol.population)
        if population is not None:
            yield from _check_states(population, ("experiment", "population"), "E224")
    elif isinstance(readable.protocol, StudyProtocol):
        for finding in readable.protocol.conflicts():
            yield replace(finding, path=("experiment", *finding.path))


def _enabled(readable: ReadableSpec) -> list[Entry[Rule]]:
    return [entry for entry in readable.plasticity if entry.item.enabled]


def _check_align(readable: ReadableSpec, protocol: AlignProtocol) -> Iterator[SpecFinding]:
    rules = [entry.item for entry in readable.plasticity if isinstance(entry.item, SalRule)]
    if not rules and not readable.broken.get("plasticity"):
        words = "an experiment that the network can do: align needs at least one rule with kind: sal"
        hint = "add one to plasticity; with enabled: false it makes a control run"
        yield SpecFinding(code="E224", path=("experiment",), allowed=words, hint=hint, at="key")
    for entry in _enabled(readable):
        if isinstance(entry.item, WakeSleepRule):
            words = "no enabled wake_sleep rule: an align experiment has no target distribution"
            hint = "set enabled: false, or use kind: train_distribution"
            yield SpecFinding(code="E224", path=entry.path, allowed=words, hint=hint)
    for rule in rules:
        interval = rule.update_every_ms
        path = ("experiment", "duration_ms")
        whole = readable.timestep_ms is None or is_multiple(protocol.duration_ms, readable.timestep_ms)
        if whole:
            yield from not_a_multiple(path, protocol.duration_ms, interval, f"update_every of the rule {rule.name}")
    yield from _check_average(protocol, rules)


def _check_average(protocol: AlignProtocol, rules: list[SalRule]) -> Iterator[SpecFinding]:
    updates = min((int(protocol.duration_ms / rule.update_every_ms * (1 + 1e-9)) for rule in rules), default=None)
    if updates is not None and 0 < updates < protocol.average_last_updates:
        words = f"1 .. {updates}, since there are {updates} updates in the duration"
        yield SpecFinding(
            code="E214",
            path=("experiment", "average_last_updates"),
            allowed=words,
            value=protocol.average_last_updates,
            hint=f"the largest legal value is {updates}",
        )


def _check_training(readable: ReadableSpec, protocol: TrainDistributionProtocol) -> Iterator[SpecFinding]:
    population = readable.population(protocol.population)
    if population is not None:
        yield from _check_states(population, ("experiment", "population"), "E224")
        if not readable.broken.get("plasticity"):
            yield from _check_wake_sleep(readable, population)
    yield from _check_intervals(readable)
    yield from _check_wake_duration(protocol)


def _check_states(population: Population, path: tuple[str | int, ...], code: str) -> Iterator[SpecFinding]:
    name = population.name
    if population.neuron.model != "sampling":
        words = f"a population of sampling neurons; those of {name} are {population.neuron.model}"
        yield SpecFinding(code="E222", path=path, allowed=words, value=name, hint="use neurons of model: sampling")
    if population.size > MAX_STATE_NEURONS:
        words = f"a population of at most {MAX_STATE_NEURONS} neurons, since the table of joint states doubles"
        words += f" with each; {name} has {population.size}"
        hint = f"choose a population of at most {MAX_STATE_NEURONS} neurons"
        yield SpecFinding(code=code, path=path, allowed=words, value=name, hint=hint)


def _check_wake_sleep(readable: ReadableSpec, population: Population) -> Iterator[SpecFinding]:
    rules = []
    for entry in _enabled(readable):
        projection = readable.projection(entry.item.projection) if isinstance(entry.item, WakeSleepRule) else None
        if isinstance(entry.item, WakeSleepRule) and projection is None:
            return  # the projection is missing or broken, which is said elsewhere
        if projection is not None and population.name in (projection.source, projection.target):
            rules.append(entry.item.name)
    if len(rules) != 1:
        words = f"exactly one enabled wake_sleep rule on {population.name}, to train it; "
        words += f"there are {len(rules)}: {listed(rules)}" if rules else "there is none"
        hint = "set enabled: false on all but one" if rules else "add a rule with kind: wake_sleep to plasticity"
        yield SpecFinding(
            code="E224", path=("experiment", "population"), allowed=words, value=population.name, hint=hint
        )


def _check_intervals(readable: ReadableSpec) -> Iterator[SpecFinding]:
    rules = _enabled(readable)
    for entry in rules[1:]:
        first, interval = rules[0].item, entry.item.update_every_ms
        if interval != first.update_every_ms:
            words = f"the update_every of the other enabled rules, {first.update_every_ms:.12g} ms as in"
            words += f" {first.name}, since one phase of training ends with the updates of all rules"
            path = (*entry.path, "update_every_ms")
            hint = f"write {first.update_every_ms:.12g} ms"
            yield SpecFinding(code="E224", path=path, allowed=words, value=interval, hint=hint)


def _check_wake_duration(protocol: TrainDistributionProtocol) -> Iterator[SpecFinding]:
    path = ("experiment", "wake_duration_ms")
    match protocol.moments:
        case "sampled":
            if protocol.wake_duration_ms is None:
                words = "'wake_duration' is required with moments: sampled: how long the target network runs"
                yield SpecFinding(code="E202", path=path, allowed=words, hint="add wake_duration: 10 s", at="parent")
        case "analytic":
            if protocol.wake_duration_ms is not None:
                words = "no wake_duration with moments: analytic, since no network runs in the wake phase"
                hint = "remove it, or set moments: sampled"
                yield SpecFinding(code="E224", path=path, allowed=words, value=protocol.wake_duration_ms, hint=hint)
        case _:
            assert_never(protocol.moments)


def check_probes(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find probes of something that the neurons do not have."""
    for entry in readable.probes:
        probe, path = entry.item, (*entry.path, "population")
        if isinstance(probe, CorrelationProbe):
            yield from _check_sensors(readable, probe, (*entry.path, "projection"))
        if isinstance(probe, WeightProbe):
            yield from _check_updates(readable, probe, entry.path)
        if isinstance(probe, MembraneProbe):
            yield from _check_samples(readable, probe, (*entry.path, "every_ms"))
        if not isinstance(probe, (MembraneProbe, StateProbe)):
            continue
        population = readable.population(probe.population)
        if population is None:
            continue
        if isinstance(probe, StateProbe):
            yield from _check_states(population, path, "E214")
        elif population.neuron.model != "lif":
            words = f"a population of lif neurons; {population.neuron.model} neurons have no membrane potential"
            hint = "probe spikes or states instead"
            yield SpecFinding(code="E222", path=path, allowed=words, value=probe.population, hint=hint)


def _check_updates(readable: ReadableSpec, probe: WeightProbe, path: Path) -> Iterator[SpecFinding]:
    protocol = readable.protocol
    if isinstance(protocol, SampleProtocol):
        words = "no weights probe: a sample experiment has no updates, after which weights could be recorded"
        hint = "remove it; a run keeps all weights anyway"
        yield SpecFinding(code="E224", path=path, allowed=words, hint=hint)
    updates = _updates(readable, protocol)
    if updates is not None and probe.every_updates > updates:
        words = f"1 .. {updates}, since there are {updates} updates in the experiment"
        field, hint = (*path, "every_updates"), f"the largest legal value is {updates}"
        yield SpecFinding(code="E214", path=field, allowed=words, value=probe.every_updates, hint=hint)


def _check_samples(readable: ReadableSpec, probe: MembraneProbe, path: Path) -> Iterator[SpecFinding]:
    protocol = readable.protocol
    if isinstance(protocol, AlignProtocol) and probe.every_ms > protocol.duration_ms:
        words = f"at most the duration, {protocol.duration_ms:.12g} ms, after which nothing is sampled"
        yield SpecFinding(code="E214", path=path, allowed=words, value=probe.every_ms, hint="write every: 1 ms")


def _updates(readable: ReadableSpec, protocol: object) -> int | None:
    """Return how many updates an experiment has, if that can be known."""
    if isinstance(protocol, TrainDistributionProtocol):
        return protocol.updates
    if not isinstance(protocol, AlignProtocol):
        return None
    intervals = [entry.item.update_every_ms for entry in readable.plasticity if isinstance(entry.item, SalRule)]
    return max(1, int(protocol.duration_ms / min(intervals) * (1 + 1e-9))) if intervals else None


def _check_sensors(readable: ReadableSpec, probe: CorrelationProbe, path: Path) -> Iterator[SpecFinding]:
    rules = [entry.item for entry in readable.plasticity if isinstance(entry.item, SalRule)]
    read = {rule.backward for rule in rules} | {rule.forward for rule in rules if rule.learns_both}
    if readable.projection(probe.projection) is not None and probe.projection not in read:
        words = "a projection that a sal rule changes, since the rule's updates read its sensors"
        hint = "add a rule with enabled: false to read them without learning"
        yield SpecFinding(code="E222", path=path, allowed=words, value=probe.projection, hint=hint)

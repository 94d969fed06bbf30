"""Pass: refuse what the target cannot do, all findings at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sal_hw.contracts.capability import Capability, Want, all_capabilities
from sal_hw.contracts.targets import load_target, target_names
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord
from sal_hw.spec.findings import Path, render_path
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import Range, TargetDescription

#: sections of a network in the order of a recipe, which findings come in
_SECTIONS = ("populations", "projections", "plasticity", "stimuli", "probes")

#: how many parts of an amount a hint names
_MOST_LISTED = 4


def check_capabilities(draft: Draft) -> Draft:
    """Compare the specification with the target's capabilities and limits.

    Raises
    ------
    InputError
        E302 for something the target cannot do, E304 for something beyond its limits, E306 for two things that it
        cannot do together.
    """
    spec, target = draft.spec, draft.target
    problems = [*_missing(spec, target), *_excluded(spec, target), *_beyond(spec, target)]
    if problems:
        raise InputError(problems)
    return draft.recorded(PassRecord(name="check_capabilities"))


def _missing(spec: NetworkSpec, target: TargetDescription) -> Iterator[Problem]:
    lacking = [item for item in _wants(spec, target) if item[0].name not in target.capabilities]
    if lacking:
        others = _able(spec)
        can = (
            f"targets that have all that it needs: {', '.join(others)}" if others else "no installed target has it all"
        )
        for capability, want in lacking:
            yield Problem(
                code="E302",
                field=render_path(want.path),
                value=quote_value(want.value),
                allowed=f"target {target.family} has no capability '{capability.name}', which {want.who} needs"
                f"{_why(target, capability.name)}; it has: {', '.join(target.capabilities)}; {can}",
                hint=capability.hint,
            )


def _why(target: TargetDescription, capability: str) -> str:
    reason = target.lacks.get(capability)
    return "" if reason is None else f" ({reason})"


def _able(spec: NetworkSpec) -> list[str]:
    """Return the names of the targets that have every capability of a network, and exclude none of them together."""
    found = []
    for name in target_names():
        try:
            description = load_target(name).description
        except InputError:
            # a package that cannot be loaded refuses for itself
            continue
        wanted = {capability.name for capability, _ in _wants(spec, description)}
        excluded = any({pair.first, pair.second} <= wanted for pair in description.exclusions)
        if wanted <= set(description.capabilities) and not excluded:
            found.append(name)
    return found


def _excluded(spec: NetworkSpec, target: TargetDescription) -> Iterator[Problem]:
    wants = _wants(spec, target)
    for pair in target.exclusions:
        first = next((want for capability, want in wants if capability.name == pair.first), None)
        if first is None:
            continue
        for capability, want in wants:
            if capability.name == pair.second:
                yield Problem(
                    code="E306",
                    field=render_path(want.path),
                    value=quote_value(want.value),
                    allowed=f"{want.who} does not go together with {first.who} on {target.family}: "
                    f"{pair.reason} ({pair.source})",
                    hint=f"leave out {want.who} or {first.who}",
                )


def _wants(spec: NetworkSpec, target: TargetDescription) -> list[tuple[Capability, Want]]:
    """Return what the network wants of the target, in the order of a recipe."""
    found = [
        (capability, want)
        for capability in all_capabilities()
        if capability.concerns(target.family)
        for want in capability.wanted(spec)
    ]
    populations = tuple(population.name for population in spec.populations)
    return sorted(found, key=lambda item: _place(item[1].path, populations))


def _place(path: Path, populations: tuple[str, ...]) -> tuple[int, int]:
    """Return section and entry of a field as numbers; what is in no section, as the time step, comes first."""
    section, entry = path[0], path[1] if len(path) > 1 else 0
    number = entry if isinstance(entry, int) else populations.index(entry) if entry in populations else 0
    return _SECTIONS.index(str(section)) if section in _SECTIONS else -1, number


def _beyond(spec: NetworkSpec, target: TargetDescription) -> Iterator[Problem]:
    sizes = {population.name: population.size for population in spec.populations}
    synapses = {item.name: sizes[item.source] * sizes[item.target] for item in spec.projections}
    intervals = {rule.name: rule.update_every_ms for rule in spec.plasticity}
    refractory = {population.name: population.neuron.tau_ref_ms for population in spec.populations}
    amounts = {
        "neurons": ("populations", sum(sizes.values()), _listed(sizes)),
        "synapses": ("projections", sum(synapses.values()), _listed(synapses)),
        "update_intervals": ("plasticity", len({*intervals.values()}), f"update_every, {_listed(intervals, ' ms')}"),
        "refractory_times": ("populations", len({*refractory.values()}), f"tau_ref, {_listed(refractory, ' ms')}"),
    }
    for name, (field, amount, parts) in amounts.items():
        limit = target.limits.get(name, Range())
        if amount not in limit:
            yield Problem(
                code="E304",
                field=field,
                value=f"{amount} {name.replace('_', ' ')}",
                allowed=f"at most {limit.high:g} {name.replace('_', ' ')} on {target.family} ({limit.source})",
                hint=f"bring them down to {limit.high:g}: {parts}",
            )


def _listed(found: Mapping[str, float], unit: str = "") -> str:
    """Return the parts that make up an amount, the largest first, as the end of a hint."""
    ordered = sorted(found.items(), key=lambda item: -item[1])
    more = f", and {len(ordered) - _MOST_LISTED} more" if len(ordered) > _MOST_LISTED else ""
    return ", ".join(f"{value:.12g}{unit} of {name}" for name, value in ordered[:_MOST_LISTED]) + more

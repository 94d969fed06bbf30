"""Pass: refuse what the target cannot do, all findings at once."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import Range, TargetDescription

_STIMULI = {"constant": "constant_drive", "poisson": "poisson_noise", "spikes": "spike_lists"}
_PROBES = {
    "spikes": "record_spikes",
    "states": "record_states",
    "membrane": "record_membrane",
    "correlation": "record_correlation",
}
_RULES = {"sal": "plasticity", "wake_sleep": "wake_sleep"}
_HINTS = {"delays": "set delay: 0 ms; a spike then arrives as soon as the machine delivers it"}


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
    for name, capability, field, value in _needs(spec):
        if capability not in target.capabilities:
            yield Problem(
                code="E302",
                field=field,
                value=quote_value(value),
                allowed=f"target {target.family} has no capability '{capability}', which {name} needs; "
                f"it has: {', '.join(target.capabilities)}",
                hint=_HINTS.get(capability, "sal-hw targets shows what each target can do"),
            )


def _excluded(spec: NetworkSpec, target: TargetDescription) -> Iterator[Problem]:
    needs = tuple(_needs(spec))
    for pair in target.exclusions:
        first = next((need for need in needs if need[1] == pair.first), None)
        if first is None:
            continue
        for name, capability, field, value in needs:
            if capability == pair.second:
                yield Problem(
                    code="E306",
                    field=field,
                    value=quote_value(value),
                    allowed=f"{name} does not go together with {first[0]} on {target.family}: "
                    f"{pair.reason} ({pair.source})",
                    hint=f"leave out {name} or {first[0]}",
                )


def _needs(spec: NetworkSpec) -> Iterator[tuple[str, str, str, str]]:
    """Yield who needs which capability, at which field, with which value."""
    for population in spec.populations:
        model = population.neuron.model
        yield f"population {population.name}", model, f"populations.{population.name}.neuron.model", model
    for index, projection in enumerate(spec.projections):
        if projection.delay_ms > 0:
            delay = f"{projection.delay_ms:g} ms"
            yield f"projection {projection.name}", "delays", f"projections[{index}].delay", delay
    for index, rule in enumerate(spec.plasticity):
        yield f"rule {rule.name}", _RULES[rule.kind], f"plasticity[{index}].kind", rule.kind
    for index, stimulus in enumerate(spec.stimuli):
        yield f"stimulus {stimulus.name}", _STIMULI[stimulus.kind], f"stimuli[{index}].kind", stimulus.kind
    for index, probe in enumerate(spec.probes):
        if probe.kind in _PROBES:
            yield f"the {probe.kind} probe", _PROBES[probe.kind], f"probes[{index}].kind", probe.kind


def _beyond(spec: NetworkSpec, target: TargetDescription) -> Iterator[Problem]:
    sizes = {population.name: population.size for population in spec.populations}
    synapses = sum(sizes[item.source] * sizes[item.target] for item in spec.projections)
    intervals = {rule.update_every_ms for rule in spec.plasticity}
    refractory = {population.neuron.tau_ref_ms for population in spec.populations}
    amounts = {
        "neurons": ("populations", sum(sizes.values())),
        "synapses": ("projections", synapses),
        "update_intervals": ("plasticity", len(intervals)),
        "refractory_times": ("populations", len(refractory)),
    }
    for name, (field, amount) in amounts.items():
        limit = target.limits.get(name, Range())
        if amount not in limit:
            yield Problem(
                code="E304",
                field=field,
                value=f"{amount} {name.replace('_', ' ')}",
                allowed=f"at most {limit.high:g} {name.replace('_', ' ')} on {target.family} ({limit.source})",
                hint="sal-hw targets shows the limits of each target",
            )

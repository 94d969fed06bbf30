"""The capabilities of this project's own networks; each is registered in ``sal_hw.capabilities``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from sal_hw.contracts.capability import Capability, Want
from sal_hw.spec.network import NetworkSpec

Wanted: TypeAlias = Callable[[NetworkSpec], Iterator[Want]]


def _by_neuron(model: str) -> Wanted:
    def wanted(spec: NetworkSpec) -> Iterator[Want]:
        for population in spec.populations:
            if population.neuron.model == model:
                path = ("populations", population.name, "neuron", "model")
                yield Want(who=f"population {population.name}", path=path, value=model)

    return wanted


def _by_rule(kind: str) -> Wanted:
    def wanted(spec: NetworkSpec) -> Iterator[Want]:
        for index, rule in enumerate(spec.plasticity):
            if rule.kind == kind:
                yield Want(who=f"rule {rule.name}", path=("plasticity", index, "kind"), value=kind)

    return wanted


def _by_stimulus(kind: str) -> Wanted:
    def wanted(spec: NetworkSpec) -> Iterator[Want]:
        for index, stimulus in enumerate(spec.stimuli):
            if stimulus.kind == kind:
                yield Want(who=f"stimulus {stimulus.name}", path=("stimuli", index, "kind"), value=kind)

    return wanted


def _by_probe(kind: str) -> Wanted:
    def wanted(spec: NetworkSpec) -> Iterator[Want]:
        for index, probe in enumerate(spec.probes):
            if probe.kind == kind:
                of = getattr(probe, "population", None) or getattr(probe, "projection", None)
                yield Want(who=f"the {kind} probe of {of}", path=("probes", index, "kind"), value=kind)

    return wanted


def _by_delay(spec: NetworkSpec) -> Iterator[Want]:
    for index, projection in enumerate(spec.projections):
        if projection.delay_ms > 0:
            path, value = ("projections", index, "delay"), f"{projection.delay_ms:g} ms"
            yield Want(who=f"projection {projection.name}", path=path, value=value)


def _by_nobody(spec: NetworkSpec) -> Iterator[Want]:
    """Yield nothing: where a target lacks it, a pass finds another way."""
    del spec
    yield from ()


SAMPLING = Capability(
    name="sampling",
    meaning="neurons that are active at random, with a probability that their potential sets",
    wanted=_by_neuron("sampling"),
)
LIF = Capability(name="lif", meaning="leaky integrate-and-fire neurons", wanted=_by_neuron("lif"))
SIGNED_WEIGHTS = Capability(
    name="signed_weights", meaning="synapses whose weight may change its sign", wanted=_by_nobody
)
DELAYS = Capability(
    name="delays",
    meaning="projections whose spikes arrive later",
    wanted=_by_delay,
    hint="set delay: 0 ms; a spike then arrives as soon as the machine delivers it",
)
PLASTICITY = Capability(name="plasticity", meaning="spike-based alignment learning", wanted=_by_rule("sal"))
WAKE_SLEEP = Capability(name="wake_sleep", meaning="wake-sleep learning", wanted=_by_rule("wake_sleep"))
CONSTANT_DRIVE = Capability(
    name="constant_drive", meaning="stimuli that shift the potential", wanted=_by_stimulus("constant")
)
POISSON_NOISE = Capability(name="poisson_noise", meaning="stimuli of random spikes", wanted=_by_stimulus("poisson"))
SPIKE_LISTS = Capability(name="spike_lists", meaning="stimuli of given spikes", wanted=_by_stimulus("spikes"))
RECORD_SPIKES = Capability(name="record_spikes", meaning="spikes that are recorded", wanted=_by_probe("spikes"))
RECORD_STATES = Capability(
    name="record_states", meaning="counts of a population's joint states", wanted=_by_probe("states")
)
RECORD_MEMBRANE = Capability(
    name="record_membrane", meaning="membrane potentials that are recorded", wanted=_by_probe("membrane")
)
RECORD_CORRELATION = Capability(
    name="record_correlation", meaning="readings of correlation sensors", wanted=_by_probe("correlation")
)

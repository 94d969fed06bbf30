"""Times: targets step through model time, so times are whole numbers of steps."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sal_hw.spec.checks.readable import ReadableSpec
from sal_hw.spec.discretizations import convention
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.probes import MembraneProbe
from sal_hw.spec.protocols import AlignProtocol, SampleProtocol, TrainDistributionProtocol

#: relative rounding error up to which a time counts as a multiple
TOLERANCE = 1e-9


def is_multiple(value: float, step: float) -> bool:
    """Whether `value` is a whole number of steps, up to rounding."""
    ratio = value / step
    if not math.isfinite(ratio):
        return False
    return abs(ratio - round(ratio)) <= TOLERANCE * max(1.0, abs(ratio)) and (value == 0.0 or round(ratio) >= 1)


def not_a_multiple(path: Path, value: float, step: float, of_what: str, unit: str = " ms") -> Iterator[SpecFinding]:
    """Yield a finding with the nearest multiples unless `value` is a whole number of steps."""
    if is_multiple(value, step):
        return
    ratio = value / step
    lower = math.floor(ratio) if math.isfinite(ratio) else 0
    nearest = [f"{count * step:.12g}{unit}" for count in (lower, lower + 1) if count > 0]
    words = f"a multiple of {of_what}, {step:.12g}{unit}"
    hint = "the nearest multiple is " if len(nearest) == 1 else "the nearest multiples are "
    yield SpecFinding(code="E215", path=path, allowed=words, value=value, hint=hint + " and ".join(nearest))


def check_times(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find times that are no multiples of the timestep."""
    step = readable.timestep_ms
    if step is None:
        return
    for path, value in _stepped_times(readable):
        yield from not_a_multiple(path, value, step, "the timestep")
    yield from _find_empty_psps(readable, step)


def _stepped_times(readable: ReadableSpec) -> Iterator[tuple[Path, float]]:
    for population in readable.populations:
        neuron, base = population.item.neuron, (*population.path, "neuron")
        yield (*base, "tau_ref_ms"), neuron.tau_ref_ms
        if isinstance(neuron, SamplingNeuron) and neuron.tau_syn_ms is not None:
            yield (*base, "tau_syn_ms"), neuron.tau_syn_ms
    for projection in readable.projections:
        yield (*projection.path, "delay_ms"), projection.item.delay_ms
    for rule in readable.plasticity:
        yield (*rule.path, "update_every_ms"), rule.item.update_every_ms
    for probe in readable.probes:
        if isinstance(probe.item, MembraneProbe):
            yield (*probe.path, "every_ms"), probe.item.every_ms
    yield from _experiment_times(readable)


def _experiment_times(readable: ReadableSpec) -> Iterator[tuple[Path, float]]:
    protocol = readable.protocol
    if isinstance(protocol, AlignProtocol):
        yield ("experiment", "duration_ms"), protocol.duration_ms
        if protocol.effective is not None:
            for key in ("window_ms", "warmup_ms"):
                yield ("experiment", "effective", key), getattr(protocol.effective, key)
    elif isinstance(protocol, SampleProtocol):
        for key in ("duration_ms", "warmup_ms"):
            yield ("experiment", key), getattr(protocol, key)
    elif isinstance(protocol, TrainDistributionProtocol):
        for key in ("duration_ms", "warmup_ms"):
            yield ("experiment", "validation", key), getattr(protocol.validation, key)
        if protocol.wake_duration_ms is not None:
            yield ("experiment", "wake_duration_ms"), protocol.wake_duration_ms


def _find_empty_psps(readable: ReadableSpec, step: float) -> Iterator[SpecFinding]:
    shorter = -convention(readable.discretization).psp
    for population in readable.populations:
        neuron = population.item.neuron
        if not isinstance(neuron, SamplingNeuron):
            continue
        key = "tau_ref_ms" if neuron.tau_syn_ms is None else "tau_syn_ms"
        tau = getattr(neuron, key)
        if is_multiple(tau, step) and round(tau / step) <= shorter:
            words = f"at least {(shorter + 1) * step:.12g} ms: with discretization {readable.discretization} a PSP is"
            words += f" {shorter} step shorter than this, and nothing would be left of it"
            hint = f"the smallest legal value is {(shorter + 1) * step:.12g} ms; or use a finer timestep"
            yield SpecFinding(code="E214", path=(*population.path, "neuron", key), allowed=words, value=tau, hint=hint)

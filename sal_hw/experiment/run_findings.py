"""What can be told of any run, whatever executed it: spikes that it never reached, and learning that did nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Session
from sal_hw.contracts.stored_weights import weight_findings
from sal_hw.program import CompiledProgram, LoweredSpikes
from sal_hw.results.result import Finding, Verdict
from sal_hw.spec.protocols import AlignProtocol, NetworkProtocol

#: weights that moved by a smaller share of the largest one hardly moved: synapses of 6 bits have 64 codes, the coarsest
#: steps in which any target here stores weights, and would not show it
LEAST_CHANGE = 1.0 / 64.0

Weights = Mapping[str, NDArray[np.float64]]


def present_weights(program: CompiledProgram, session: Session) -> dict[str, NDArray[np.float64]]:
    """Return the present weights of each projection, shape (pre, post)."""
    return {block.projection: session.weights(block.projection) for block in program.synapses}


def findings_ahead(program: CompiledProgram, protocol: NetworkProtocol) -> tuple[Finding, ...]:
    """Return what is known of a run before it: what became of weights, and spikes that it will not reach."""
    return (*weight_findings(program), *(late for _, late in late_spikes(program, protocol)))


def run_findings(
    program: CompiledProgram, protocol: NetworkProtocol, session: Session, initial: Weights
) -> tuple[Finding, ...]:
    """Return all that is to be told of a finished run.

    Parameters
    ----------
    session
        Where it ran.
    initial
        The weights before the first update.
    """
    unmoved = unmoved_weights(program, initial, present_weights(program, session))
    return (*findings_ahead(program, protocol), *session.findings(), *unmoved)


def late_spikes(program: CompiledProgram, protocol: NetworkProtocol) -> Iterator[tuple[str, Finding]]:
    """Yield, per stimulus and with its name, how many of its given spikes lie at or after the end of the experiment."""
    if not isinstance(protocol, AlignProtocol):
        return
    steps = round(protocol.duration_ms / program.timestep_ms)
    for stimulus in program.stimuli:
        if not isinstance(stimulus, LoweredSpikes):
            continue
        late = int((stimulus.step >= steps).sum())
        if late:
            advice = (
                f"{late} of {len(stimulus.step)} spikes of {stimulus.name} onto {stimulus.population} lie at or after "
                f"the end, {protocol.duration_ms:.12g} ms, and never arrive; make it longer or leave them out"
            )
            yield stimulus.name, Finding(kind="spikes_after_the_end", severity="degraded", count=late, advice=advice)


def unmoved_weights(program: CompiledProgram, initial: Weights, final: Weights) -> Iterator[Finding]:
    """Yield the projections that enabled rules change and that hardly changed."""
    learning = [name for rule in program.rules if rule.gain != 0.0 for name in rule.learned]
    for name in dict.fromkeys(learning):
        exists = program.synapse_block(name).exists
        if not exists.any():
            continue
        moved = float(np.abs(final[name] - initial[name])[exists].max())
        largest = float(max(np.abs(weights[name])[exists].max() for weights in (initial, final)))
        if moved >= LEAST_CHANGE * largest and moved > 0.0:
            continue
        severity: Verdict = "ok" if moved > 0.0 else "degraded"
        how = f"moved by at most {moved:.3g}, where the largest is {largest:.3g}" if moved else "did not move at all"
        advice = f"weights of {name} {how}; raise the learning rate, the rates of its neurons or the duration"
        yield Finding(kind="weights_hardly_moved", severity=severity, count=int(exists.sum()), advice=advice)

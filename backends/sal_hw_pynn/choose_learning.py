"""Pass: decide how each projection learns, and say so."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord
from sal_hw_pynn.description import INPUT_STEPS, SPIKE_STEPS, Simulator
from sal_hw_pynn.mechanisms import Mechanism, plan_mechanisms


def choose_learning(draft: Draft, simulator: Simulator) -> Draft:
    """Record whether STDP of the simulator or the host changes each projection.

    The session follows the same plan, :func:`sal_hw_pynn.mechanisms.plan_mechanisms`; it depends on the program only.

    Raises
    ------
    InputError
        E304 for a time step that the simulator does not take.
    """
    problems = [*_wrong_step(draft)]
    if problems:
        raise InputError(problems)
    planned = plan_mechanisms(simulator, draft.rules, draft.synapses, draft.neurons, draft.spec.timestep_ms)
    step = f"{draft.spec.timestep_ms:g} ms"
    notes = (
        *(_words(item) for item in planned if item.way != "static"),
        f"a spike moves other membranes {SPIKE_STEPS} steps of {step} after its own, and an input {INPUT_STEPS + 1} "
        "after its time; on ideal either takes one step, so that neurons with strong recurrent weights fire at other "
        "rates there",
    )
    counts = {f"{way} projections": float(sum(item.way == way for item in planned)) for way in ("native", "host")}
    return draft.recorded(PassRecord(name="choose_learning", notes=notes, counts=counts))


def _words(item: Mechanism) -> str:
    if item.stdp is None:
        way = "host loop, pair sums of recorded spikes change its weights at each update"
        return f"{item.projection}: {way}; {item.reason}"
    return (
        f"{item.projection}: native, additive pair STDP of an excitatory synapse m, and w = m - "
        f"{item.stdp.offset_mv:g} mV; at each update the host keeps w in its range and makes up for pairs that the "
        "delay of one step moves to lag 0 or to the other side"
    )


def _wrong_step(draft: Draft) -> Iterator[Problem]:
    allowed = draft.target.limits["timestep"]
    if draft.spec.timestep_ms not in allowed:
        yield Problem(
            code="E304",
            field="timestep",
            value=f"{draft.spec.timestep_ms:g} ms",
            allowed=f"{allowed.low:g} ms .. {allowed.high:g} ms on {draft.target.family} ({allowed.source})",
        )

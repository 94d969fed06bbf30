"""What a user should know of a run on the chip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sal_hw.program import CompiledProgram
from sal_hw.results.result import MAX_SHARE_AT_LIMIT, Finding, Verdict
from sal_hw_brainscales2.description import MAX_SHARE_SATURATED, brainscales2_description
from sal_hw_brainscales2.machine.importer import ChipResult, stored_synapses
from sal_hw_brainscales2.program import ChipProgram

#: messages of the vendor's software that are passed on
MAX_MESSAGES = 10


def chip_findings(program: CompiledProgram, result: ChipResult, counters: Mapping[str, int]) -> Iterator[Finding]:
    """Yield lost updates, spikes and messages, silent neurons, and weights and readings that stand at their limit."""
    yield from _lost(result, counters)
    yield from _weights(program, counters)
    yield from _readings(program, result)
    silent = {block.population: _silent(result, block.population, block.size) for block in program.neurons}
    not_recorded = sum(number is None for number in silent.values())
    words = "populations whose spikes the run did not record"
    yield from _found("spikes_not_recorded", not_recorded, "degraded", words)
    where = ", ".join(f"{number} in {name}" for name, number in silent.items() if number)
    words = f"neurons never spiked: {where}; raise their drive, their noise or the duration"
    yield from _found("neurons_silent", sum(number or 0 for number in silent.values()), "degraded", words)
    yield from _found("weights_recorded", *_few_records(result))
    for message in result.header.messages[:MAX_MESSAGES]:
        yield Finding(kind="message", severity="ok", count=1, advice=" ".join(message.split())[:200])


def _lost(result: ChipResult, counters: Mapping[str, int]) -> Iterator[Finding]:
    words = "updates were skipped because the one before was not done; raise update_every"
    yield from _found("updates_missed", counters["updates_missed"], "degraded", words)
    words = "spikes were lost on their way from the chip; lower the rates or record fewer populations"
    yield from _found("spikes_dropped", counters["spikes_dropped"], "degraded", words)
    times = [item for key, item in result.arrays.items() if key.startswith("spikes.") and key.endswith(".time_us")]
    severity: Verdict = "degraded" if any(len(item) for item in times) else "failed"
    words = "errors of the links to the chip; what they lost is not known, so repeat the run"
    yield from _found("link_errors", counters["link_errors"], severity, words)


def _weights(program: CompiledProgram, counters: Mapping[str, int]) -> Iterator[Finding]:
    learning = {placed.projection for placed in program.part_of(ChipProgram).kernels}
    synapses = sum(tile.codes.size for tile in program.part_of(ChipProgram).tiles if tile.owner in learning)
    rail = counters["weights_at_rail"]
    names = ", ".join(sorted(learning))
    words = (
        f"of {synapses} learning synapses of {names} stand at the largest code; is the balance of the sensors known "
    )
    words += "(--calibration)? otherwise raise weight_max or lower the learning rate"
    yield from _found("weights_at_rail", rail, "degraded" if rail > MAX_SHARE_AT_LIMIT * synapses else "ok", words)


def saturated_readings(program: CompiledProgram, result: ChipResult) -> tuple[int, int] | None:
    """Return how many readings of correlation sensors were below the reliable range, and how many there are.

    Returns
    -------
    tuple of int or None
        None if the run recorded no readings, since the program has no correlation probe.
    """
    lowest = brainscales2_description.limits["cadc_reliable"].low or 0.0
    found = [
        result.arrays[key][:, exists]
        for name, exists in stored_synapses(program)
        for key in (f"causal.{name}", f"anticausal.{name}")
        if key in result.arrays
    ]
    return (sum(int((each < lowest).sum()) for each in found), sum(each.size for each in found)) if found else None


def _readings(program: CompiledProgram, result: ChipResult) -> Iterator[Finding]:
    recorded = saturated_readings(program, result)
    names = ", ".join(sorted({placed.projection for placed in program.part_of(ChipProgram).kernels}))
    if recorded is None:
        words = f"run whose readings were not recorded, so that saturated sensors of {names} would not show; add a "
        words += "correlation probe"
        yield from _found("readings_not_recorded", 1, "ok", words)
        return
    saturated, reads = recorded
    words = f"of {reads} readings of the correlation sensors of {names} were below the reliable range; lower "
    words += "update_every or the rates"
    yield from _found(
        "sensors_saturated", saturated, "degraded" if saturated > MAX_SHARE_SATURATED * reads else "ok", words
    )


def _few_records(result: ChipResult) -> tuple[int, Verdict, str]:
    """Return how many records of weights there are where they are fewer than updates, else none."""
    counted = result.header.counters
    took_place = result.updates - max(counted.updates_missed, counted.scheduler_dropped)
    kept = {key.removeprefix("weights."): len(item) for key, item in result.arrays.items() if key[:8] == "weights."}
    few = [number for key, number in kept.items() if not key.endswith(".time_us") and number < took_place]
    words = (
        f"records of weights in {result.updates} updates: between them they are not known, and final values are means "
    )
    return (min(few) if few else 0), "ok", f"{words}over recorded ones; add a weights probe to have more"


def _silent(result: ChipResult, population: str, size: int) -> int | None:
    neurons = result.arrays.get(f"spikes.{population}.neuron")
    return None if neurons is None else size - len(set(neurons.tolist()))


def _found(kind: str, count: int, severity: Verdict, words: str) -> Iterator[Finding]:
    if count:
        yield Finding(kind=kind, severity=severity, count=count, advice=f"{count} {words}")

"""Pass: turn rules into kernels of the plasticity processors, with their schedule, constants and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.kernel.ir import Kernel
from sal_hw.kernel.sal import BALANCE_STEPS, RESIDUAL_STEPS, KernelError, learning_kernel
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import LoweredSal, PassRecord
from sal_hw.spec.probes import CorrelationProbe, WeightProbe
from sal_hw.spec.signs import Polarity
from sal_hw.storage.codec import frozen
from sal_hw_brainscales2.passes.chip_knowledge import knows, of_synapses
from sal_hw_brainscales2.passes.draft import ChipDraft
from sal_hw_brainscales2.passes.kernel_lead import busiest_rows, measures_baselines, plan_lead
from sal_hw_brainscales2.passes.sensor_limits import unlike_sensors
from sal_hw_brainscales2.program import PlacedKernel, SynapseTile

_FRACTIONS = "libnux, frac.h: fractions of 16 bits"

Memory = Literal["none", "sram", "external"]


def lower_kernels(draft: Draft) -> Draft:
    """Make a kernel of each rule and projection.

    With a snapshot that knows the sensors' balance, the causal reading of each synapse is scaled to match the
    anti-causal one; without one, no synapse is treated differently from another.

    Raises
    ------
    InputError
        E304 for windows, pairings, time constants and amplitudes the sensors do not have, E306 for two rules that
        change the same projection, E314 for a period that is shorter than the processors need, E315 for a learning rate
        that the kernel's arithmetic cannot represent.
    """
    problems = [*unlike_sensors(draft), *_learned_twice(draft), *_unknown_baselines(draft)]
    if problems:
        raise InputError(problems)
    kernels, notes = [], []
    for index, rule in draft.acting:
        if not isinstance(rule, LoweredSal):
            raise TypeError(f"{rule.name}: the target's capabilities let a {rule.kind} rule through")
        for projection in rule.learned:
            placed = _place(draft, index, rule, projection)
            kernels.append(placed)
            notes.append(_note(draft, placed))
    record = PassRecord(name="lower_kernels", notes=tuple(notes), counts={"kernels": float(len(kernels))})
    return draft.recorded(record, part=replace(draft.part_of(ChipDraft), kernels=tuple(kernels)))


def _learned_twice(draft: Draft) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, rule in draft.acting:
        for projection in rule.learned:
            if first.setdefault(projection, rule.name) != rule.name:
                yield Problem(
                    code="E306",
                    field=f"plasticity[{index}].backward",
                    value=quote_value(projection),
                    allowed=f"a projection that no other rule changes on "
                    f"{draft.target.family}: an update reads and resets the sensors of a row once, and "
                    f"{first[projection]} does so already",
                    hint=f"leave out {rule.name} or {first[projection]}",
                )


def _unknown_baselines(draft: Draft) -> Iterator[Problem]:
    for index in range(len(draft.rules)):
        if not measures_baselines(draft, index) and not knows(draft, "baseline_causal_lsb"):
            yield Problem(
                code="E306",
                field=f"plasticity[{index}].baselines",
                value='"calibrated"',
                allowed=f"calibrated with a snapshot that knows the baselines of the sensors of {draft.target.family}",
                hint="add --calibration SNAPSHOT with the stage sensors, or let the kernel measure them: leave "
                "baselines out",
            )


def _step_us(draft: Draft) -> float:
    return draft.spec.timestep_ms * 1e3 / draft.target.time_scale


def _tiles(draft: Draft, projection: str) -> list[tuple[int, SynapseTile]]:
    return [(index, tile) for index, tile in enumerate(draft.part_of(ChipDraft).tiles) if tile.owner == projection]


def _place(draft: Draft, index: int, rule: LoweredSal, projection: str) -> PlacedKernel:
    tiles = _tiles(draft, projection)
    period_us = rule.update_steps * _step_us(draft)
    lead = plan_lead(draft, projection, period_us)
    made = {polarity: _kernel(draft, index, projection, polarity, lead.reads) for polarity in _polarities(tiles)}
    some = next(iter(made.values()))
    row_time_us, memory = _row_time_us(draft, some)
    row_store_us = _stored_rows(draft, projection) * limit(draft, "row_record_cycles") / limit(draft, "ppu_clock")
    _check_period(draft, index, period_us, busiest_rows(draft) * (row_time_us + row_store_us))
    return PlacedKernel(
        rule=rule.name,
        projection=projection,
        excitatory=made.get("excitatory"),
        inhibitory=made.get("inhibitory"),
        start_us=period_us - busiest_rows(draft) * row_time_us,
        period_us=period_us,
        row_time_us=row_time_us,
        row_store_us=row_store_us,
        tau_causal_us=rule.causal.trace_tau_steps * _step_us(draft),
        tau_anticausal_us=rule.anticausal.trace_tau_steps * _step_us(draft),
        amplitude_lsb=limit(draft, "correlation_amplitude_default"),
        pairing=rule.causal.pairing,
        constants={
            f"{name}.{place}": frozen(_constant(draft, name, tile))
            for name in some.given_constants
            for place, tile in tiles
        },
        chip_constants=_of_chip(draft, some),
        memory=memory,
        lead_calls=lead.calls,
        lead_first=lead.first,
        lead_rows=lead.rows,
        lead_parts=lead.parts,
    )


def _polarities(tiles: list[tuple[int, SynapseTile]]) -> list[Polarity]:
    return sorted({tile.polarity for _, tile in tiles})


def _kernel(draft: Draft, index: int, projection: str, polarity: Polarity, reads: int) -> Kernel:
    rule = draft.rules[index]
    scaling = next(item for item in draft.scaling if item.owner == projection)
    per_pair = limit(draft, "correlation_amplitude_default")
    # a signed weight is the difference of two rows that both learn, so each takes half of the change
    rows = len(_polarities(_tiles(draft, projection)))
    gain = rule.gain / (float(scaling.lsb.mean()) * per_pair * rows)
    try:
        return learning_kernel(
            polarity=polarity,
            width=16,
            rounding="stochastic",
            balanced=knows(draft, "balance_ratio"),
            sal_gain=gain,
            residual=True,
            baseline_reads=reads,
        )
    except KernelError as error:
        raise InputError(
            Problem(
                code="E315",
                field=f"plasticity[{index}].learning_rate",
                value=f"{draft.spec.plasticity[index].learning_rate:g}",
                allowed=f"for {projection}, what the processor's arithmetic can represent, in codes per LSB of its "
                f"sensors ({_FRACTIONS}): {error}",
                hint=f"the nearest rate is {draft.spec.plasticity[index].learning_rate * error.nearest / gain:.6g}; or "
                "change weight_max, which sets the weight of one code",
            )
        ) from error


def _row_time_us(draft: Draft, kernel: Kernel) -> tuple[float, Memory]:
    """Return the time that a row takes and where its constants lie: in the processor's memory if all fit."""
    clock = limit(draft, "ppu_clock")
    cycles = limit(draft, "row_update_cycles") + kernel.random_draws * limit(draft, "row_random_cycles")
    base = cycles / clock
    size = kernel.constant_bytes
    if not size:
        return base, "none"
    needed = size * limit(draft, "columns") * busiest_rows(draft)
    memory: Memory = "sram" if needed <= limit(draft, "ppu_sram") else "external"
    # the description's times are for two bytes per synapse
    return base + limit(draft, f"row_constants_{memory}") * size / 2.0, memory


def _stored_rows(draft: Draft, projection: str) -> int:
    """Return how many rows of bytes an update stores with each row of synapses: of weights, and of both readings."""
    found = 0
    for probe in draft.spec.probes:
        if isinstance(probe, (WeightProbe, CorrelationProbe)) and probe.projection == projection:
            found += 1 if isinstance(probe, WeightProbe) else 2
    return found


def _check_period(draft: Draft, index: int, period_us: float, needed_us: float) -> None:
    shortest = draft.target.limits["update_period"]
    least = max(shortest.low or 0.0, limit(draft, "update_period_margin") * needed_us)
    if period_us >= least or math.isclose(period_us, least, rel_tol=1e-9):
        return
    step_us = _step_us(draft)
    legal_ms = float(np.ceil(least / step_us - 1e-9)) * draft.spec.timestep_ms
    raise InputError(
        Problem(
            code="E314",
            field=f"plasticity[{index}].update_every",
            value=f"{draft.rules[index].update_steps * draft.spec.timestep_ms:g} ms",
            allowed=f"at least {legal_ms:.12g} ms of model time on {draft.target.family} for "
            f"{draft.rules[index].name}, which changes {', '.join(draft.rules[index].learned)}: the processor needs "
            f"{needed_us:.4g} us for "
            f"{busiest_rows(draft)} rows "
            f"({draft.target.limits['row_update_cycles'].source}), and "
            f"{limit(draft, 'update_period_margin'):g} times that is kept free",
            hint=f"write update_every: {legal_ms:.12g} ms, or let fewer rows learn",
        )
    )


def _constant(draft: Draft, name: str, tile: SynapseTile) -> NDArray[np.int64]:
    """Return the numbers of one constant of the kernels for a tile, shape (sources, columns)."""
    if name == "balance":
        return _balance(draft, tile)
    causal, anticausal = (of_synapses(draft, f"baseline_{branch}_lsb", tile) for branch in ("causal", "anticausal"))
    whole = {"baseline_causal": _whole(causal), "baseline_anticausal": _whole(anticausal)}
    if name in whole:
        return whole[name]
    ratio = _balance(draft, tile) / BALANCE_STEPS if knows(draft, "balance_ratio") else 1.0
    left = (anticausal - whole["baseline_anticausal"]) - ratio * (causal - whole["baseline_causal"])
    return np.clip(np.rint(left * RESIDUAL_STEPS), -128, 127).astype(np.int64)


def _of_chip(draft: Draft, kernel: Kernel) -> dict[str, NDArray[np.int16]]:
    """Return the constants of all synapses of the chip, by name, where these differ."""
    whole = [_all_synapses(draft, half) for half in range(int(limit(draft, "hemispheres")))]
    found = {name: np.stack([_constant(draft, name, tile) for tile in whole]) for name in kernel.given_constants}
    return {name: frozen(each.astype(np.int16)) for name, each in found.items() if np.ptp(each)}


def _all_synapses(draft: Draft, hemisphere: int) -> SynapseTile:
    """Return the synapses of a hemisphere as if they were those of one projection."""
    rows, columns = (np.arange(int(limit(draft, each)), dtype=np.int64) for each in ("rows", "columns"))
    size = (len(rows), len(columns))
    return SynapseTile(
        owner="",
        polarity="excitatory",
        hemisphere=hemisphere,
        rows=rows,
        labels=np.zeros_like(rows),
        columns=columns,
        post=columns,
        codes=np.zeros(size, dtype=np.uint8),
        exists=np.ones(size, dtype=np.bool_),
    )


def _whole(baseline: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.clip(np.rint(baseline), 0, 255).astype(np.int64)


def _balance(draft: Draft, tile: SynapseTile) -> NDArray[np.int64]:
    return np.clip(np.rint(of_synapses(draft, "balance_ratio", tile) * BALANCE_STEPS), 0, 255).astype(np.int64)


def _memory_word(memory: Memory) -> str:
    match memory:
        case "none":
            return "no"
        case "sram" | "external":
            return memory
        case _:
            assert_never(memory)


def _note(draft: Draft, placed: PlacedKernel) -> str:
    rows, advised = busiest_rows(draft), draft.target.limits["update_period_per_row"]
    words = f"{placed.projection}: {rows} rows in {rows * placed.row_time_us:.4g} us of every {placed.period_us:.4g} us"
    words += f", constants in {_memory_word(placed.memory)} memory"
    per_row = placed.period_us / max(rows, 1)
    if per_row in advised:
        return words
    return f"{words}; warning: {per_row:.3g} us per row, {advised.low:g} us are advised ({advised.source})"

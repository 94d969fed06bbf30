"""What became of weights on their way to a machine, for whoever asks: a report, and the health of a run.

A target's passes leave one :class:`sal_hw.program.ScaledWeights` per projection and stimulus; nothing else is needed
for clipped weights to be told of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sal_hw.contracts.report import ProgramReport, ReportTable
from sal_hw.program import CUT_BY_BOUNDS, CompiledProgram, ScaledWeights
from sal_hw.results.result import Finding

#: share of weights that were rounded to zero from which a run counts as degraded
MAX_SHARE_ZEROED = 0.5
#: longer names of projections and stimuli are cut
_NAME = 20


def target_population(program: CompiledProgram, owner: str) -> str:
    """Return the name of the population that a projection or stimulus acts on."""
    onto = {block.projection: block.target for block in program.synapses}
    return (onto | {item.name: item.population for item in program.stimuli})[owner]


def weight_unit(program: CompiledProgram, owner: str) -> str:
    """Return the unit of the weights of a projection or stimulus: that of the model's potential."""
    block = program.neuron_block(target_population(program, owner))
    return "log-odds" if block.lif is None else "mV"


def stored_weights(program: CompiledProgram) -> list[dict[str, Any]]:
    """Return what became of the weights of each projection and stimulus, as plain JSON data."""
    return [_entry(program, item) for item in program.scaling]


def _entry(program: CompiledProgram, item: ScaledWeights) -> dict[str, Any]:
    return {
        "owner": item.owner,
        "population": target_population(program, item.owner),
        "unit": weight_unit(program, item.owner),
        "one_code_lowest": float(item.lsb.min()),
        "one_code_highest": float(item.lsb.max()),
        "requested_max": item.requested_max,
        "representable_max": item.representable_max,
        "clipped": item.clipped,
        "rounded_to_zero": item.zeroed,
        "total": item.total,
        "worst_error": item.worst_error,
    }


def stored_weights_table(entries: Sequence[dict[str, Any]]) -> ReportTable:
    """Return the entries of :func:`stored_weights` as a table."""
    return ReportTable(
        title="stored weights: largest wanted and largest storable; clipped; rounded to zero",
        header=("owner", "one code", "largest", "storable", "unit", "clipped", "to zero", "of", "worst error"),
        rows=tuple(
            (
                short_name(item["owner"]),
                _between(item["one_code_lowest"], item["one_code_highest"]),
                f"{item['requested_max']:.4g}",
                f"{item['representable_max']:.4g}",
                item["unit"],
                str(item["clipped"]),
                str(item["rounded_to_zero"]),
                str(item["total"]),
                f"{item['worst_error']:.3g}",
            )
            for item in entries
        ),
    )


def short_name(name: str) -> str:
    """Return a name of a projection, stimulus or population that fits into a table."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."


def _between(low: float, high: float) -> str:
    one, other = f"{low:.3g}", f"{high:.3g}"
    return one if one == other else f"{one} .. {other}"


def with_stored_weights(report: ProgramReport | None, program: CompiledProgram) -> ProgramReport | None:
    """Return a target's report with what became of weights, if the target does not tell that itself."""
    if not program.scaling or (report is not None and "weights" in report.document):
        return report
    told = ProgramReport(document={}) if report is None else report
    entries = stored_weights(program)
    document = {**told.document, "weights": entries}
    return replace(told, document=document, tables=(*told.tables, stored_weights_table(entries)))


def weight_findings(program: CompiledProgram) -> Iterator[Finding]:
    """Yield what a run should tell of weights that the compiler cut or rounded to zero."""
    yield from _cut_by_bounds(program)
    for item in program.scaling:
        if item.clipped:
            yield Finding(
                kind="weights_clipped",
                severity="degraded",
                count=item.clipped,
                advice=f"{item.clipped} weights of {item.owner} were cut to {item.representable_max:.4g}; the largest "
                f"wanted is {item.requested_max:.4g}",
            )
        if item.zeroed:
            yield Finding(
                kind="weights_rounded_to_zero",
                severity="degraded" if item.zeroed > MAX_SHARE_ZEROED * item.total else "ok",
                count=item.zeroed,
                advice=f"{item.zeroed} of {item.total} weights of {item.owner} are below half of one code "
                f"({item.lsb.mean():.3g})",
            )


def _cut_by_bounds(program: CompiledProgram) -> Iterator[Finding]:
    for record in program.trace:
        for name, number in record.counts.items():
            if name.startswith(CUT_BY_BOUNDS):
                count, owner = round(number), name[len(CUT_BY_BOUNDS) :]
                total = int(program.synapse_block(owner).exists.sum())
                advice = (
                    f"synaptic noise carried {count} of {total} initial weights of {owner} beyond their bounds; cut"
                )
                yield Finding(kind="weights_clipped", severity="degraded", count=count, advice=advice)

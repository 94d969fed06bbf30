"""What the target tells of its programs, see :class:`sal_hw.contracts.report.Reporter`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sal_hw.contracts.report import ProgramReport, ReportTable
from sal_hw.contracts.stored_weights import short_name
from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_spinnaker.ticks import IntegerScale, TickProgram

Document = dict[str, Any]


class ElementReporter:
    """Tells how populations and stimuli share processing elements, and what 1 is worth as a weight."""

    def describe(self, program: CompiledProgram, target: TargetDescription) -> ProgramReport:
        """Return processing elements, scales of weights, and how the host learns."""
        del target
        part = program.part_of(TickProgram)
        elements = list(_elements(part))
        return ProgramReport(
            document={
                "elements": elements,
                "scales": [_scale(item) for item in part.scales],
                "host": {"chunk_ticks": part.chunk_ticks, "shadow": part.shadow, "rounding": part.rounding},
            },
            tables=(_element_table(elements),),
            tabulated_passes=("place_on_elements",),
        )

    def draw(
        self,
        program: CompiledProgram,
        target: TargetDescription,
        folder: Path,
        calibration: CalibrationSnapshot | None,
    ) -> tuple[Path, ...]:
        """Draw nothing: where a neuron is on the machine is decided when the network is loaded."""
        del program, target, folder, calibration
        return ()


def _elements(part: TickProgram) -> Iterator[Document]:
    for neurons in part.neurons:
        yield {
            "name": neurons.population,
            "per_element": neurons.neurons_per_core,
            "elements": neurons.cores,
            "estimated_memory_bytes": neurons.estimated_memory_bytes,
        }
    for sources in part.inputs:
        yield {
            "name": sources.stimulus,
            "per_element": sources.sources_per_core,
            "elements": sources.cores,
            "estimated_memory_bytes": sources.estimated_memory_bytes,
        }


def _scale(item: IntegerScale) -> Document:
    return {
        "population": item.population,
        "sign": item.sign,
        "limit": item.limit,
        "one_mv": item.lsb_mv,
        "largest_mv": item.largest_mv,
    }


def _element_table(entries: list[Document]) -> ReportTable:
    return ReportTable(
        title="processing elements: neurons of a population, or sources of a stimulus, on each",
        header=("name", "per element", "elements", "estimated memory of one"),
        rows=tuple(
            (
                short_name(item["name"]),
                str(item["per_element"]),
                str(item["elements"]),
                f"{item['estimated_memory_bytes']} B",
            )
            for item in entries
        ),
    )

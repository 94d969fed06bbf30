"""What the target tells of its programs, see :class:`sal_hw.contracts.report.Reporter`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sal_hw.contracts.report import ProgramReport, ReportTable
from sal_hw.contracts.stored_weights import short_name
from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_spinnaker.program import DigitalNeurons, DigitalProgram, PairStdp, WordScale

Document = dict[str, Any]


class CoreReporter:
    """Tells how populations share cores, what a word of a weight is worth, and how much learning rounds away."""

    def describe(self, program: CompiledProgram, target: TargetDescription) -> ProgramReport:
        """Return cores, scales of words, plasticity, and how much slower than real time the machine runs."""
        part = program.part_of(DigitalProgram)
        cores = [_cores(item, len(item.offset_na)) for item in part.neurons]
        return ProgramReport(
            document={
                "cores": cores,
                "scales": [_scale(item) for item in part.scales],
                "plasticity": [_plasticity(item) for item in part.plasticity],
                "planned_rate_hz": target.limits["planned_rate"].high,
                "time_scale_factor": part.time_scale_factor,
            },
            tables=(_core_table(cores),),
            remarks=(
                f"a step of {program.timestep_ms:g} ms runs {part.time_scale_factor:g} times slower than real time",
            ),
            tabulated_passes=("place_on_cores",),
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


def _cores(item: DigitalNeurons, neurons: int) -> Document:
    return {
        "population": item.population,
        "neurons": neurons,
        "neurons_per_core": item.neurons_per_core,
        "cores": item.cores,
        "delay_slots": item.delay_slots,
        "memory_bytes": item.memory_bytes,
    }


def _scale(item: WordScale) -> Document:
    return {
        "population": item.population,
        "receptor": item.receptor,
        "shift": item.shift,
        "one_word_mv": item.lsb_mv,
        "largest_mv": item.largest_mv,
        "expected_mv": item.expected_mv,
    }


def _plasticity(item: PairStdp) -> Document:
    return {
        "rule": item.rule,
        "projection": item.projection,
        "step_words": item.step_lsb,
        "weight_max_mv": item.weight_max_mv,
        "drift_mv_per_s": item.drift_mv_per_s,
    }


def _core_table(entries: list[Document]) -> ReportTable:
    return ReportTable(
        title="cores",
        header=("population", "neurons", "per core", "cores", "delay slots", "memory of a core"),
        rows=tuple(
            (
                short_name(item["population"]),
                str(item["neurons"]),
                str(item["neurons_per_core"]),
                str(item["cores"]),
                str(item["delay_slots"]),
                f"{item['memory_bytes']} B",
            )
            for item in entries
        ),
    )
